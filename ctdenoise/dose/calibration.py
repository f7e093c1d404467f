"""Which scanner a slice came from, told from its own noise in a uniform region."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, minimum_filter
from scipy.optimize import minimize_scalar

from ctdenoise.dose.insertion import TOO_LARGE, Physics, expected_counts, image_beam
from ctdenoise.dose.projector import ParallelBeam
from ctdenoise.errors import Problem, telling_memory_problems
from ctdenoise.metrics.metric import Region
from ctdenoise.metrics.noise import local_statistics
from ctdenoise.metrics.noise_power import noise_power_spectrum

PHOTONS = (1e3, 1e9)
KERNELS = (0.1, 2.0)
"""Where photons per ray and f50 (lp/mm) are looked for."""

TISSUE = (-150.0, 350.0)
"""Mean in HU of a region to calibrate on: from fat to vessels full of contrast agent."""


@dataclass(frozen=True)
class Calibration:
    """What was measured and what the physics found says about it, for a chart.

    ``sd``: HU, without a plane trend; ``frequencies`` (lp/mm), ``measured`` and ``fitted`` (HU²
    mm²): the radial noise power spectrum and the kernel's c f W(f)² through it.
    """

    region: Region
    sd: float
    frequencies: NDArray[np.float64]
    measured: NDArray[np.float64]
    fitted: NDArray[np.float64]


@telling_memory_problems(TOO_LARGE)
def calibrate(
    hu: NDArray[np.float32],
    spacing: tuple[float, float],
    region: Region | None = None,
    physics: Physics | None = None,
) -> tuple[Physics, Calibration]:
    """Photons and kernel that give a slice (rows, columns) the noise it has in ``region``.

    ``spacing`` in mm. Without a region :func:`uniform_region` finds one; ``physics`` gives what
    is not calibrated, electronic noise and attenuation of water. Raises :class:`Problem` for a
    region without noise or a noise that no plausible number of photons explains.
    """
    physics = physics or Physics()
    region = region or uniform_region(hu)
    power = noise_power_spectrum(region.of(hu), spacing)
    variance = power.variance
    if not variance > 1e-3:
        raise Problem("The region", "holds no noise", "choose a uniform region inside the body")
    f50, fitted = _kernel(power.frequencies, power.radial)
    physics = replace(physics, f50=f50)
    photons = _photons(hu, spacing, region, variance, physics)
    if not PHOTONS[0] <= photons <= PHOTONS[1]:
        raise Problem(
            "The region",
            f"has a noise of {math.sqrt(variance):.3g} HU, which would take {photons:.1e} photons "
            "per ray",
            "choose a uniform region inside the body or set the photons yourself",
        )
    calibration = Calibration(region, math.sqrt(variance), power.frequencies, power.radial, fitted)
    return replace(physics, photons=photons), calibration


def uniform_region(hu: NDArray[np.floating], side: int | None = None) -> Region:
    """The square of soft tissue in a slice (rows, columns) with the least structure in it.

    ``side`` in pixels, by default a sixteenth of the image's smaller side. Structure is the SD that
    remains when the noise is smoothed away. Raises :class:`Problem` where no square of soft
    tissue is found.
    """
    side = side or max(min(hu.shape) // 16, 16)
    smooth = gaussian_filter(hu.astype(np.float64), 2.0)
    mean, structure = local_statistics(smooth, side)
    origin = -(side // 2)
    lowest = minimum_filter(smooth, side, origin=origin)[: mean.shape[0], : mean.shape[1]]
    fits = (mean > TISSUE[0]) & (mean < TISSUE[1]) & (lowest > TISSUE[0] - 100)
    if fits.any():
        row, column = np.unravel_index(np.where(fits, structure, np.inf).argmin(), fits.shape)
        return Region(int(row), int(column), side, side)
    raise Problem(
        "The slice",
        f"has no square of {side} x {side} pixels of soft tissue",
        "choose another slice, or draw the region yourself",
    )


def noise_variance(
    hu: NDArray[np.float32], spacing: tuple[float, float], physics: Physics
) -> NDArray[np.float32]:
    """Variance in HU² that ``physics`` gives each pixel of a full-dose slice (rows, columns).

    To first order in the noise: every ray's variance (N + Ne) / N², spread with the square of the
    filter's kernel.
    """
    photon, electron = _variances(hu, spacing, physics)
    variance: NDArray[np.float32] = photon / physics.photons + electron * (
        physics.electrons / physics.photons**2
    )
    return variance


@torch.inference_mode()
def _variances(
    hu: NDArray[np.float32], spacing: tuple[float, float], physics: Physics
) -> NDArray[np.float32]:
    """Variance maps (2, rows, columns) for one photon per ray and for one electron beside it."""
    beam: ParallelBeam = image_beam(hu.shape, spacing, "cpu")
    single = replace(physics, photons=100.0)
    transmission = (expected_counts(hu[None], spacing, single, beam) / 100).clamp(min=1e-15)
    kernel = torch.fft.irfft(beam.ramp * physics.kernel(beam.frequencies), n=beam.rays)
    spread = torch.fft.rfft(kernel**2).real.float()
    rays = torch.cat([1 / transmission, 1 / transmission**2])
    scale = (1000 / physics.mu_water) ** 2 * math.pi / beam.views
    return (beam.backproject(rays, spread) * scale).numpy()


def _photons(
    hu: NDArray[np.float32],
    spacing: tuple[float, float],
    region: Region,
    variance: float,
    physics: Physics,
) -> float:
    """The root of variance = A / N0 + B Ne / N0²."""
    photon, electron = (float(region.of(m).mean()) for m in _variances(hu, spacing, physics))
    root = math.sqrt(photon**2 + 4 * variance * electron * physics.electrons)
    return (photon + root) / (2 * variance)


def _kernel(
    frequencies: NDArray[np.float64], radial: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """f50 of the least-squares fit of c f W(f)² to a radial spectrum, rings weighted by length."""

    def shape(f50: float) -> NDArray[np.float64]:
        return frequencies * np.exp(-2 * math.log(2) * (frequencies / f50) ** 2)

    def fit(f50: float) -> NDArray[np.float64]:
        model = shape(f50)
        best = float((frequencies * model * radial).sum() / (frequencies * model**2).sum())
        return best * model

    def error(f50: float) -> float:
        return float((frequencies * (fit(f50) - radial) ** 2).sum())

    grid = np.geomspace(*KERNELS, 60)
    start = int(np.argmin([error(each) for each in grid]))
    bounds = (grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)])
    f50 = float(minimize_scalar(error, bounds=bounds, method="bounded").x)
    return f50, fit(f50)
