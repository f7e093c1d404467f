"""How close a dial comes to networks trained for one setting, and how far it can be turned.

    .venv/bin/python benchmarks/dial.py [--dose 0.5] [--epochs 50]

The dial's preset, and the same recipe for single settings, on slices of ../shared/data where they
are there, else on the sample. Everything is judged on the test slices, whole pictures.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from _bounds import tell, verdict
from _trained import Slices, rmse, test_slices, trained, uniform_sd
from recipes import pairs

from ctdenoise.config.config import Config
from ctdenoise.config.presets import PRESETS
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.dose.insertion import insert_noise
from ctdenoise.losses.balance import Terms
from ctdenoise.losses.term import Context
from ctdenoise.ui.dial import STOPS
from ctdenoise.units import WINDOWS

SETTINGS = (0.0, 0.5, 1.0)
DIAL = PRESETS["dial"]


def single(config: Config, setting: float) -> Config:
    """The same recipe without a dial, for the weight at which the dial would stand."""
    (term,) = config.loss.dial
    weight = setting * getattr(config.loss, term)
    return config.model_copy(update={"loss": config.loss.model_copy(
        update={term: weight, "dial": ()})})  # fmt: skip


def terms(output: Slices, full: Slices, side: int = 32) -> dict[str, float]:
    """The dial's terms in patches of the pictures that hold body."""
    rows, columns = (n // side * side for n in full.shape[1:])

    def patches(slices: Slices) -> torch.Tensor:
        cut = torch.from_numpy(slices[:, :rows, :columns].copy())
        return cut.unfold(1, side, side).unfold(2, side, side).reshape(-1, 1, side, side)

    wanted = patches(full)
    body = wanted.mean((1, 2, 3)) > -200
    context = Context(WINDOWS["soft tissue"], side, DIAL.seed, True, DIAL.loss)
    judge = Terms(["mse", *DIAL.loss.dial], context)
    found = judge(patches(output)[body], wanted[body])
    return {name: float(value) for name, value in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dose", type=float, default=0.5)
    parser.add_argument("--epochs", type=int, default=DIAL.epochs)
    options = parser.parse_args()
    config = DIAL.model_copy(update={"epochs": options.epochs})
    data = pairs()
    if options.dose != 0.25:
        assert data[0].spacing
        low = insert_noise(np.array(data[0].full), data[0].spacing, options.dose, seed=1, draws=2)
        data = [replace(data[0], low=low, dose_fraction=options.dose)]
    print(f"{data[0].name} at {options.dose:.0%} of its dose")
    with tempfile.TemporaryDirectory() as folder:
        run = trained("dial", config, data, Path(folder))
        low, full = test_slices(run, data)
        alone = {
            setting: Denoiser.load(
                trained(f"single {setting:g}", single(config, setting), data, Path(folder))
            ).denoise(low)
            for setting in SETTINGS
        }
        seeded = single(config, 1.0).model_copy(update={"seed": config.seed + 1})
        other_seed = Denoiser.load(
            trained("single 1, another seed", seeded, data, Path(folder))
        ).denoise(low)
        stops = [n / (2 * (STOPS[1] - 1)) for n in range(2 * STOPS[1] - 1)]
        turned = {at: Denoiser.load(run, setting=(at,)).denoise(low) for at in stops}
    print(f"low dose: RMSE {rmse(low, full):.1f} HU, SD {uniform_sd(low, full):.1f} HU; "
          f"full dose: SD {uniform_sd(full, full):.1f} HU")  # fmt: skip
    for setting, other in alone.items():
        own = turned[setting]
        mine, its = terms(own, full), terms(other, full)
        print(f"  at {setting:.0%}: RMSE to full dose {rmse(own, full):.2f} (single "
              f"{rmse(other, full):.2f}) HU, SD {uniform_sd(own, full):.2f} "
              f"({uniform_sd(other, full):.2f}) HU, terms "
              + ", ".join(f"{n} {mine[n]:.3g} ({its[n]:.3g}, {100 * (mine[n] / its[n] - 1):+.0f} %)"
                          for n in mine))  # fmt: skip
        far, end = rmse(own, other), setting in (0, 1)
        tell(f"dial at {setting:.0%} from a network for that alone", f"{far:.2f} HU",
             "at most 3 HU" if end else "", far <= 3 or not end)  # fmt: skip
    tell("for comparison: two networks for 100% of different seeds",
         f"{rmse(alone[1.0], other_seed):.2f} HU")  # fmt: skip
    factor = uniform_sd(turned[1.0], full) / uniform_sd(turned[0.0], full)
    tell("SD in uniform regions, grainy end over smooth end", f"{factor:.2f}", "at least 1.5",
         factor >= 1.5)  # fmt: skip
    gaps = [
        float(np.abs((turned[stops[n - 1]] + turned[stops[n + 1]]) / 2 - turned[stops[n]]).max())
        for n in range(1, len(stops) - 1, 2)
    ]
    tell("mixed picture from the network's own, any pixel", f"{max(gaps):.2f} HU", "at most 1 HU",
         max(gaps) <= 1)  # fmt: skip
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
