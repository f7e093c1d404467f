"""Ours against the FDA's low-contrast phantom, simulated and reconstructed at three doses."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import _dose_figures as figures
import numpy as np
from _bounds import tell
from _dose_noise import ROOT, Images, apart, middle, noise, off, peak, spectrum

from ctdenoise.dose.calibration import calibrate
from ctdenoise.dose.insertion import Physics, insert_noise
from ctdenoise.metrics.metric import Region
from ctdenoise.metrics.noise_power import NoisePower

PHANTOM = ROOT.parent / "shared" / "data" / "phantom" / "didsr_lcd_fbp_CC0"
DIAMETER = 200.0
"""Diameter of the phantom, from which its pixel size follows: its files say 1 mm, which is none."""

SIDE = 128
"""Of the middle square that is measured, in pixels."""


def phantom() -> None:
    """The FDA's own images at 55 and 10 % beside ours, made from its images at 100 %."""
    if not PHANTOM.exists():
        print(f"The FDA's phantom was left out: {PHANTOM} is not there.")
        return
    kinds = ("signal_absent", "signal_present")

    def read(percent: int) -> list[Images]:
        folders = [PHANTOM / f"dose_{percent:03d}" / kind for kind in kinds]
        return [
            np.stack([_slice(file, "<i2") for file in sorted(folder.glob("*.raw"))])
            for folder in folders
        ]

    inside = (_slice(PHANTOM / "ground_truth.raw", "<u2") > -500).sum()
    pixel = DIAMETER / (2 * math.sqrt(inside / math.pi))
    full = read(100)
    base = _sd(full)
    fitted = _calibrated(full[0], pixel)
    tell("phantom: pixel size, photons, f50", f"{pixel:.2f} mm, {fitted.photons:.2g}, "
         f"{fitted.f50:.2f}/mm")  # fmt: skip
    tell("phantom: SD at full dose", f"{base:.1f} HU")
    clean = replace(fitted, electrons=0.0)
    panels = []
    for percent in (55, 10):
        real, dose = read(percent), percent / 100
        low = {
            name: [
                insert_noise(images, (pixel, pixel), dose, physics=physics, seed=n)[0]
                for n, images in enumerate(full)
            ]
            for name, physics in (("default", fitted), ("no", clean))
        }
        tell(f"phantom, {percent} % dose: SD, FDA's (law: {base / math.sqrt(dose):.1f})",
             f"{_sd(real):.1f} HU")  # fmt: skip
        for name, made in low.items():
            away = off(_sd(made), _sd(real))
            bound = 6 if name == "default" else 2
            tell(
                f"   ours, {name} electronic noise",
                f"{_sd(made):.1f} HU ({away:+.1f} %)",
                f"within {bound} %",
                abs(away) < bound,
            )
        theirs, ours = (_spectrum(images, pixel) for images in (real, low["no"]))
        away = off(peak(ours), peak(theirs))
        tell(
            "   NPS peak, FDA's / ours",
            f"{peak(theirs):.3f} / {peak(ours):.3f} lp/mm ({away:+.1f} %)",
            "within 10 %",
            abs(away) < 10,
        )
        far = apart(ours, theirs.radial)
        tell("   NPS, ours from the FDA's", f"{far:.1f} %", "at most 12 %", far < 12)
        panels.append((f"{percent} % dose", theirs.frequencies, theirs.radial, ours.radial))
    figures.phantom(panels)


def _slice(file: Path, dtype: str) -> Images:
    return np.fromfile(file, dtype).reshape(256, 256).astype(np.float32) - 1000


def _calibrated(images: Images, pixel: float) -> Physics:
    """The mean of what each image says by itself."""
    first = (images.shape[-1] - SIDE) // 2
    region = Region(first, first, SIDE, SIDE)
    found = [calibrate(image, (pixel, pixel), region)[0] for image in images]
    return Physics(
        photons=float(np.mean([each.photons for each in found])),
        f50=float(np.mean([each.f50 for each in found])),
    )


def _sd(kinds: Sequence[Images]) -> float:
    return float(np.sqrt(np.mean([middle(noise(each), SIDE) ** 2 for each in kinds])))


def _spectrum(kinds: Sequence[Images], pixel: float) -> NoisePower:
    return spectrum(np.stack(kinds), pixel, SIDE)
