"""Noise among repeated scans: how it is taken out, its spectra, and what theory says of them."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

import independent  # noqa: E402

from ctdenoise.dose.insertion import Physics, insert_noise  # noqa: E402
from ctdenoise.metrics.noise_power import NoisePower, noise_power_spectrum  # noqa: E402

SIZE, PIXEL = 256, 0.9
ROI = 64
"""Side in pixels of the middle where spectra are taken."""

Images = NDArray[np.floating]
"""Repeated scans of one slice in HU, (..., scans, rows, columns)."""

Curve = NDArray[np.floating]


@dataclass(frozen=True)
class Body:
    """Ellipses, and the scanner that looks at them."""

    name: str
    parts: Sequence[independent.Ellipse]
    physics: Physics

    def scans(self, count: int, dose: float = 1.0, *, seed: int = 0, shown: int = SIZE) -> Images:
        """Simulated independently, at the dose itself."""
        return np.stack([
            independent.scan(
                self.parts, SIZE, PIXEL, photons=dose * self.physics.photons, shown=shown,
                electrons=self.physics.electrons, f50=self.physics.f50, seed=seed + each,
            )
            for each in range(count)
        ])  # fmt: skip

    def inserted(self, full: Images, dose: float, draws: int = 1) -> Images:
        """Ours: (draws, scans, rows, columns) at a lower dose from scans at full dose."""
        return insert_noise(full, (PIXEL, PIXEL), dose, physics=self.physics, draws=draws, seed=5)

    def strength(self, dose: float) -> Curve:
        """C in NPS = C f W(f)² by the direction of each view, HU² mm³.

        Rays a distance D apart whose noise is white and has the variance s² = 1/N + Ne/N², filtered
        with f W(f) and back-projected from M views, give C = (1000/mu)² (pi/M) D s². Here s² is the
        mean over the rays through the ROI: theory to first order, good for many photons.
        """
        rays = math.ceil(SIZE * 2**0.5) + 2
        path = independent.paths(self.parts, rays, PIXEL)
        counts = dose * self.physics.photons * np.exp(-independent.MU * path)
        variance = 1 / counts + self.physics.electrons / counts**2
        place = np.arange(ROI) - (ROI - 1) / 2
        through = []
        for view, angle in enumerate(np.arange(independent.VIEWS) * np.pi / independent.VIEWS):
            ray = place * np.cos(angle) + place[:, None] * np.sin(angle) + (rays - 1) / 2
            through.append(np.interp(ray, np.arange(rays), variance[view]).mean())
        scale = (1000 / independent.MU) ** 2 * np.pi / independent.VIEWS * PIXEL
        return scale * np.array(through)


def transfer(frequencies: Curve, f50: float) -> Curve:
    """f W(f)²; its maximum lies at f50 / sqrt(4 ln 2)."""
    return frequencies * np.exp(-2 * math.log(2) * (frequencies / f50) ** 2)


def middle(images: Images, side: int) -> Images:
    first = (images.shape[-1] - side) // 2
    return images[..., first : first + side, first : first + side]


def noise(images: Images) -> Images:
    """Deviations from the mean of all scans: no anatomy, the whole variance; (n, rows, columns)."""
    count = images.shape[-3]
    deviations = (images - images.mean(axis=-3, keepdims=True)) * math.sqrt(count / (count - 1))
    return deviations.reshape(-1, *images.shape[-2:])


def disc(side: int, radius: float) -> NDArray[np.bool_]:
    """What of ``side`` x ``side`` pixels lies within ``radius`` mm of the centre."""
    place = (np.arange(side) - (side - 1) / 2) * PIXEL
    return np.hypot(place[:, None], place) < radius


def sd(images: Images, where: NDArray[np.bool_]) -> float:
    return float(np.sqrt(np.mean(noise(images)[:, where] ** 2)))


def spectrum(images: Images, spacing: float = PIXEL, side: int = ROI) -> NoisePower:
    return noise_power_spectrum(middle(noise(images), side), (spacing, spacing))


def peak(power: NoisePower) -> float:
    """Frequency in lp/mm where a cubic through the upper part of the radial spectrum is highest."""
    about = power.frequencies[power.radial.argmax()]
    near = (power.frequencies > 0.5 * about) & (power.frequencies < 1.6 * about)
    cubic = np.polynomial.Polynomial.fit(power.frequencies[near], power.radial[near], 3)
    fine = np.linspace(0.6 * about, 1.5 * about, 1000)
    return float(fine[cubic(fine).argmax()])


def directional(power: NoisePower, f50: float) -> Curve:
    """Mean of NPS / (f W²) from 0.08 to 0.4 lp/mm in 18 directions of the frequency, 0 to 180°."""
    down, across = np.meshgrid(power.row_frequencies, power.column_frequencies, indexing="ij")
    radius = np.hypot(down, across)
    band = (radius > 0.08) & (radius < 0.4)
    which = (np.degrees(np.arctan2(down, across)[band]) % 180 // 10).astype(int)
    strength = power.spectrum[band] / transfer(radius[band], f50)
    return np.bincount(which, strength) / np.bincount(which)


def off(value: float, wanted: float) -> float:
    """In percent."""
    return 100 * (value / wanted - 1)


def apart(one: NoisePower, other: Curve) -> float:
    """Mean distance of a radial spectrum from another, in percent of the other's mean."""
    return float(100 * np.abs(one.radial - other).mean() / other.mean())
