"""Which slices are trained on, validated on and kept aside (no torch, no arrays)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from ctdenoise import stored
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Pair
from ctdenoise.units import counted

NAME = "split.json"
"""Where a run keeps its split."""


@dataclass(frozen=True)
class Outline:
    """All that the split needs to know of a pair."""

    patient: str
    slices: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Part:
    """Some slices of a pair, or the band ``rows`` (first, one past the last) of each of them."""

    pair: int
    slices: tuple[int, ...]
    rows: tuple[int, int] | None = None


@dataclass(frozen=True)
class Split:
    """``flatters`` says that train and test share a patient, ``sentence`` tells how."""

    train: tuple[Part, ...]
    validation: tuple[Part, ...]
    test: tuple[Part, ...]
    sentence: str
    flatters: bool

    @property
    def progress(self) -> Part:
        """The slice whose picture is shown while training: the middle of the first test part."""
        part = self.test[0]
        return Part(part.pair, (part.slices[len(part.slices) // 2],), part.rows)


def outline(pair: Pair) -> Outline:
    """The outline of a pair whose ``full`` is (slices, rows, columns)."""
    return Outline(pair.patient, *pair.full.shape)


def split(outlines: Sequence[Outline], seed: int) -> Split:
    """By patient where there are three; else by blocks of slices, or by bands of rows.

    Pairs whose patient is not known ("") count as one patient, since they may be.
    """
    if not outlines:
        raise Problem("The run", "has no pair to learn from", "choose at least one pair of scans")
    patients = sorted({o.patient for o in outlines})
    if len(patients) >= 3:
        return _by_patient(outlines, patients, seed)
    parts: dict[str, list[Part]] = {"train": [], "validation": [], "test": []}
    banded = False
    for index, o in enumerate(outlines):
        if o.slices >= 3:
            for name, (first, end) in _blocks(o.slices).items():
                parts[name].append(Part(index, tuple(range(first, end))))
        else:
            banded = True
            for name, rows in _bands(o.rows):
                parts[name].append(Part(index, tuple(range(o.slices)), rows))
    who = "one patient" if len(patients) == 1 else "the same two patients"
    how = "bands of rows of each slice" if banded else "separate blocks of slices"
    sentence = (f"Trained, validated and tested on {how} from {who}, so its figures look better "
                "than for a new patient: three patients or more give an honest test")  # fmt: skip
    return Split(tuple(parts["train"]), tuple(parts["validation"]), tuple(parts["test"]),
                 f"{sentence}.", True)  # fmt: skip


def _by_patient(outlines: Sequence[Outline], patients: list[str], seed: int) -> Split:
    shuffled = random.Random(seed).sample(patients, len(patients))
    aside = max(1, round(0.2 * len(patients)))
    groups = shuffled[2 * aside :], shuffled[aside : 2 * aside], shuffled[:aside]
    train, validation, test = (
        tuple(Part(i, tuple(range(o.slices))) for i, o in enumerate(outlines) if o.patient in group)
        for group in groups
    )
    sentence = (f"{counted(len(groups[0]), 'patient')} to train on, {counted(aside, 'other')} for "
                f"validation and {aside} for the test.")  # fmt: skip
    return Split(train, validation, test, sentence, False)


def _blocks(slices: int) -> dict[str, tuple[int, int]]:
    """Neighbouring slices look alike, so blocks are kept a gap apart where there is room."""
    gap = 0 if slices < 6 else 1 if slices < 20 else 2
    aside = max(1, round(0.2 * (slices - 2 * gap)))
    train = slices - 2 * gap - 2 * aside
    return {
        "train": (0, train),
        "validation": (train + gap, train + gap + aside),
        "test": (slices - aside, slices),
    }


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


@lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> Split:
    found = _SPLIT.validate_json(path.read_bytes())
    if not found.test or not all(part.slices for part in found.test):
        raise ValueError("a split keeps slices aside")
    return found
