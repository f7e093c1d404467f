"""Which slices are trained on, validated on and kept aside (no torch, no arrays)."""

import hashlib
import random
from bisect import bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from ctdenoise import stored
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Pair
from ctdenoise.units import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "split.json"
"""Where a run keeps its split."""
GAP_MM = 5.0
"""mm between slices that are trained on and slices that are not: the thickest slices in daily use
are this thick, so that nothing is seen from both sides. A short stack gives a tenth of its length,
and there is always at least a slice in between."""
SAME_PLACE = 0.5
"""mm, or numbers, up to which two slices lie at one position."""
MANY = 20
"""Slices from which on two are left out in between, not one."""


@dataclass(frozen=True)
class Outline:
    """All that the split needs to know of a pair.

    ``positions``: mm where ``located``, else numbers; those of a patient's located pairs are taken
    to be comparable. ``contents``: a digest of each full-dose slice, "" for a blank one. ``low``:
    one of the low dose.
    """

    patient: str
    slices: int
    rows: int
    columns: int
    positions: tuple[float, ...] = ()
    located: bool = False
    contents: tuple[str, ...] = ()
    low: str = ""

    @property
    def places(self) -> Sequence[float]:
        """Where each slice lies; a count where nothing is known."""
        return self.positions or range(self.slices)

    @property
    def fingerprint(self) -> str:
        """Of everything here but the patient: equal for equal pairs alone."""
        told = (self.rows, self.columns, self.positions, self.contents, self.low)
        return _digest(repr(told).encode())


@dataclass(frozen=True)
class Part:
    """Some slices of a pair, or the band ``rows`` (first, one past the last) of each of them."""

    pair: int
    slices: tuple[int, ...]
    rows: tuple[int, int] | None = None


