"""Images other than DICOM as scans: those of one kind together, in HU or units of their own."""

import errno
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, damaged, disk_problem, too_large
from ctdenoise.scans.budget import Budget
from ctdenoise.scans.dose_words import dose_word_of_name, without_dose
from ctdenoise.scans.meaning import SCALES, Meaning, Scale, known, meant
from ctdenoise.scans.readers import ImageStack, coloured, reader_of, stem
from ctdenoise.scans.scan import Facts, Scan, SliceSource

LARGE = 16
"""Pixels of a side that is not one of colours."""


def is_image(path: Path) -> bool:
    """Whether a file's name tells one of :data:`~ctdenoise.scans.readers.READERS`."""
    return reader_of(path) is not None


@dataclass(frozen=True)
class ImageScan:
    """A scan of images, in order. Where their formats allow, values are still in the files."""

    name: str
    sources: list[SliceSource]
    positions: NDArray[np.float64]
    origins: NDArray[np.float64]
    facts: Facts
    scale: Scale
    said: ImageStack
    """What the first file says, and all of them."""
    stored: list[tuple[ImageStack, int]]
    """Where each slice is: the stack of its file, and its place there."""
    numbers: tuple[int, ...] | None = None
    """As of a :class:`~ctdenoise.scans.scan.Scan`."""

    @property
    def unit(self) -> str:
        """As of a :class:`~ctdenoise.scans.scan.Scan`."""
        return self.scale.unit

    @property
    def mapped(self) -> int:
        """Of how many slices the values are still in the files."""
        return sum(_mapped(stack) for stack, _ in self.stored)

    def slices(self) -> Iterator[NDArray[np.float32]]:
        """One after the other, float32 (rows, columns) in their unit."""
        for stack, place in self.stored:
            numbers = self.scale.slope * _numbers(stack, place) + self.scale.intercept
            yield numbers.astype(np.float32)

    def scan(self) -> Scan:
        """All of them in memory."""
        values = np.empty((len(self.stored), *self.said.values.shape[-2:]), np.float32)
        for place, image in enumerate(self.slices()):
            values[place] = image
        return Scan(
            name=self.name,
            values=values,
            spacing=self.said.spacing,
            positions=self.positions,
            origins=self.origins,
            orientation=self.said.orientation,
            unit=self.unit,
            facts=self.facts,
            located=self.said.origins is not None,
            numbers=self.numbers,
        )


def read_images(
    paths: Sequence[Path],
    meaning: Meaning | None,
    problems: list[Problem],
    budget: Budget | None = None,
    hear: Callable[[Path], None] = lambda path: None,
) -> list[ImageScan]:
    """Images of one folder, size and kind of name become one scan, a stack becomes one by itself.

    ``ct_low_001.png`` and ``ct_full_001.png`` thus give a low-dose and a full-dose scan. Where the
    files do not say where their slices lie, the number at the end of a file's name is its slice's
    position, so that slices pair by name. ``meaning`` is that of numbers whose file does not say
    it, None where nobody said it. Files that cannot be read, and scans whose numbers may mean
    anything (:class:`~ctdenoise.scans.meaning.Unclear`), are added to ``problems``. ``hear`` is
    told of each file before it is opened. Raises :class:`Problem` where all together cost more than
    ``budget`` has; of those that are mapped, nothing is held yet.
    """
    meaning, budget = known(meaning), budget or Budget()
    groups: dict[tuple[object, ...], list[_Image]] = defaultdict(list)
    for image in budget.timed(_readable(paths, problems, hear)):
        stack, path = image.stack, image.path
        slices, rows, columns = stack.values.shape
        if not _mapped(stack):
            budget.hold(path.name, slices, rows, columns)
        alone = stem(path) if slices > 1 else ""
        kind = re.sub(r"\d+", "#", stem(path))
        said = (stack.spacing, stack.orientation, stack.origins is not None, stack.unit)
        suffix = path.name.removeprefix(stem(path)).lower()
        groups[path.parent, suffix, rows, columns, said, kind, alone].append(image)
    found: list[ImageScan] = []
    for members in (scan for group in groups.values() for scan in _apart(group)):
        try:
            found.append(_together(members, meaning))
        except Problem as problem:
            problems.append(problem)
    return found


@dataclass(frozen=True)
class _Image:
    """A file that has been opened: its values (slices, rows, columns), and the lowest and highest
    of its numbers."""

    path: Path
    stack: ImageStack
    range: tuple[float, float]


