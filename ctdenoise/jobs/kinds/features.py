"""What VGG16 sees in a slice, for the Features page."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config import progress_slice
from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, Kind, Running
from ctdenoise.scans.scan import Pair
from ctdenoise.units import WINDOWS, Window
from ctdenoise.workspace.library import library_of

SIGMAS = (0.0, 0.4, 0.7, 1.0, 1.4, 2.0)
"""Of the Gaussian filters along the smoothing curve, in pixels."""


class Smoothing(Arguments):
    """Slice ``index`` of a pair in the workspace ``owner``, as a layer sees it; ``imagenet``:
    whether VGG16 is shown what it was trained on."""

    owner: str
    pair: str
    index: int
    layer: str
    imagenet: bool


class Features(Smoothing):
    """The ``count`` maps that come first in the order ``by``; ``sigma`` (px) smooths the low
    dose."""

    sigma: float
    by: Literal["strongest", "most different"]
    count: int


@dataclass(frozen=True)
class View:
    """A slice as a VGG16 layer sees it; all maps (count, rows', columns'), in one order.

    ``image``: the smoothed low dose, (rows, columns), in the pair's unit, and ``where`` the squared
    feature difference to full dose at each of its pixels. ``numbers``: which maps they are.
    """

    image: NDArray[np.float32]
    where: NDArray[np.float32]
    low: NDArray[np.float32]
    full: NDArray[np.float32]
    numbers: list[int]
    maps: int
    loss: float
    window: Window
    orientation: tuple[float, ...]


def _features(running: Running[Features]) -> View:
    from scipy.ndimage import gaussian_filter

    from ctdenoise.losses.feature_maps import difference, feature_maps, order

    asked = running.arguments
    pair, low, full, window = _slice(asked)
    smooth = gaussian_filter(low, asked.sigma) if asked.sigma else low
    seen, wanted = feature_maps(np.stack([smooth, full]), asked.layer, window, asked.imagenet)
    first = order(wanted, seen, asked.by)[: asked.count]
    where = difference(seen, wanted)
    grid = np.ix_(*(np.arange(n) * m // n for n, m in zip(low.shape, where.shape, strict=True)))
    return View(
        smooth,
        where[grid],
        seen[first],
        wanted[first],
        first.tolist(),
        len(seen),
        float(where.mean()),
        window,
        pair.orientation,
    )


def _smoothing(running: Running[Smoothing]) -> tuple[list[float], list[float]]:
    """For each of ``SIGMAS``: the feature loss and the MSE of the smoothed low dose."""
    from scipy.ndimage import gaussian_filter

    from ctdenoise.losses.feature_maps import difference, feature_maps

    asked = running.arguments
    _, low, full, window = _slice(asked)
    (wanted,) = feature_maps(full[None], asked.layer, window, asked.imagenet)
    losses, errors = [], []
    for number, sigma in enumerate(SIGMAS):
        running.tell(number / len(SIGMAS), f"Smoothing with {sigma:g} px")
        smooth = gaussian_filter(low, sigma) if sigma else low
        (seen,) = feature_maps(smooth[None], asked.layer, window, asked.imagenet)
        losses.append(float(difference(seen, wanted).mean()))
        errors.append(float(np.square(smooth - full).mean()))
    return losses, errors


def _slice(
    asked: Smoothing,
) -> tuple[Pair, NDArray[np.float32], NDArray[np.float32], Window]:
    """A pair, low and full dose of the body in a slice of it, and the window to look through."""
    pair = library_of(asked.owner).pair(asked.pair)
    full = np.array(pair.full[asked.index], np.float32)
    rows, columns = progress_slice.body(full) if pair.unit == "HU" else progress_slice.whole(full)
    window = WINDOWS["soft tissue"] if pair.unit == "HU" else Window.automatic(full)
    low = np.array(pair.low[0, asked.index, rows, columns], np.float32)
    return pair, low, full[rows, columns], window


FEATURES = KINDS.register(
    Kind("features", "The feature maps", "interactive", Features, _features, 0)
)
SMOOTHING = KINDS.register(
    Kind("smoothing", "The smoothing curve", "interactive", Smoothing, _smoothing, ANSWER_SECONDS)
)
