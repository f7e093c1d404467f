"""Which slices make a scan, and in which order, from their headers alone."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby

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
        twice = (
            "1 slice came twice and counts"
            if extra == 1
            else f"{extra} slices came twice and count"
        )
        notes.append(f"{twice} once.")
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
    places = _places(group)
    layers = [layer for visit in _visits(group, places) for layer in _by_depth(visit, places)]
    if len(layers) > 1:
        notes.append(
            f"{group[0].facts.series} visits the same positions several times and was loaded as "
            f"{len(layers)} scans."
        )
    return layers


def _places(group: list[Slice]) -> dict[str, int]:
    """The place of each slice, by its instance, counted along the normal."""
    ordered = sorted(group, key=position)
    steps = np.diff([position(slice) for slice in ordered], prepend=position(ordered[0]))
    numbers = np.cumsum(steps >= SAME_PLACE)
    return {slice.instance: int(n) for slice, n in zip(ordered, numbers, strict=True)}


def _visits(group: list[Slice], places: dict[str, int]) -> list[list[Slice]]:
    """Acquisitions one after the other; one that comes back to a place begins the next visit.

    So a phase that lacks a slice borrows none of another phase, while the stops of a
    step-and-shoot table, an acquisition each, stay together.
    """
    visits: list[list[Slice]] = []
    seen: set[int] = set()
    in_turn = sorted(group, key=lambda s: s.order)
    for _, acquisition in groupby(in_turn, key=lambda s: s.order[0]):
        slices = list(acquisition)
        here = {places[slice.instance] for slice in slices}
        if not visits or seen & here:
            visits.append([])
            seen = set()
        visits[-1] += slices
        seen |= here
    return visits


def _by_depth(visit: list[Slice], places: dict[str, int]) -> list[list[Slice]]:
    """The first slice of every place, the second of every place that has one, and so on."""
    layers: list[list[Slice]] = []
    depths: Counter[int] = Counter()
    for slice in sorted(visit, key=lambda s: (places[s.instance], s.order)):
        place = places[slice.instance]
        if depths[place] == len(layers):
            layers.append([])
        layers[depths[place]].append(slice)
        depths[place] += 1
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
