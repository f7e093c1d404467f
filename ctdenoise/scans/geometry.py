"""Whether slices follow each other evenly, within the rounding of what their files say."""

import numpy as np
from numpy.typing import NDArray

ROUNDING = 0.05
"""mm by which a coordinate may lie beside its place: scanners write some to a tenth of a mm."""

_FLOAT = 1e-6
"""mm that arithmetic adds to it."""


def even_step(positions: NDArray[np.floating]) -> float | None:
    """The distance in mm of evenly spaced ``positions`` (slices,), in order; None where they are
    not even, or fewer than two.

    >>> even_step(np.array([0, 0.8, 1.5, 2.2, 3, 3.8]))
    0.75
    """
    steps = even_steps(np.reshape(positions, (-1, 1)))
    return None if steps is None else float(steps[0])


def even_steps(places: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """The vector in mm from one of evenly spaced ``places`` (slices, axes) to the next, or None.

    With it some first place puts each coordinate within :data:`ROUNDING` (and a quarter of the
    distance) of what the file says.
    """
    places = np.asarray(places, np.float64)
    distances = np.linalg.norm(np.diff(places, axis=0), axis=1)
    if not distances.any() or gaps(np.append(0, np.cumsum(distances))):
        return None
    tolerance = 2 * (min(ROUNDING, float(distances.mean()) / 4) + _FLOAT)
    least, most = np.full((2, places.shape[1]), [[-np.inf], [np.inf]])
    for apart in range(1, len(places)):  # what each pair of slices allows
        between = places[apart:] - places[:-apart]
        least = np.maximum(least, (between.max(0) - tolerance) / apart)
        most = np.minimum(most, (between.min(0) + tolerance) / apart)
    return (least + most) / 2 if (least <= most).all() else None


def gaps(positions: NDArray[np.floating]) -> dict[int, int]:
    """How many slices are missing after which (from 0) of ``positions`` (slices,), in order and
    otherwise even.

    >>> gaps(np.array([0.0, 3, 6, 12, 15]))
    {2: 1}
    """
    distances = np.abs(np.diff(np.asarray(positions, np.float64)))
    if len(distances) < 2:
        return {}
    usual = np.sort(distances)[(len(distances) - 1) // 2]
    step = distances[distances <= 1.5 * usual].mean()
    if not step:
        return {}
    times = distances / step
    whole = np.rint(times)
    if (np.abs(times - whole) > 0.25).any():
        return {}  # uneven, which is another thing
    return {int(i): int(whole[i]) - 1 for i in np.flatnonzero(whole > 1)}
