"""Which slices make a scan, and in which order, from their headers alone."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctdenoise.scans.dicom import Slice

SAME_PLACE = 0.01
"""mm within which two slices of a series lie at the same position."""


def in_order(found: list[Slice], notes: list[str]) -> list[list[Slice]]:
    """Group slices into scans: one series, one size, one spacing, one direction, sorted.

    ``notes`` hears of what was left out or split.
    """
    unique: dict[str, Slice] = {}
    for slice in found:
        unique.setdefault(slice.instance, slice)
    if len(unique) < len(found):
        extra = len(found) - len(unique)
        notes.append(f"{extra} {'slice' if extra == 1 else 'slices'} came twice and count once.")
    groups: dict[tuple[object, ...], list[Slice]] = defaultdict(list)
    for slice in unique.values():
        groups[_geometry(slice)].append(slice)
    for series, parts in Counter(key[0] for key in groups).items():
        if parts > 1:
            label = next(s.facts.series for s in unique.values() if s.series == series)
            notes.append(
                f"{label} mixes sizes, spacings or directions and was loaded as {parts} scans."
            )
    return [layer for group in groups.values() for layer in _layers(group, notes)]


def _geometry(slice: Slice) -> tuple[object, ...]:
    spacing = tuple(np.round(slice.spacing, 3)) if slice.spacing else None
    direction = tuple(np.round(slice.orientation, 2) + 0.0)
    kind = (slice.unit, slice.facts.kernel, slice.facts.dose_word)
    return slice.series, slice.shape, spacing, direction, slice.origin is None, kind


def _layers(group: list[Slice], notes: list[str]) -> list[list[Slice]]:
    """Split a group that visits positions several times (phases, repeats) into one scan each."""
    if group[0].origin is None:
        return [sorted(group, key=lambda s: s.order)]
    ordered = sorted(group, key=lambda s: (round(position(s) / SAME_PLACE), s.order))
    layers: list[list[Slice]] = []
    depth = 0
    for before, slice in zip([None, *ordered], ordered, strict=False):
        here = before is not None and abs(position(slice) - position(before)) < SAME_PLACE
        depth = depth + 1 if here else 0
        if depth == len(layers):
            layers.append([])
        layers[depth].append(slice)
    if len(layers) > 1:
        notes.append(
            f"{group[0].facts.series} visits the same positions {len(layers)} times and was loaded "
            f"as {len(layers)} scans."
        )
    return layers


def position(slice: Slice) -> float:
    """mm along the normal of the slice."""
    assert slice.origin is not None
    return float(np.dot(slice.origin, normal(slice.orientation)))


def normal(orientation: Sequence[float]) -> NDArray[np.float64]:
    """The direction across slices with these row and column cosines."""
    across = np.cross(orientation[:3], orientation[3:])
    length = np.linalg.norm(across)
    return across / length if length else np.array([0.0, 0.0, 1.0])
