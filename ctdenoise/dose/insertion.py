"""A low-dose twin of a full-dose slice: the noise that less dose would add, put into the image.

The slice is projected once, only to learn how many photons reach the detector along each ray.
The difference noise is drawn among these counts, reconstructed alone and added, so that
resolution, couch and everything else of the slice stays as it was.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ctdenoise.dose.field import extended, field, truncated
from ctdenoise.dose.projector import ParallelBeam, fast_length, parallel_beam
from ctdenoise.errors import Problem, Progress, telling_memory_problems
from ctdenoise.units import HuImage

TOO_LARGE = Problem(
    "The slices",
    "are so large that their rays need more memory than there is",
    "close other programs, or cut the slices to the body or to fewer pixels",
)
VIEWS = 720
COPY = 256
"""Largest side in pixels of the copy that is projected: the noise level varies slowly."""

TOGETHER = 4
"""Slices that a processor works on at once; more would take memory and save no time."""

SMOOTH = 0.08
"""Frequency in lp/mm at which projections are smoothed to a half: the slice's own noise would
otherwise make rays look darker than they are, for 1 / exp(-p) grows with the scatter of p."""


__all__ = ["Insertion", "Physics", "check_dose", "insert_noise", "insertion", "truncated"]


@dataclass(frozen=True)
class Physics:
    """The scanner that the noise comes from.

    ``photons``: per ray at full dose without a patient (N0), rays being one pixel apart in each of
    720 views. ``electrons``: variance of the electronic noise in photons² (Ne). ``f50``: frequency
    at which the reconstruction kernel has fallen to a half, lp/mm. ``mu_water``: attenuation of
    water, 1/mm.
    """

    photons: float = 3e5
    electrons: float = 10.0
    f50: float = 0.4
    mu_water: float = 0.0193

    def __post_init__(self) -> None:
        for name, value, lowest, highest in (
            ("photons", self.photons, 1e2, 1e12),
            ("electrons", self.electrons, 0.0, 1e6),
            ("f50", self.f50, 0.05, 5.0),
            ("mu_water", self.mu_water, 0.005, 0.1),
        ):
            if not lowest <= value <= highest:  # catches NaN as well
                raise Problem(
                    f"The setting {name}",
                    f"is {value}",
                    f"choose a number from {lowest:g} to {highest:g}",
                )

    def kernel(self, frequencies: Tensor) -> Tensor:
        """W(f) = exp(-ln 2 (f / f50)²), frequencies in lp/mm."""
        return torch.exp(-math.log(2) * (frequencies / self.f50) ** 2)


@telling_memory_problems(TOO_LARGE)
@torch.inference_mode()
def insert_noise(
    hu: HuImage,
    spacing: tuple[float, float],
    dose_fraction: float,
    *,
    physics: Physics | None = None,
    seed: int = 0,
    draws: int = 1,
    first: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Make ``draws`` low-dose twins of each slice at ``dose_fraction`` of the dose it has.

    ``hu``: (slices, rows, columns); ``spacing``: distance of rows and of columns, mm. Returns
    (draws, slices, rows, columns) in HU. With a counts N and N in the low-dose and the given
    scan, y = aN + x sqrt(a(1-a)N + (1-a²)Ne) has the variance that thinning the photons and the
    unthinned electronic noise add (after Yu et al., JCAT 2012;36:477, before its logarithm is
    linearised, so that starved rays come out right).

    Slice i of draw d depends on ``seed``, i and d alone; ``first`` is the number of ``hu[0]``
    where only a part of a scan is given. The same seed draws the same grain at every dose, only
    stronger at a lower one. Padding around a round field stays as it is, and at full dose all is.

    Raises :class:`Problem` for settings out of range and values that are not numbers.
    """
    _check(hu, spacing, dose_fraction, draws)
    if dose_fraction == 1:
        return np.repeat(hu[None], draws, axis=0).astype(np.float32, copy=False)
    physics = physics or Physics()
    device = "cpu" if device == "mps" else device  # MPS cannot sum over neighbours; a CPU is quick
    beam = image_beam(hu.shape[1:], spacing, device)
    low = np.empty((draws, *hu.shape), np.float32)
    batch = TOGETHER if device == "cpu" else 32
    for start in range(0, len(hu), batch):
        group = range(start, min(start + batch, len(hu)))
        full = expected_counts(hu[group.start : group.stop], spacing, physics, beam)
        measured = np.stack([field(hu[index]) for index in group])
        thinned = _Thinned(full, dose_fraction, physics)
        for draw in range(draws):
            deviates = [_normal(full.shape[1:], seed, first + index, draw) for index in group]
            noise = thinned.difference_noise(torch.stack(deviates).to(device))
            added = beam.fbp(noise, physics.kernel).cpu().numpy() * (1000 / physics.mu_water)
            low[draw, group.start : group.stop] = hu[group.start : group.stop] + added * measured
            if progress:
                done = group.start + len(group) * (draw + 1) / draws
                progress(done / len(hu), f"Low dose: slice {math.ceil(done)} of {len(hu)}")
    return low


