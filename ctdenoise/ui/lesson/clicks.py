"""Places in a picture: stored pixels, and shares of it as it is displayed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctdenoise.units import upright

Place = tuple[float, float]


def displayed(pixel: Place, shape: tuple[int, int], orientation: Sequence[float] | None) -> Place:
    """Where a stored pixel (row, column) of a picture of this shape is displayed: (row, column) as
    shares of the whole, from the upper left corner of the radiological view."""
    share = np.array([(pixel[0] + 0.5) / shape[0], (pixel[1] + 0.5) / shape[1]])
    corner, right, down = _corners(orientation)
    row, column = ((share - corner) @ (each - corner) for each in (down, right))
    return round(float(row), 4), round(float(column), 4)


def stored(place: Place, shape: tuple[int, int], orientation: Sequence[float] | None) -> Place:
    """The stored pixel, not rounded, of a place that is displayed."""
    corner, right, down = _corners(orientation)
    share = corner + place[0] * (down - corner) + place[1] * (right - corner)
    return float(share[0] * shape[0] - 0.5), float(share[1] * shape[1] - 0.5)


def box(
    place: Place, within: float, shape: tuple[int, int], orientation: Sequence[float] | None
) -> tuple[float, float, float, float]:
    """First row and column, height and width of what lies ``within`` a share of a place."""
    row, column = (each + 0.5 for each in stored(place, shape, orientation))
    height, width = within * shape[0], within * shape[1]
    return row - height, column - width, 2 * height, 2 * width


def _corners(orientation: Sequence[float] | None) -> tuple[NDArray[np.float64], ...]:
    """The stored corners, 0 or 1 along rows and columns, that are displayed at the upper left, the
    upper right and the lower left."""
    numbered = np.array([[0, 1], [2, 3]])
    turned = numbered if orientation is None else upright(numbered, orientation)
    shown = (turned[0, 0], turned[0, 1], turned[1, 0])
    return tuple(np.array(divmod(int(each), 2), float) for each in shown)