@dataclass(frozen=True)
class Split:
    """``flatters`` says that train and test share a patient, ``sentence`` tells how.

    ``pairs``: their fingerprints, in order; runs of before these were kept have none.
    """

    train: tuple[Part, ...]
    validation: tuple[Part, ...]
    test: tuple[Part, ...]
    sentence: str
    flatters: bool
    pairs: tuple[str, ...] = ()

    @property
    def progress(self) -> Part:
        """The slice whose picture is shown while training: the middle of the first test part."""
        part = self.test[0]
        return Part(part.pair, (part.slices[len(part.slices) // 2],), part.rows)


def outline(pair: Pair) -> Outline:
    """The outline of a pair whose ``full`` is (slices, rows, columns)."""
    slices, rows, columns = pair.full.shape
    return Outline(
        pair.patient,
        slices,
        rows,
        columns,
        positions=tuple(map(float, pair.positions)),
        located=pair.located,
        contents=contents(pair.full),
        # Noise differs in every row, so one of each slice and draw tells it apart.
        low=_digest(pair.low[:, :, rows // 2].astype("<f4").tobytes()),
    )


def contents(slices: "NDArray[np.float32]") -> tuple[str, ...]:
    """A digest of each of ``slices`` (slices, rows, columns), "" for a blank one."""
    return tuple(
        "" if image.min() == image.max() else _digest(image.astype("<f4").tobytes())
        for image in slices
    )


def split(outlines: Sequence[Outline], seed: int) -> Split:
    """By patient where there are three; else by blocks of slices, or by bands of rows.

    With two, holding one back would halve what there is to learn from. Where the patient of a pair
    is not known (""), all count as one patient, since it may be any of them; so do patients who
    share a slice to the pixel. Blocks and bands are the same for all pairs of a patient, which may
    share slices.
    """
    if not outlines:
        raise Problem("The run", "has no pair to learn from", "choose at least one pair of scans")
    unknown = not all(o.patient for o in outlines)
    people = _joined([{"" if unknown else o.patient, *_seen(o)} for o in outlines])
    pairs = tuple(o.fingerprint for o in outlines)
    if len(set(people)) >= 3:
        names = [min(o.patient for o, p in zip(outlines, people, strict=True) if p == person)
                 for person in people]  # fmt: skip
        return _by_patient(outlines, names, pairs, seed)
    parts: dict[str, list[Part]] = {"train": [], "validation": [], "test": []}
    ways: set[str] = set()
    for person in sorted(set(people)):
        own = [(i, o) for i, o in enumerate(outlines) if people[i] == person]
        blocks = _blocks([o for _, o in own])
        ways.add("blocks" if blocks else "bands")
        for index, o in own:
            for name, (first, last) in (blocks or {}).items():
                inside = tuple(i for i, x in enumerate(o.places) if first <= x <= last)
                if inside:
                    parts[name].append(Part(index, inside))
            for name, rows in () if blocks else _bands(o.rows):
                parts[name].append(Part(index, tuple(range(o.slices)), rows))
    who = "one patient" if len(set(people)) == 1 else "the same two patients"
    mend = "three patients or more give"
    if unknown and len(outlines) > 1:
        who, mend = "what may be one patient", "three patients or more, and no unknown one, give"
    how = {
        frozenset({"blocks"}): "separate blocks of slices",
        frozenset({"bands"}): "bands of rows of each slice",
    }.get(frozenset(ways), "separate blocks of slices, or bands of rows where slices are few,")
    sentence = (f"Trained, validated and tested on {how} from {who}, so its figures look better "
                f"than for a new patient: {mend} an honest test")  # fmt: skip
    return Split(tuple(parts["train"]), tuple(parts["validation"]), tuple(parts["test"]),
                 f"{sentence}.", True, pairs)  # fmt: skip


def _by_patient(
    outlines: Sequence[Outline], people: Sequence[str], pairs: tuple[str, ...], seed: int
) -> Split:
    names = sorted(set(people))
    shuffled = random.Random(seed).sample(names, len(names))
    aside = max(1, round(0.2 * len(names)))
    groups = shuffled[2 * aside :], shuffled[aside : 2 * aside], shuffled[:aside]
    train, validation, test = (
        tuple(Part(i, tuple(range(o.slices))) for i, o in enumerate(outlines) if people[i] in group)
        for group in groups
    )
    sentence = (f"{counted(len(groups[0]), 'patient')} to train on, {counted(aside, 'other')} for "
                f"validation and {aside} for the test.")  # fmt: skip
    return Split(train, validation, test, sentence, False, pairs)


def _seen(o: Outline) -> set[Hashable]:
    return {("slice", content) for content in o.contents if content}


def _joined(groups: Sequence[set[Hashable]]) -> list[int]:
    """For each group the first of those that it shares something with, if only through others."""
    first = list(range(len(groups)))
    owners: dict[Hashable, int] = {}
    for i, keys in enumerate(groups):
        for key in keys:
            one, other = sorted((first[owners.setdefault(key, i)], first[i]))
            if one != other:
                first = [one if each == other else each for each in first]
    return first


def _blocks(group: Sequence[Outline]) -> dict[str, tuple[float, float]] | None:
    """From where to where the slices of all these pairs are trained on, validated on and kept
    aside: about three fifths, a fifth, a fifth, with a gap between them. None where there is no
    room for it, or where positions do not tell which slices are the same."""
    if (len(group) > 1 and not all(o.located for o in group)) or _contradicted(group):
        return None
    places = sorted({place for o in group for place in o.places})
    gap = _gap(group, places)

    def before(index: int) -> int:
        """How many places lie before this one, the gap and a slice left out."""
        return min(index - 1, bisect_right(places, places[index] - gap)) if index > 0 else 0

    for aside in range(max(1, round(len(places) / 5)), 0, -1):
        test = len(places) - aside
        validation_end = before(test)
        validation = validation_end - aside
        train_end = before(validation)
        if train_end >= 1 and aside <= max(1, round((train_end + 2 * aside) / 5)):
            return {
                "train": (places[0], places[train_end - 1]),
                "validation": (places[validation], places[validation_end - 1]),
                "test": (places[test], places[-1]),
            }
    return None


def _gap(group: Sequence[Outline], places: Sequence[float]) -> float:
    """What lies this far apart may stand on two sides; in mm, or in numbers."""
    stacks = [sorted(o.places) for o in group]
    steps = [median(b - a for a, b in pairwise(s)) for s in stacks if len(s) > 1]
    apart = 0.99 * (2 if len(places) < MANY else 3) * max(steps, default=0.0)  # 0.99: rounding
    if not group[0].located:
        return apart
    return max(apart, min(GAP_MM, (places[-1] - places[0]) / 10) if steps else GAP_MM)


def _contradicted(group: Sequence[Outline]) -> bool:
    """Whether a slice that two pairs share, to the pixel, lies elsewhere in each: positions then
    mean nothing from one pair to the other."""
    for one, other in combinations([_where(o) for o in group], 2):
        for content in one.keys() & other.keys():
            if all(abs(a - b) > SAME_PLACE for a in one[content] for b in other[content]):
                return True
    return False


def _where(o: Outline) -> dict[str, list[float]]:
    """The places of each slice that is not blank, by its content."""
    found: dict[str, list[float]] = {}
    for content, place in zip(o.contents, o.places, strict=False):
        if content:
            found.setdefault(content, []).append(place)
    return found


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _bands(rows: int) -> list[tuple[str, tuple[int, int]]]:
    """Train on 60 % of the rows above and below; the middle, where the body is, is kept aside."""
    gap = rows // 64  # half of it on each side of an edge
    edges = [0, round(0.4 * rows), round(0.6 * rows), round(0.8 * rows), rows]
    names = ["train", "validation", "test", "train"]
    bands = []
    for name, first, end in zip(names, edges, edges[1:], strict=False):
        bands.append((name, (first + (gap if first else 0), end - (gap if end < rows else 0))))
    return bands


_SPLIT = TypeAdapter(Split)


def read(run: Path) -> Split:
    """The split that a run was trained with, from its folder; :class:`Problem` where it is
    damaged."""
    with stored.reading("The record of what this run learned from", "delete it and train again"):
        return _read(run / NAME, (run / NAME).stat().st_mtime_ns)


def held(run: Path, outlines: Sequence[Outline]) -> Split | None:
    """The split that a run has begun with or is to keep to, None where its folder holds none yet.

    Raises :class:`Problem` where it is a split of other pairs than these.
    """
    if not (run / NAME).exists():
        return None
    known = read(run)
    given = tuple(o.fingerprint for o in outlines)
    if known.pairs != given if known.pairs else not _fits(known, outlines):
        raise Problem(
            "The pairs",
            "are not those that the run began with",
            "give it the same ones in the same order, or begin a new run",
        )
    return replace(known, pairs=given)


def _fits(known: Split, outlines: Sequence[Outline]) -> bool:
    """Whether pairs have every slice of a split that does not say which pairs it is of."""
    parts = (*known.train, *known.validation, *known.test)
    return {part.pair for part in parts} == set(range(len(outlines))) and all(
        max(part.slices) < outlines[part.pair].slices
        and (not part.rows or part.rows[1] <= outlines[part.pair].rows)
        for part in parts
    )


@lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> Split:
    found = _SPLIT.validate_json(path.read_bytes())
    if not found.test or not all(part.slices for part in found.test):
        raise ValueError("a split keeps slices aside")
    return found
