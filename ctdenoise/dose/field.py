"""The field that a slice shows, and the body beyond it where the slice cuts the body off."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

TISSUE = -300.0
"""From here on, in HU, a pixel at the field's edge counts as body."""

CUT = 0.05
"""Share of the edge that must be body; a couch or an arm that grazes the field stays below."""

BODY = (260.0, 360.0)
"""Height and width in mm of the body assumed around a targeted field."""

BEYOND = 25.0
"""How far at least, in mm, a body that is cut off goes on."""


def field(hu: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where a slice (rows, columns) holds measured values: all of it, or a disc amid padding."""
    return _distance(hu.shape) <= _reach(hu)


def truncated(hu: NDArray[np.floating]) -> bool:
    """Whether the body touches the edge of the field, in any slice of (slices, rows, columns)."""
    if hu.ndim == 3:
        return any(truncated(slice_) for slice_ in hu)
    reach = _reach(hu)
    if math.isinf(reach):
        edge = np.concatenate(
            [hu[:2].ravel(), hu[-2:].ravel(), hu.T[:2].ravel(), hu.T[-2:].ravel()]
        )
    else:
        distance = _distance(hu.shape)
        edge = hu[(distance <= reach) & (distance > reach - 2.5)]
    return bool((edge > TISSUE).mean() > CUT)


def extended(hu: NDArray[np.floating], spacing: tuple[float, float]) -> NDArray[np.float32]:
    """Let a cut-off body go on beyond the field of a slice (rows, columns).

    What touches the edge is carried outwards, bone as soft tissue, as far as an ellipse of the
    size of :data:`BODY`, or :data:`BEYOND` where the field is larger than that. A guess, good
    enough for how many photons arrive; nothing of it is seen. Returns a larger slice of the same
    centre and spacing (mm).
    """
    reach = _reach(hu)
    half = [n * d / 2 for n, d in zip(hu.shape, spacing, strict=True)]
    axes = [max(body / 2, h + BEYOND) for body, h in zip(BODY, half, strict=True)]
    more = [math.ceil((a - h) / d) for a, h, d in zip(axes, half, spacing, strict=True)]
    shape = tuple(n + 2 * m for n, m in zip(hu.shape, more, strict=True))
    distance = _distance(shape)
    inward = np.minimum(1, (reach - 3) / np.maximum(distance, 1))  # onto the disc's edge
    nearest = [
        np.clip(np.rint(centred * inward + (n - 1) / 2), 0, n - 1).astype(int)
        for centred, n in zip(_centred(shape), hu.shape, strict=True)
    ]
    down, across = (c * d / a for c, d, a in zip(_centred(shape), spacing, axes, strict=True))
    carried = np.where(down**2 + across**2 < 1, np.minimum(hu[tuple(nearest)], 50), -1000)
    seen = np.pad(field(hu), [(m, m) for m in more])
    return np.where(seen, np.pad(hu, [(m, m) for m in more]), carried).astype(np.float32)


def _reach(hu: NDArray[np.floating]) -> float:
    """Radius in pixels of a round field amid constant padding; infinite for a square one."""
    if hu[0, 0] > -1000:
        return math.inf
    reach = float(_distance(hu.shape).max(where=hu != hu[0, 0], initial=0))
    # Constant air around a body is no padding: only a disc that fills the image is a field.
    return reach if 0.97 < 2 * reach / min(hu.shape) < 1.05 else math.inf


def _centred(shape: tuple[int, ...]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Rows as a column and columns as a row, in pixels from the centre."""
    rows, columns = (np.arange(n) - (n - 1) / 2 for n in shape)
    return rows[:, None], columns[None, :]


@lru_cache(maxsize=8)
def _distance(shape: tuple[int, ...]) -> NDArray[np.floating]:
    """Of every pixel from the centre, in pixels."""
    distance: NDArray[np.floating] = np.hypot(*_centred(shape))
    return distance
