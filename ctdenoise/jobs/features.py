"""What the Features page asks a worker for; see :mod:`ctdenoise.jobs.functions`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config import progress as picture
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.units import WINDOWS, Window
from ctdenoise.workspace.library import Library

SIGMAS = (0.0, 0.4, 0.7, 1.0, 1.4, 2.0)
"""Of the Gaussian filters along the smoothing curve, in pixels."""


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


def view(
    workspace: str, pair_id: str, index: int, layer: str, imagenet: bool, sigma: float,
    by: str, count: int,
) -> View:  # fmt: skip
    """The ``count`` maps that come first in the order ``by``; ``sigma`` smooths the low dose."""
    from scipy.ndimage import gaussian_filter

    from ctdenoise.losses.feature_maps import difference, feature_maps, order

    pair, low, full, window = _slice(workspace, pair_id, index)
    smooth = gaussian_filter(low, sigma) if sigma else low
    seen, wanted = feature_maps(np.stack([smooth, full]), layer, window, imagenet)
    first = order(wanted, seen, by)[:count]  # type: ignore[arg-type]
    where = difference(seen, wanted)
    grid = np.ix_(*(np.arange(n) * m // n for n, m in zip(low.shape, where.shape, strict=True)))
    return View(smooth, where[grid], seen[first], wanted[first], first.tolist(), len(seen),
                float(where.mean()), window, pair.orientation)  # fmt: skip


def smoothing(
    workspace: str, pair_id: str, index: int, layer: str, imagenet: bool
) -> tuple[list[float], list[float]]:
    """For each of ``SIGMAS``: the feature loss and the MSE of the smoothed low dose."""
    from scipy.ndimage import gaussian_filter

    from ctdenoise.losses.feature_maps import difference, feature_maps

    _, low, full, window = _slice(workspace, pair_id, index)
    (wanted,) = feature_maps(full[None], layer, window, imagenet)
    losses, errors = [], []
    for sigma in SIGMAS:
        smooth = gaussian_filter(low, sigma) if sigma else low
        (seen,) = feature_maps(smooth[None], layer, window, imagenet)
        losses.append(float(difference(seen, wanted).mean()))
        errors.append(float(np.square(smooth - full).mean()))
    return losses, errors


def _slice(
    workspace: str, pair_id: str, index: int
) -> tuple[Pair, NDArray[np.float32], NDArray[np.float32], Window]:
    """A pair, low and full dose of the body in a slice of it, and the window to look through."""
    pair = Library(settings().workspaces / workspace).pair(pair_id)
    full = np.array(pair.full[index], np.float32)
    rows, columns = picture.body(full) if pair.unit == "HU" else picture.whole(full)
    window = WINDOWS["soft tissue"] if pair.unit == "HU" else Window.automatic(full)
    low = np.array(pair.low[0, index, rows, columns], np.float32)
    return pair, low, full[rows, columns], window
