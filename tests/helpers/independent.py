"""A low-dose scan simulated from its counts, sharing no line with ctdenoise.dose.

Line integrals of ellipses by their formula, Poisson photons and normal electronic noise, a
logarithm, and a filtered back-projection that interpolates linearly in projections that were
upsampled eightfold, so that the interpolation takes nothing away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]
VIEWS = 720
MU = 0.0193


@dataclass(frozen=True)
class Ellipse:
    """Half axes and centre in mm across (x) and down (y); ``density`` times that of water."""

    half_x: float
    half_y: float
    density: float = 1.0
    x: float = 0.0
    y: float = 0.0


def image(body: Sequence[Ellipse], size: int, pixel: float) -> NDArray[np.float32]:
    """The body in HU on size x size pixels of ``pixel`` mm, edges hard."""
    place = (np.arange(size) - (size - 1) / 2) * pixel
    density = np.zeros((size, size))
    for part in body:
        x, y = (place - part.x) / part.half_x, (place[:, None] - part.y) / part.half_y
        density += part.density * (x**2 + y**2 < 1)
    return (1000 * (density - 1)).astype(np.float32)


def paths(body: Sequence[Ellipse], rays: int, spacing: float) -> Image:
    """Water-equivalent length along each ray, mm: (VIEWS, rays)."""
    angle = np.arange(VIEWS)[:, None] * np.pi / VIEWS
    distance = (np.arange(rays) - (rays - 1) / 2) * spacing
    total = np.zeros((VIEWS, rays))
    for part in body:
        width = (part.half_x * np.cos(angle)) ** 2 + (part.half_y * np.sin(angle)) ** 2
        off = distance - part.x * np.cos(angle) - part.y * np.sin(angle)
        root = np.sqrt(np.maximum(width - off**2, 0))
        total += part.density * 2 * part.half_x * part.half_y * root / width
    return total


def counted(path: Image, photons: float, electrons: float, rng: np.random.Generator) -> Image:
    """Line integrals (dimensionless) as a noisy scan measures them."""
    counts = rng.poisson(photons * np.exp(-MU * path)).astype(float)
    counts += rng.normal(0, np.sqrt(electrons), path.shape)
    return np.log(photons / np.maximum(counts, 1))


def reconstruct(
    projections: Image, spacing: float, f50: float, rows: Image, columns: Image
) -> Image:
    """HU at the places ``rows`` x ``columns`` (mm from the centre)."""
    rays = projections.shape[1]
    length, fine = 4096, 8
    frequency = np.fft.rfftfreq(length, spacing)
    transfer = frequency * np.exp(-np.log(2) * (frequency / f50) ** 2)
    spectrum = np.fft.rfft(projections, length) * transfer
    filtered = np.fft.irfft(spectrum, length * fine) * fine
    first = -(rays - 1) / 2 * spacing
    result = np.zeros((rows.size, columns.size))
    for view, angle in enumerate(np.arange(VIEWS) * np.pi / VIEWS):
        place = (columns * np.cos(angle) + rows[:, None] * np.sin(angle) - first) * fine / spacing
        whole = np.floor(place).astype(np.int32)
        part = place - whole
        line = filtered[view]
        result += line[whole] * (1 - part) + line[whole + 1] * part
    return 1000 * (result * np.pi / VIEWS / MU - 1)


def scan(
    body: Sequence[Ellipse],
    size: int,
    pixel: float,
    *,
    photons: float,
    electrons: float,
    f50: float,
    seed: int,
    shown: int | None = None,
) -> NDArray[np.float32]:
    """A noisy slice of size x size pixels in HU, or its ``shown`` x ``shown`` pixels in the middle.

    Rays are one pixel apart, so that ``photons`` means what it means in ctdenoise.dose.
    """
    rays = int(np.ceil(size * 2**0.5)) + 2
    measured = counted(paths(body, rays, pixel), photons, electrons, np.random.default_rng(seed))
    shown = shown or size
    place = (np.arange(shown) - (shown - 1) / 2) * pixel
    return reconstruct(measured, pixel, f50, place, place).astype(np.float32)