def _apart(group: list[_Image]) -> list[list[_Image]]:
    """Scans whose slices are numbered alike: ``L067_0``, ``L067_1`` and ``L096_0``, ``L096_1``."""
    numbers = [re.findall(r"\d+", stem(image.path)) for image in group]
    varying = [values for values in zip(*numbers, strict=True) if len(set(values)) > 1]
    if not varying or len(set(varying[-1])) == len(group):
        return [group]
    scans: dict[tuple[str, ...], list[_Image]] = defaultdict(list)
    for image, *scan in zip(group, *varying[:-1], strict=True):
        scans[tuple(scan)].append(image)
    return list(scans.values())


def _together(members: list[_Image], meaning: Meaning | None) -> ImageScan:
    named = [_number(member.path) for member in members]
    numbers: tuple[int, ...] | None = None
    if len(members) > 1 and None not in named and len(set(named)) == len(named):
        order = sorted(range(len(members)), key=lambda i: named[i] or 0)
        numbers = tuple(named[i] or 0 for i in order)
        positions = np.array(numbers, float)
        members = [members[i] for i in order]
    else:
        positions = np.arange(sum(len(member.stack.values) for member in members), dtype=float)
    first, said = members[0].path, members[0].stack
    name = stem(first) if len(members) == 1 else f"{first.parent.name}/{stem(first)} …"
    if said.unit is not None:
        scale = SCALES["HU" if said.unit == "HU" else "own units"]
    else:
        low, high = (ends(m.range[n] for m in members) for n, ends in enumerate((min, max)))
        subject = first.name if len(members) == 1 else f"{first.name} and the like"
        scale = SCALES[meant(subject, meaning, low, high)]
    places = [(member, i) for member in members for i in range(len(member.stack.values))]
    origins = np.zeros((len(places), 3))
    if said.origins is not None:
        origins = np.concatenate([np.asarray(each.stack.origins, float) for each in members])
        positions = origins @ np.cross(said.orientation[:3], said.orientation[3:])
        along = np.argsort(positions, kind="stable")
        origins, positions = origins[along], positions[along]
        places = [places[i] for i in along]
    word = dose_word_of_name(stem(first)) or dose_word_of_name(first.parent.name)
    return ImageScan(
        name=name,
        sources=[SliceSource(member.path, i) for member, i in places],
        positions=positions,
        origins=origins,
        facts=Facts(series=without_dose(stem(first)), modality="image", dose_word=word),
        numbers=None if said.origins is not None else numbers,
        scale=scale,
        said=said,
        stored=[(member.stack, i) for member, i in places],
    )


def _number(path: Path) -> int | None:
    found = re.findall(r"\d+", stem(path))
    return int(found[-1]) if found else None


def _readable(
    paths: Sequence[Path], problems: list[Problem], hear: Callable[[Path], None]
) -> Iterator[_Image]:
    for path in paths:
        hear(path)
        try:
            yield _opened(path)
        except Problem as problem:
            problems.append(problem)


def _opened(path: Path) -> _Image:
    """A file whose numbers have been looked through, a slice at a time."""
    reader = reader_of(path)
    assert reader is not None, "only files of a known format are read here"
    try:
        stack = reader.read(path)
        stack = replace(stack, values=_checked(stack, path))
        ends = [_range(stack, place, path.name) for place in range(len(stack.values))]
    except Problem:
        raise
    except MemoryError as error:
        raise too_large(path.name) from error
    except Exception as error:  # image libraries raise whatever they like
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_problem(error, f"What {path.name} unpacks to") from error
        raise damaged(path.name) from error
    if stack.origins is not None and np.shape(stack.origins) != (len(stack.values), 3):
        raise damaged(path.name)
    return _Image(path, stack, (min(low for low, _ in ends), max(high for _, high in ends)))


def _checked(stack: ImageStack, path: Path) -> NDArray[np.generic]:
    """The values as (slices, rows, columns), not copied."""
    values = stack.values
    if values.dtype.kind not in "iuf":
        raise Problem(path.name, "does not hold real numbers", "save it as integers or floats")
    unknown = stack.origins is None
    if unknown and values.shape[2:] in ((3,), (4,)) and min(values.shape[:2]) >= LARGE:
        raise coloured(path.name)
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise Problem(
            path.name,
            f"has the shape {'×'.join(map(str, values.shape))}",
            "save (rows, columns) or (slices, rows, columns)",
        )
    return values.reshape(-1, *values.shape[-2:])


def _mapped(stack: ImageStack) -> bool:
    return isinstance(stack.values, np.memmap)


def _numbers(stack: ImageStack, place: int) -> NDArray[np.float64]:
    numbers = np.asarray(stack.values[place], np.float64)
    return numbers * stack.slope + stack.intercept


def _range(stack: ImageStack, place: int, name: str) -> tuple[float, float]:
    numbers = _numbers(stack, place)
    low, high = float(numbers.min()), float(numbers.max())
    if not np.isfinite((low, high)).all():
        raise Problem(name, "holds values that are not numbers", "replace NaN and infinity")
    return low, high
