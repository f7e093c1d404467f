"""The stored values of an image: the bits, slope and intercept that hold it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydicom.valuerep import format_number_as_ds

from ctdenoise.units import AIR, DENSEST

FEWEST, MOST = 12, 16
"""Bits that a stored value of CT may have (DICOM PS3.3 C.8.2.1)."""

_DECIMAL = (0.1, 0.2, 0.5, 1.0)
"""Slopes in HU for values that no whole numbers stood for; slices of a series share the first that
holds them, since few programs read a series whose slope changes."""

_PADDING_HU = ((-np.inf, AIR), (DENSEST, np.inf))
"""Between which HU padding lies, better below air, where a viewer that ignores it shows black."""


@dataclass(frozen=True)
class Encoding:
    """What a stored value stands for: ``slope`` * value + ``intercept``, in ``bits`` bits."""

    bits: int = MOST
    signed: bool = True
    slope: float = 1.0
    intercept: float = 0.0

    @property
    def lowest(self) -> int:
        """The least value that the bits hold."""
        return -(1 << self.bits - 1) if self.signed else 0

    @property
    def highest(self) -> int:
        """The largest value that the bits hold."""
        return self.lowest + (1 << self.bits) - 1

    def unrounded(self, values: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """What would be stored if it could be a fraction."""
        return np.asarray((values - self.intercept) / self.slope, np.float64)

    def holds(self, stored: NDArray[np.float64]) -> bool:
        """Whether these values are in reach."""
        return bool(((stored >= self.lowest) & (stored <= self.highest)).all())


@dataclass(frozen=True)
class Stored:
    """``values``: int16 or uint16 (rows, columns); ``padding`` is the one of them, if any, that
    stands for no tissue."""

    values: NDArray[np.int16] | NDArray[np.uint16]
    encoding: Encoding
    padding: int | None = None


def store(image: NDArray[np.floating], source: Encoding | None, *, hu: bool) -> Stored:
    """``image`` (rows, columns) in the encoding of its ``source`` or in the nearest that holds it.

    Values that the source's encoding can say come back exactly. In HU no step is wider than 1:
    a wider one of the source is divided by a whole number. What its bits do not hold is stored in
    16, signed before unsigned. Air (what padding became when it was read) that lies between two
    steps, or beyond the bits, is stored as padding. ``source`` is None where its pixels were no
    whole numbers; then, and where no 16 bits hold an image, the steps are as fine as they can be.
    """
    values = image.astype(np.float64)
    outside = (values == AIR) if hu else np.zeros(values.shape, bool)
    for scale in _scales(source, hu):
        found = _at_scale(values, outside, scale)
        if found:
            return found
    lowest = float(f"{values.min():.9g}")
    slope = float(f"{np.ptp(values) / 65534:.9g}") or 1.0
    spread = Encoding(16, False, slope, lowest)
    stored = np.clip(np.rint(spread.unrounded(values)), spread.lowest, spread.highest)
    return Stored(stored.astype(np.uint16), spread)


def _scales(source: Encoding | None, hu: bool) -> Iterator[Encoding]:
    """Encodings to try, the finest slope first."""
    if source is None:
        yield from (Encoding(slope=slope) for slope in _DECIMAL if hu)
    elif not hu or abs(source.slope) <= 1:
        yield source
    else:
        wide = abs(source.slope)
        steps = int(wide) if wide == int(wide) else 2 ** int(np.ceil(np.log2(wide)))
        while steps:  # a whole number or a power of two leaves no rounding behind
            yield replace(source, slope=float(format_number_as_ds(source.slope / steps)))
            steps //= 2


def _at_scale(
    values: NDArray[np.float64], outside: NDArray[np.bool_], scale: Encoding
) -> Stored | None:
    """The values at this slope and intercept, in its bits or in 16; None where they do not fit."""
    kinds = [replace(scale, bits=16, signed=signed) for signed in (True, False)]
    if FEWEST <= scale.bits <= MOST:
        kinds.insert(0, scale)
    stored = np.rint(scale.unrounded(values))
    step = float(scale.unrounded(AIR))
    exact = not outside.any() or abs(step - round(step)) <= 1e-6
    if exact:
        for kind in kinds:
            if kind.holds(stored):
                return Stored(_whole(stored, kind), kind)
    for bounds in _PADDING_HU if outside.any() else ():
        for kind in kinds:
            padding = _unused(stored[~outside], kind, *bounds)
            if padding is not None:
                return Stored(_whole(np.where(outside, padding, stored), kind), kind, padding)
    if exact and np.ptp(stored) < 1 << MOST:  # from the lowest value on
        lowest = float(stored.min())
        intercept = float(format_number_as_ds(scale.intercept + lowest * scale.slope))
        kind = Encoding(MOST, False, scale.slope, intercept)
        return Stored(_whole(stored - lowest, kind), kind)
    return None


def _whole(stored: NDArray[np.float64], kind: Encoding) -> NDArray[np.int16] | NDArray[np.uint16]:
    return stored.astype(np.int16) if kind.signed else stored.astype(np.uint16)


def _unused(stored: NDArray[np.float64], kind: Encoding, lower: float, upper: float) -> int | None:
    """The value that no pixel has and that stands for an HU between these, nearest to air."""
    if not kind.holds(stored):
        return None
    free = np.ones(kind.highest - kind.lowest + 1, bool)
    free[stored.astype(np.int64) - kind.lowest] = False
    hu = kind.slope * np.arange(kind.lowest, kind.highest + 1) + kind.intercept
    free &= (hu > lower) & (hu < upper)
    if not free.any():
        return None
    return int(np.argmin(np.where(free, np.abs(hu - AIR), np.inf))) + kind.lowest
