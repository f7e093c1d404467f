"""What the lesson's figures draw of a slice: how its low dose is made, and how VGG16 judges it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config import progress_slice
from ctdenoise.errors import Problem
from ctdenoise.jobs.kind import KINDS, Arguments, Kind, Running
from ctdenoise.jobs.kinds.denoise import DenoiseSlice, denoised_slice
from ctdenoise.jobs.kinds.simulate import Physics
from ctdenoise.scans.sample import SEED, SERIES
from ctdenoise.units import WINDOWS, Pixels, Window, to_int16, to_pixels
from ctdenoise.workspace.denoisers import RunNetwork, ShippedNetwork
from ctdenoise.workspace.library import library_of

VIEW_STEP, RAY_STEP = 4, 2
"""Every so many views and rays, one is drawn; none is averaged, which would take noise away."""
SIDE = 256
"""Longest side in pixels of a slice that is drawn; of larger ones, rows and columns are skipped."""
LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3")
"""The last layers of VGG16's first three blocks."""
TILE = 128
"""Longest side in pixels of a feature map that is drawn, four of which make a picture."""


class LowDoseFigure(Arguments):
    """The low dose of slice ``index`` of a pair in the workspace ``owner``, at a fraction of the
    dose."""

    owner: str
    pair: str
    index: int
    dose: float


@dataclass(frozen=True)
class LowDoseSteps:
    """See :class:`ctdenoise.dose.insertion.Insertion`: ``sinogram`` and ``ray_noise`` of some views
    and of the rays that meet the slice's inner circle; ``full`` and ``noise`` of some pixels, in
    HU."""

    full: NDArray[np.int16]
    sinogram: NDArray[np.float32]
    ray_noise: NDArray[np.float32]
    noise: NDArray[np.int16]


class FeatureFigure(Arguments):
    """The feature loss of slice ``index`` of a pair in the workspace ``owner``: of its low dose, or
    of what a ``method`` makes of it, against the full dose."""

    owner: str
    pair: str
    index: int
    method: ShippedNetwork | RunNetwork | None


@dataclass(frozen=True)
class FeatureSteps:
    """The body in ``output`` and ``target``, (rows, columns), and their squared differences,
    ``squares``; and the same of what each of :data:`LAYERS` sees.

    ``seen`` and ``wanted``: the four maps that differ most, two by two, of output and target.
    ``differences``: the squared differences of all maps, averaged at each place. Their mean is the
    layer's feature loss, as the mean of ``squares`` is the MSE.
    """

    output: Pixels
    target: Pixels
    squares: NDArray[np.float32]
    seen: tuple[NDArray[np.float32], ...]
    wanted: tuple[NDArray[np.float32], ...]
    differences: tuple[NDArray[np.float32], ...]


def scanner(pair: str) -> tuple[Physics, int]:
    """The scanner that a pair's noise comes from and the seed of its chance: of the sample its own,
    so that its very low dose is drawn; of other pairs a usual one."""
    for number, series in enumerate(SERIES):
        if series.pair == pair:
            return Physics(photons=series.photons, f50=series.f50), SEED + number
    return Physics(), 0


def require_projections(name: str, unit: str, spacing: tuple[float, float] | None) -> None:
    """:class:`Problem` where the physics of CT does not apply to a pair."""
    if unit != "HU" or spacing is None:
        lacking = "Hounsfield units" if unit != "HU" else "pixel spacing"
        raise Problem(
            name, f"has no {lacking}, so its rays cannot be followed", "choose a CT scan for this"
        )


def _low_dose(running: Running[LowDoseFigure]) -> LowDoseSteps:
    from ctdenoise.dose import insertion

    asked = running.arguments
    pair = library_of(asked.owner).pair(asked.pair)
    require_projections(pair.name, pair.unit, pair.spacing)
    assert pair.spacing is not None
    full = np.array(pair.full[asked.index], np.float32)
    physics, seed = scanner(asked.pair)
    steps = insertion.insertion(
        full,
        pair.spacing,
        asked.dose,
        physics=insertion.Physics(**physics.model_dump()),
        seed=seed,
        index=asked.index,
    )
    rays = steps.sinogram.shape[1]
    across = max(n * d for n, d in zip(full.shape, pair.spacing, strict=True))
    aside = max((rays - math.ceil(across / steps.ray_spacing)) // 2, 0)
    drawn = slice(None, None, VIEW_STEP), slice(aside, rays - aside, RAY_STEP)
    some = thinned(SIDE, full.shape)
    return LowDoseSteps(
        to_int16(full[some]),
        steps.sinogram[drawn],
        steps.ray_noise[drawn],
        to_int16(steps.noise[some]),
    )


def _feature_loss(running: Running[FeatureFigure]) -> FeatureSteps:
    from ctdenoise.losses.feature_maps import difference, feature_maps_of, order

    asked = running.arguments
    pair = library_of(asked.owner).pair(asked.pair)
    target = np.array(pair.full[asked.index], np.float32)
    output = np.array(pair.low[0, asked.index], np.float32)
    if asked.method:
        slice_ = DenoiseSlice(
            method=asked.method, owner=asked.owner, pair=asked.pair, index=asked.index
        )
        output = denoised_slice(slice_).astype(np.float32)
    is_hu = pair.unit == "HU"
    body = progress_slice.body(target) if is_hu else progress_slice.whole(target)
    window = WINDOWS["soft tissue"] if is_hu else Window.automatic(target)
    output, target = output[body], target[body]
    seen, wanted, differences = [], [], []
    for ours, theirs in feature_maps_of(np.stack([output, target]), LAYERS, window, True):
        chosen = order(theirs, ours, "most different")[:4]
        most = np.maximum(ours[chosen].max((1, 2)), theirs[chosen].max((1, 2)))
        seen.append(_mosaic(ours[chosen], most))
        wanted.append(_mosaic(theirs[chosen], most))
        differences.append(difference(ours, theirs))
    return FeatureSteps(
        to_pixels(output, pair.unit),
        to_pixels(target, pair.unit),
        np.square(output - target),
        tuple(seen),
        tuple(wanted),
        tuple(differences),
    )


def thinned(side: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns that are left of a picture so that none of its sides is longer."""
    step = -(-max(shape) // side)
    return slice(None, None, step), slice(None, None, step)


def _mosaic(maps: NDArray[np.float32], most: NDArray[np.float32]) -> NDArray[np.float32]:
    """Four maps, two by two, each from 0 to 1 where it is ``most``; the square root brings out what
    is weak."""
    tiles = maps[(slice(None), *thinned(TILE, maps.shape[1:]))]
    tiles = np.sqrt(tiles / np.maximum(most, 1e-9)[:, None, None])
    return np.concatenate([np.concatenate([*tiles[i : i + 2]], 1) for i in (0, 2)])


LOW_DOSE_FIGURE = KINDS.register(
    Kind("low-dose-figure", "The figure of the dose", "interactive", LowDoseFigure, _low_dose, 0)
)
FEATURE_FIGURE = KINDS.register(
    Kind("feature-figure", "The figure of the loss", "interactive", FeatureFigure, _feature_loss, 0)
)
