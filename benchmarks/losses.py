"""What MSE, MSE + VGG16 and VGG16 alone do to the picture, on test slices.

    .venv/bin/python benchmarks/losses.py [--picture FILE]

The article's loss terms (VGG16 block3_conv3 of clip((HU + 1024) / 1500, 0, 1); 0.01 x MSE beside
it) with the recommended recipe, same network, seed and steps. Slices of ../shared/data where they
are there, else of the sample. With --picture, the same part of the sample's abdomen is written as
one PNG: low dose, the three networks, full dose, in the soft tissue window.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from _bounds import tell, verdict
from _trained import Slices, rmse, test_slices, trained, uniform_sd
from PIL import Image
from recipes import pairs

from ctdenoise.config.loss import Loss
from ctdenoise.config.presets import PRESETS
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.scans.sample import sample_pairs
from ctdenoise.units import WINDOWS, upright

FEATURES = PRESETS["article-features"].loss
LOSSES = {
    "MSE": Loss(),
    "MSE + VGG16": FEATURES,
    "VGG16 alone": FEATURES.model_copy(update={"mse": 0.0}),
}
EPOCHS = 120
"""Two and a half times the preset's: less, and squared error has not yet taken all noise it can."""
CROP = slice(180, 350), slice(140, 310)
"""Of the picture: liver, stomach and aorta."""
TISSUE = (-50, 150)
"""HU of soft tissue at full dose, in which the shift of the CT number is taken."""


def shift(slices: Slices, full: Slices) -> float:
    tissue = (full > TISSUE[0]) & (full < TISSUE[1])
    return float((slices - full)[tissue].mean())


def montage(networks: dict[str, Denoiser], file: Path) -> None:
    """Low dose, every network and full dose side by side, on a slice of the sample's abdomen."""
    pair = sample_pairs()[0]
    low, full = np.array(pair.low[0, :1]), np.array(pair.full[:1])
    shown = [low, *(each.denoise(low) for each in networks.values()), full]
    window, (rows, columns) = WINDOWS["soft tissue"], CROP
    row = np.concatenate([upright(each[0], pair.orientation)[rows, columns] for each in shown], 1)
    grey = np.clip((row - window.lower) / window.width, 0, 1) * 255
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grey.astype(np.uint8)).save(file)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    data = pairs()
    results: dict[str, Slices] = {}
    networks: dict[str, Denoiser] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, loss in LOSSES.items():
            config = PRESETS["recommended"].model_copy(update={"loss": loss, "epochs": EPOCHS})
            run = trained(name, config, data, Path(folder))
            low, full = test_slices(run, data)
            networks[name] = Denoiser.load(run)
            results[name] = networks[name].denoise(low)
    shown = {"Low dose": low, **results, "Full dose": full}
    print(f"{'':14s} {'MSE (HU²)':>10s} {'SD (HU)':>8s} {'shift of the CT number (HU)':>28s}")
    for name, slices in shown.items():
        error = rmse(slices, full) ** 2
        print(
            f"{name:14s} {error:10.0f} {uniform_sd(slices, full):8.1f} {shift(slices, full):+28.1f}"
        )
    if options.picture:
        montage(networks, options.picture)
    plain, both, alone = results.values()
    target = uniform_sd(full, full)
    nearer = [abs(uniform_sd(each, full) - target) for each in (both, plain)]
    tell("MSE + VGG16: SD from full dose's, against MSE's", f"{nearer[0]:.1f} : {nearer[1]:.1f} HU",
         "nearer", nearer[0] < nearer[1])  # fmt: skip
    ratio = (rmse(both, full) / rmse(plain, full)) ** 2
    tell("MSE + VGG16: error over that of MSE", f"{ratio:.2f}", "above 1", ratio > 1)
    moved = abs(shift(alone, full)), abs(shift(plain, full))
    tell("VGG16 alone: CT number shifted, against MSE", f"{moved[0]:.1f} : {moved[1]:.1f} HU",
         "larger", moved[0] > moved[1])  # fmt: skip
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
