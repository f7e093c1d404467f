"""Files, folders and archives in; scans sorted by geometry out, whole or slice by slice."""

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, Progress, damaged, too_large
from ctdenoise.scans import dicom, images, pixels
from ctdenoise.scans.archive import is_archive, is_junk, unpack
from ctdenoise.scans.budget import MEGABYTE, Budget
from ctdenoise.scans.dicom import Slice
from ctdenoise.scans.dicomdir import is_dicomdir, listed_files
from ctdenoise.scans.meaning import Meaning
from ctdenoise.scans.ordering import in_order, position
from ctdenoise.scans.readers import pixels_of_others, reader_of
from ctdenoise.scans.scan import Scan, SliceSource
from ctdenoise.settings import settings
from ctdenoise.units import counted

Named = TypeVar("Named", "Series", Scan)
Images = Iterator[tuple[SliceSource, NDArray[np.float32]]]
"""Slices (rows, columns) in HU or their own unit, each with where it comes from."""


@dataclass(frozen=True)
class Reading:
    """What came out of a read: ``sources[i]`` are the files of ``scans[i]``, slice by slice.

    ``problems`` name the files that were left out, ``notes`` tell what was done on the way.
    Unpacked archives live as long as this object.
    """

    scans: list[Scan] = field(default_factory=list)
    sources: list[list[SliceSource]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unpacked: tempfile.TemporaryDirectory[str] | None = None


@dataclass(frozen=True)
class Series:
    """A scan whose slices are in order while their pixels are still in the files.

    ``images`` decodes one after the other, so that a DICOM series of any length, or an image file
    that can be mapped, takes the memory of a few slices. Those that cannot be decoded are left out
    and told in the finding's problems.
    """

    name: str
    unit: str
    sources: list[SliceSource]
    images: Callable[[], Images]


@dataclass(frozen=True)
class Finding:
    """What was found in files before any pixel was decoded; otherwise as :class:`Reading`."""

    series: list[Series] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unpacked: tempfile.TemporaryDirectory[str] | None = None


@dataclass
class _Files:
    """Headers in order, ``groups``, and ``pictures`` without any; told as in :class:`Reading`."""

    groups: list[list[Slice]]
    pictures: list[Path]
    problems: list[Problem]
    notes: list[str]
    unpacked: tempfile.TemporaryDirectory[str] | None
    budget: Budget


def find(
    paths: Sequence[Path],
    *,
    meaning: Meaning | None = None,
    progress: Progress | None = None,
) -> Finding:
    """Read the headers of what :func:`read` reads, to have the pixels slice by slice later.

    Files of :data:`~ctdenoise.scans.readers.READERS` that cannot be mapped are read at once.
    """
    files = _look(paths, progress or _quietly)
    problems, budget = files.problems, files.budget
    found: list[Series] = []
    for group in files.groups:
        sources = [slice.source for slice in group]
        coming = partial(_images, group, problems, budget)
        found.append(Series(group[0].facts.series, group[0].unit, sources, coming))
    for each in images.read_images(files.pictures, meaning, problems, budget):
        found.append(Series(each.name, each.unit, each.sources, partial(_pairs, each)))
    return Finding(_named_apart(found), problems, files.notes, files.unpacked)


def read(
    paths: Sequence[Path],
    *,
    meaning: Meaning | None = None,
    progress: Progress | None = None,
    on_file: Callable[[Path], None] | None = None,
    skip: frozenset[Path] = frozenset(),
    unpack_into: Path | None = None,
) -> Reading:
    """Read DICOM files and those of :data:`~ctdenoise.scans.readers.READERS`, folders and
    archives.

    A bad file becomes a problem while the others load; only an input of nothing but bad files
    leaves ``scans`` empty. ``meaning`` is that of numbers whose file does not say it, None where
    nobody said it. ``on_file`` hears of each file before it is opened, and ``skip`` names files not
    to open. Raises :class:`Problem` where all of it is more than one reading may cost.
    """
    tell = progress or _quietly
    hear = on_file or (lambda path: None)
    files = _look(paths, tell, hear, skip, unpack_into)
    reading = Reading(problems=files.problems, notes=files.notes, unpacked=files.unpacked)
    total, done = max(1, sum(map(len, files.groups)) + len(files.pictures)), 0
    for group in files.groups:
        before = done

        def step(n: int, before: int = before) -> None:
            tell(0.2 + 0.8 * (before + n) / total, f"Decoding slice {before + n} of {total}")

        _load(group, reading, files.budget, hear, step)
        done += len(group)
    told = files.problems
    for each in images.read_images(files.pictures, meaning, told, files.budget, hear):
        try:
            files.budget.hold(each.sources[0].path.name, each.mapped, *each.said.values.shape[-2:])
            reading.scans.append(each.scan())
            reading.sources.append(each.sources)
        except Problem as problem:
            reading.problems.append(problem)
        except MemoryError:
            reading.problems.append(too_large(each.sources[0].path.name))
    reading.scans[:] = _named_apart(reading.scans)
    tell(1.0, f"{len(reading.scans)} {'scan' if len(reading.scans) == 1 else 'scans'} loaded")
    return reading


def _quietly(fraction: float, sentence: str) -> None:
    """The progress that nobody asked for."""


def _look(
    paths: Sequence[Path],
    tell: Progress,
    hear: Callable[[Path], None] = lambda path: None,
    skip: frozenset[Path] = frozenset(),
    unpack_into: Path | None = None,
) -> _Files:
    """Unpack, read headers and put the slices in order."""
    tell(0.0, "Looking through the files")
    temporary = None
    if unpack_into is None:
        temporary = tempfile.TemporaryDirectory(prefix="ctdenoise-", ignore_cleanup_errors=True)
        unpack_into = Path(temporary.name)
    problems: list[Problem] = []
    notes: list[str] = []
    budget = Budget()
    files = [f for f in _files(paths, unpack_into, problems, budget) if f not in skip]
    pictures = {f: None for f in files if images.is_image(f)}  # in order, and found at once

    def headers() -> Iterator[list[Slice]]:
        for n, path in enumerate(files):
            if path not in pictures:
                hear(path)
                tell(0.2 * n / len(files), f"Reading header {n + 1} of {len(files)}")
                try:
                    yield dicom.slices(path)
                except Problem as problem:
                    problems.append(problem)

    found = [slice for slices in budget.timed(headers()) for slice in slices]
    return _Files(in_order(found, notes), list(pictures), problems, notes, temporary, budget)


def natural(text: str) -> list[str | int]:
    """A sort key in which slice2 comes before slice10.

    >>> sorted(["s10", "s2"], key=natural)
    ['s2', 's10']
    """
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def _files(
    paths: Sequence[Path], into: Path, problems: list[Problem], budget: Budget
) -> list[Path]:
    """All files meant, archives unpacked, those above the limits told as problems."""
    limits = settings()
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            below = (p for p in path.rglob("*") if p.is_file())
            inside = sorted(
                (p for p in below if not is_junk(p.relative_to(path).as_posix())),
                key=lambda p: natural(str(p)),
            )
            if not inside:
                problems.append(_empty(path))
            found += inside
        elif path.is_file() and is_dicomdir(path):
            indexed, lost = listed_files(path)
            found += indexed
            problems += lost
        elif path.is_file():
            found.append(path)
        else:
            problems.append(Problem(path.name, "does not exist", "check the path"))
    if len(found) > limits.upload_files:
        raise Problem(
            counted(len(found), "file"),
            f"are more than the {limits.upload_files} that can be read at once",
            "choose fewer",
        )
    files: list[Path] = []
    others = pixels_of_others(found)
    for n, path in enumerate(found):
        if path in others:
            continue
        try:
            if path.stat().st_size > limits.upload_file_mb * MEGABYTE:
                raise Problem(
                    path.name, f"is larger than {limits.upload_file_mb} MB", "split or shrink it"
                )
            if reader_of(path) is None and is_archive(path):
                unpacked, refused = unpack(path, into / f"{n:05d}", budget)
                files += unpacked
                problems += refused
                if not unpacked and not refused:
                    raise Problem(path.name, "holds no files", "choose another archive")
            else:
                files.append(path)
        except OSError:
            problems.append(Problem(path.name, "cannot be opened", "check its permissions"))
        except Problem as problem:
            problems.append(problem)
    return files


def _empty(folder: Path) -> Problem:
    for path in folder.rglob("*"):
        if path.is_file() and is_dicomdir(path):
            return Problem(
                path.name, "is only the index of a medium", "choose the files that it lists, too"
            )
    return Problem(folder.name, "holds no files", "choose another folder")


def _decode(
    group: list[Slice],
    problems: list[Problem],
    hear: Callable[[Path], None] = lambda path: None,
) -> Iterator[tuple[Slice, NDArray[np.float32]]]:
    """Decode a group slice by slice; a file that cannot be decoded becomes a problem."""
    for path, frames in groupby(group, key=lambda slice: slice.source.path):
        hear(path)
        slices = list(frames)
        try:
            decoded = pixels.decode(path, [slice.source.frame for slice in slices])
            for slice, (_, image) in zip(slices, decoded, strict=True):
                if image.shape != group[0].shape:
                    raise damaged(path.name)
                yield slice, image
        except Problem as problem:
            problems.append(problem)


def _images(group: list[Slice], problems: list[Problem], budget: Budget) -> Images:
    return ((slice.source, image) for slice, image in budget.timed(_decode(group, problems)))


def _pairs(each: images.ImageScan) -> Images:
    return zip(each.sources, each.slices(), strict=True)


def _load(
    group: list[Slice],
    reading: Reading,
    budget: Budget,
    hear: Callable[[Path], None],
    step: Callable[[int], None],
) -> None:
    """Decode a group into one array and add it to the reading, without what cannot be decoded."""
    try:
        budget.hold(group[0].source.path.name, len(group), *group[0].shape)
        values = np.empty((len(group), *group[0].shape), np.float32)
    except Problem as problem:
        reading.problems.append(problem)
        return
    except MemoryError:
        reading.problems.append(too_large(group[0].source.path.name))
        return
    kept: list[Slice] = []
    for slice, image in budget.timed(_decode(group, reading.problems, hear)):
        step(len(kept))
        values[len(kept)] = image
        kept.append(slice)
    if kept:
        reading.scans.append(_scan(kept, values[: len(kept)]))
        reading.sources.append([s.source for s in kept])


def _scan(group: list[Slice], values: NDArray[np.float32]) -> Scan:
    first = group[0]
    located = first.origin is not None
    exposures = [s.facts.exposure_mas for s in group if s.facts.exposure_mas]
    positions = [position(s) for s in group] if located else range(len(group))
    numbers = [s.number for s in group]
    return Scan(
        name=first.facts.series,
        values=values,
        spacing=first.spacing,
        positions=np.array(positions, np.float64),
        origins=np.array([s.origin if located else (0, 0, 0) for s in group], np.float64),
        orientation=first.orientation,
        unit=first.unit,
        facts=replace(
            first.facts,
            exposure_mas=float(np.mean(exposures)) if exposures else None,
        ),
        located=located,
        numbers=tuple(numbers) if any(numbers) and len(set(numbers)) == len(numbers) else None,
    )


def _named_apart(found: list[Named]) -> list[Named]:
    """The same, those of one name with a number."""
    counts = Counter(each.name for each in found)
    seen: Counter[str] = Counter()
    apart: list[Named] = []
    for each in found:
        seen[each.name] += 1
        several = counts[each.name] > 1
        apart.append(replace(each, name=f"{each.name} ({seen[each.name]})") if several else each)
    return apart
