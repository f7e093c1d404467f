"""Which slices make a scan, and in which order, from their headers alone."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ctdenoise.scans.dicom import MOMENTS, Slice, same_pixels
from ctdenoise.scans.geometry import (
    gaps,
    one_place,
    position_along,
    reach,
    same_direction,
    same_spacing,
)
from ctdenoise.units import counted

Visits = list[list[Slice]]
"""Slices that were taken one after the other, each list without coming back to a place."""


def in_order(found: list[Slice], notes: list[str]) -> list[list[Slice]]:
    """Group slices into scans: one series, one size, one spacing, one direction, sorted.

    ``notes`` hears of what was left out, split, assumed or missing.
    """
    unique = _once(found, notes)
    scans: list[list[Slice]] = []
    for series in _series(unique):
        groups = _of_one_geometry(series)
        if len(groups) > 1:
            notes.append(
                f"{_label(series)} mixes sizes, spacings or directions and was loaded as "
                f"{counted(len(groups), 'scan')}."
            )
        scans += [scan for group in groups for scan in _layers(group, notes)]
    for scan in scans:
        notes += _missing(scan)
    notes += _assumed(scans)
    return scans


def _once(found: list[Slice], notes: list[str]) -> list[Slice]:
    """Without those that came before; slices that say they are one and have other pixels stay."""
    unique: dict[str, Slice] = {}
    for slice in found:
        number, instance = 1, slice.instance
        while instance in unique and not same_pixels(unique[instance], slice):
            number += 1
            instance = f"{slice.instance} {number}"
        unique.setdefault(instance, replace(slice, instance=instance))
    if extra := len(found) - len(unique):
        verb = "counts" if extra == 1 else "count"
        notes.append(f"{counted(extra, 'slice')} came twice and {verb} once.")
    return list(unique.values())


def _series(found: list[Slice]) -> list[list[Slice]]:
    series: dict[str, list[Slice]] = defaultdict(list)
    for slice in found:
        series[slice.series].append(slice)
    return list(series.values())


def _of_one_geometry(series: list[Slice]) -> list[list[Slice]]:
    """Split where slices differ by more than rounding."""
    groups: list[list[Slice]] = []
    for slice in series:
        home = next((group for group in groups if _alike(group[0], slice)), None)
        if home is None:
            groups.append([slice])
        else:
            home.append(slice)
    return groups


def _alike(a: Slice, b: Slice) -> bool:
    kinds = [(s.shape, s.unit, s.facts.kernel, s.facts.dose_word, s.origin is None) for s in (a, b)]
    return (
        kinds[0] == kinds[1]
        and same_spacing(a.spacing, b.spacing)
        and same_direction(a.orientation, b.orientation)
    )


def _layers(group: list[Slice], notes: list[str]) -> list[list[Slice]]:
    """Split a group that visits places several times (phases, repeats) into one scan each."""
    if group[0].origin is None:
        return [sorted(group, key=_turns(group))]
    thickness = _thickness(group)
    places = _places(group, one_place(thickness))
    if len(group) > 1 and len(set(places.values())) == 1:
        notes.append(
            f"{_label(group)} gives all its slices the same position; they are in the order of "
            "their numbers, and their distances are not known."
        )
        return [[replace(slice, origin=None) for slice in sorted(group, key=_turns(group))]]
    # Phases may lie a little apart; that they do must be told by more than their positions.
    nearby = _places(group, reach(_positions(group), thickness))
    visits = _visits(group, nearby) or _visits(group, places)
    if visits is None:
        visits = _by_depth(group, places)
        if len({len(visit) for visit in visits}) > 1:
            notes.append(
                f"Nothing in the files of {_label(group)} tells its phases apart, and some lack "
                "slices: they may be mixed."
            )
    layers = [sorted(visit, key=lambda slice: (position(slice), slice.number)) for visit in visits]
    if len(layers) > 1:
        notes.append(
            f"{_label(group)} visits the same positions several times and was loaded as "
            f"{counted(len(layers), 'scan')}."
        )
    return layers


def _positions(group: list[Slice]) -> NDArray[np.float64]:
    return np.sort([position(slice) for slice in group])


def _places(group: list[Slice], within: float) -> dict[str, int]:
    """The place of each slice, by its instance, counted along the normal; neighbours up to
    ``within`` mm apart share one."""
    numbers = np.cumsum(np.diff(_positions(group), prepend=-np.inf) > within) - 1
    ordered = sorted(group, key=position)
    return {slice.instance: int(n) for slice, n in zip(ordered, numbers, strict=True)}


def _thickness(group: list[Slice]) -> float | None:
    return min((s.facts.thickness_mm for s in group if s.facts.thickness_mm), default=None)


def _visits(group: list[Slice], places: dict[str, int]) -> Visits | None:
    """The phases of a group, by the first of :data:`~ctdenoise.scans.dicom.MOMENTS`, or at last
    the slices' numbers, that tells them apart; None where nothing does.

    So a phase that lacks a slice borrows none of another phase, while the stops of a
    step-and-shoot table, an acquisition each, stay together.
    """
    repeats = max(Counter(places.values()).values())
    if repeats == 1:
        return [group]
    turn = _turns(group)
    keys: list[Callable[[Slice], Hashable]] = [
        lambda slice, i=i: slice.moments[i]  # type: ignore[misc]
        for i in range(len(MOMENTS))
        if all(slice.moments[i] is not None for slice in group)
    ]
    likely: Visits | None = None
    for key in (*keys, turn):
        ordered = sorted(group, key=lambda slice: (key(slice), turn(slice)))
        taken = [list(slices) for _, slices in groupby(ordered, key=key)]
        if any(len({places[s.instance] for s in slices}) < len(slices) for slices in taken):
            continue
        single = len(taken) == len(group)
        # A moment each, or a number: only the way along the table shows where a phase begins.
        for joined in (_one_way, _until_it_comes_back) if single else (_until_it_comes_back,):
            visits = joined(taken, places)
            if len(visits) == repeats:
                return visits
            if not single:
                likely = likely or visits
    return likely


def _until_it_comes_back(taken: Visits, places: dict[str, int]) -> Visits:
    """Join what was taken one after the other; what comes back to a place begins the next visit."""
    visits: Visits = []
    seen: set[int] = set()
    for slices in taken:
        here = {places[slice.instance] for slice in slices}
        if not visits or seen & here:
            visits.append([])
            seen = set()
        visits[-1] += slices
        seen |= here
    return visits


def _one_way(taken: Visits, places: dict[str, int]) -> Visits:
    """Join single slices as long as they go on in one direction."""
    visits: Visits = []
    way = 0
    for (slice,) in taken:
        step = places[slice.instance] - places[visits[-1][-1].instance] if visits else 0
        if not visits or step * (way or step) <= 0:
            visits.append([])
            way = 0
        else:
            way = step
        visits[-1].append(slice)
    return visits


def _by_depth(group: list[Slice], places: dict[str, int]) -> Visits:
    """The first slice of every place, the second of every place that has one, and so on."""
    layers: Visits = []
    depths: Counter[int] = Counter()
    for slice in sorted(group, key=_turns(group)):
        place = places[slice.instance]
        if depths[place] == len(layers):
            layers.append([])
        layers[depths[place]].append(slice)
        depths[place] += 1
    return layers


def _turns(group: list[Slice]) -> Callable[[Slice], tuple[float, int, int]]:
    """The order in which slices were numbered, by acquisition where all of them name theirs."""
    named = all(slice.moments[0] is not None for slice in group)
    return lambda slice: (
        (slice.moments[0] or 0.0) if named else 0.0,
        slice.number,
        slice.source.frame,
    )


def _missing(scan: list[Slice]) -> list[str]:
    """Where slices are missing among otherwise even ones."""
    if scan[0].origin is None:
        return []
    positions = np.array([position(slice) for slice in scan])
    thick = [slice.facts.thickness_mm or 0.0 for slice in scan]
    found = {
        i: missing
        for i, missing in gaps(positions).items()
        # thicker slices begin here, which touch
        if max(thick[i : i + 2]) < max(1.2 * min(thick), 0.9 * (positions[i + 1] - positions[i]))
    }
    told = [
        f"{counted(missing, 'slice')} between {positions[i]:.1f} and {positions[i + 1]:.1f} mm"
        for i, missing in found.items()
    ]
    if not told:
        return []
    more = f" and at {len(told) - 3} more places" if len(told) > 3 else ""
    return [f"{_label(scan)} lacks {', '.join(told[:3])}{more}; nothing was put there."]


def _assumed(scans: list[list[Slice]]) -> list[str]:
    """What had to be assumed, once for each series."""
    said: dict[str, None] = {}
    for scan in scans:
        for clause in dict.fromkeys(clause for slice in scan for clause in slice.assumed):
            said[f"{_label(scan)} {clause}."] = None
    return list(said)


def _label(slices: list[Slice]) -> str:
    return slices[0].facts.series


def position(slice: Slice) -> float:
    """mm along the normal of the slice."""
    assert slice.origin is not None
    return position_along(slice.origin, slice.orientation)
