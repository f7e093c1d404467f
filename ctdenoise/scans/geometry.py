"""Where slices lie: what is equal, even or missing within the rounding of what their files say."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ROUNDING = 0.05
"""mm by which a coordinate may lie beside its place: scanners write some to a tenth of a mm."""

SAME_PLACE = 0.01
"""mm within which two slices of a series lie at the same place."""

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
    if (np.abs(times - whole) > min(0.4, 0.25 + 2 * ROUNDING / step)).any():
        return {}  # uneven, which is another thing
    return {int(i): int(whole[i]) - 1 for i in np.flatnonzero(whole > 1)}


def same_spacing(a: tuple[float, float] | None, b: tuple[float, float] | None) -> bool:
    """Whether two pixel spacings in mm are one but for rounding: a thousandth."""
    if a is None or b is None:
        return a is b
    return bool(np.allclose(a, b, rtol=1e-3, atol=0))


def same_direction(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether row and column cosines, six numbers each, are one but for rounding: a tenth of a
    degree."""
    return bool(np.allclose(a, b, rtol=0, atol=2e-3))


def reach(positions: NDArray[np.floating], thickness: float | None) -> float:
    """mm up to which neighbours among the sorted ``positions`` may share a place.

    :func:`one_place`, or more where phases lie a little apart, as the table's encoder set them:
    much closer to each other than to the next place, within a small part of the slice ``thickness``
    in mm, and several at most places.
    """
    steps = np.diff(positions, prepend=positions[:1])
    for step in sorted(set(steps[steps > one_place(thickness)])):
        if step > min(0.5, 0.2 * (thickness or 0.5)):
            break
        places = np.cumsum(steps > step)
        counts = np.bincount(places)
        widest = max(np.ptp(positions[places == place]) for place in range(len(counts)))
        apart = steps[steps > step].min(initial=np.inf)
        if len(counts) > 1 and (counts > 1).mean() > 0.5 and widest < 0.1 * apart:
            return float(step)
    return one_place(thickness)


def one_place(thickness: float | None) -> float:
    """mm within which two slices lie at the same place: :data:`SAME_PLACE`, less for slices that
    are that thin."""
    return min(SAME_PLACE, 0.3 * thickness) if thickness else SAME_PLACE


def normal(orientation: Sequence[float]) -> NDArray[np.float64]:
    """The direction across slices with these row and column cosines."""
    across = np.cross(orientation[:3], orientation[3:])
    length = np.linalg.norm(across)
    return across / length if length else np.array([0.0, 0.0, 1.0])


def position_along(origin: Sequence[float], orientation: Sequence[float]) -> float:
    """mm from the origin of the patient's system to a slice, along its normal."""
    return float(np.dot(origin, normal(orientation)))