@dataclass(frozen=True)
class Insertion:
    """How the noise of a lower dose comes into a slice, step by step.

    ``sinogram``: line integrals p of the attenuation, (views, rays); of N0 exp(-p) photons, the
    lower dose brings a fraction. ``ray_noise``: what the photons' chance adds to p, (views,
    rays). ``noise``: that, reconstructed, in HU (rows, columns), which is added to the slice.
    ``ray_spacing``: distance of rays in mm.
    """

    sinogram: NDArray[np.float32]
    ray_noise: NDArray[np.float32]
    noise: NDArray[np.float32]
    ray_spacing: float


@telling_memory_problems(TOO_LARGE)
@torch.inference_mode()
def insertion(
    hu: NDArray[np.float32],
    spacing: tuple[float, float],
    dose_fraction: float,
    *,
    physics: Physics,
    seed: int,
    index: int,
) -> Insertion:
    """The steps in which :func:`insert_noise` makes the first low-dose twin of a slice (rows,
    columns), which has the number ``index`` in its scan."""
    _check(hu[None], spacing, dose_fraction, 1)
    beam = image_beam(hu.shape, spacing, "cpu")
    full = expected_counts(hu[None], spacing, physics, beam)
    deviates = _normal(full.shape[1:], seed, index, 0)[None]
    ray_noise = _Thinned(full, dose_fraction, physics).difference_noise(deviates)
    added = beam.fbp(ray_noise, physics.kernel)[0].numpy() * (1000 / physics.mu_water)
    return Insertion(
        (-torch.log(full[0] / physics.photons)).numpy(),
        ray_noise[0].numpy(),
        (added * field(hu)).astype(np.float32),
        beam.ray_spacing,
    )


def image_beam(shape: tuple[int, ...], spacing: tuple[float, float], device: str) -> ParallelBeam:
    """The beam that noise is reconstructed with: rays one pixel apart, all over the image."""
    rows, columns = shape
    ray_spacing = math.sqrt(spacing[0] * spacing[1])
    diagonal = math.hypot(rows * spacing[0], columns * spacing[1])
    rays = fast_length(diagonal / ray_spacing + 2)
    return parallel_beam((rows, columns), spacing, VIEWS, rays, ray_spacing, math.inf, device)


def expected_counts(
    hu: HuImage, spacing: tuple[float, float], physics: Physics, beam: ParallelBeam
) -> Tensor:
    """Photons N = N0 exp(-p) that reach the detector at full dose: (slices, views, rays).

    p is the line integral of mu_w (1 + HU / 1000) through a small copy of each slice, in which a
    body that the field cuts off goes on beyond it.
    """
    counts = [_line_integrals(slice_, spacing, beam) for slice_ in hu]
    return physics.photons * torch.exp(-physics.mu_water * torch.stack(counts))


