"""Values along a straight line through an image."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

STEP = 0.5
"""Distance between samples in pixels; the viewer draws its live curve with the same one."""
MOST_SAMPLES = 20_000
"""Of a longer line they lie further apart: its ends come from a browser."""


def line_profile(
    image: NDArray[np.floating],
    start: tuple[float, float],
    end: tuple[float, float],
    spacing: tuple[float, float] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sample ``image`` (rows, columns) bilinearly from ``start`` to ``end``, both included.

    Points are (row, column) with pixel centres at whole numbers; a line that leaves the image
    keeps the nearest pixel's value. There are ``ceil(length / 0.5) + 1`` equidistant samples,
    the length being counted in pixels, and at most ``MOST_SAMPLES``.

    Returns the distance from ``start`` (in mm with ``spacing``, in pixels without) and the values.

    >>> distance, values = line_profile(np.array([[0.0, 10.0]]), (0, 0), (0, 1), (0.8, 0.6))
    >>> distance.tolist(), values.tolist()
    ([0.0, 0.3, 0.6], [0.0, 5.0, 10.0])
    """
    rows, columns = end[0] - start[0], end[1] - start[1]
    steps = min(math.hypot(rows, columns) / STEP, MOST_SAMPLES - 1)
    samples = max(math.ceil(steps), 1) + 1
    along = np.linspace(0.0, 1.0, samples)
    points = np.stack([start[0] + along * rows, start[1] + along * columns])
    values = map_coordinates(image.astype(np.float64), points, order=1, mode="nearest")
    row_mm, column_mm = spacing or (1.0, 1.0)
    return along * math.hypot(rows * row_mm, columns * column_mm), values