def _line_integrals(
    hu: NDArray[np.float32], spacing: tuple[float, float], beam: ParallelBeam
) -> Tensor:
    """Path through water-equivalent, mm: (views, rays)."""
    rows, columns = hu.shape
    small = (min(rows, COPY), min(columns, COPY))
    coarse = (spacing[0] * rows / small[0], spacing[1] * columns / small[1])
    copy = adaptive_avg_pool2d(torch.from_numpy(np.ascontiguousarray(hu, np.float32))[None], small)
    rays = beam.rays
    if truncated(hu):
        copy = torch.from_numpy(extended(copy[0].numpy(), coarse))[None]
        diagonal = math.hypot(copy.shape[1] * coarse[0], copy.shape[2] * coarse[1])
        rays = max(rays, fast_length(diagonal / beam.ray_spacing + 2))
    density = (1 + copy / 1000).clamp(min=0).to(beam.device)
    projector = parallel_beam(
        (density.shape[1], density.shape[2]),
        coarse,
        beam.views,
        rays,
        beam.ray_spacing,
        0.5 / max(coarse),
        beam.device,
    )
    skipped = (rays - beam.rays) // 2
    path = projector.project(density, _smooth)[0, :, skipped : skipped + beam.rays]
    return path.clamp(min=0)


def _smooth(frequencies: Tensor) -> Tensor:
    return torch.exp2(-((frequencies / SMOOTH) ** 2)).float()


class _Thinned:
    """The counts y that are left of ``full`` (n, views, rays) at the dose a: what all draws share.

    Few photons scatter skewly, with longer steps upwards; a Gaussian y overstates the dark rays
    that make streaks and the SD at 5 % dose by 4 %. So x takes the skewness that makes the third
    cumulant of full-dose and added photons that of aN Poisson photons (Cornish and Fisher, 1938).
    """

    def __init__(self, full: Tensor, dose: float, physics: Physics) -> None:
        self._mean = dose * full
        variance = (1 - dose) * self._mean + (1 - dose**2) * physics.electrons
        skewness = (1 - dose**2) * self._mean / variance.clamp(min=1e-6) ** 1.5
        self._bend = skewness / 6
        self._scale = torch.sqrt(1 + skewness**2 / 18)
        self._sd = variance.sqrt()

    def difference_noise(self, normal: Tensor) -> Tensor:
        """ln(aN / y) of normal deviates: what the thinning does to the line integrals."""
        deviates = (self._bend * (normal**2 - 1)).add_(normal).div_(self._scale)
        counts = deviates.mul_(self._sd).add_(self._mean).clamp_(min=1)
        return torch.div(self._mean, counts, out=counts).log_()


def _normal(shape: torch.Size, seed: int, index: int, draw: int) -> Tensor:
    """Normal deviates of one slice and draw, made on the CPU so that all devices agree."""
    state = np.random.SeedSequence([seed, index, draw]).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(state >> np.uint64(1)))
    return torch.randn(shape, generator=generator)


def check_dose(dose: float) -> None:
    """Raises :class:`Problem` for a dose fraction that is not from 0.01 to 1."""
    if not 0.01 <= dose <= 1:  # catches NaN as well
        raise Problem("The dose fraction", f"is {dose}", "choose a number from 0.01 to 1")


def _check(hu: HuImage, spacing: tuple[float, float], dose: float, draws: int) -> None:
    check_dose(dose)
    if draws < 1:
        raise Problem("The number of noise draws", f"is {draws}", "choose at least 1")
    if hu.ndim != 3 or min(hu.shape) < 1 or min(hu.shape[1:]) < 8:
        raise Problem(
            "The scan",
            f"has the shape {hu.shape}",
            "give slices of at least 8 x 8 pixels as (slices, rows, columns)",
        )
    if not all(math.isfinite(each) and each > 0 for each in spacing):
        raise Problem("The pixel spacing", f"is {spacing}", "say it in mm, above zero")
    if not np.isfinite(hu).all():
        raise Problem(
            "The scan",
            "holds values that are not numbers (NaN or infinite)",
            "read the files again or leave out these slices",
        )
