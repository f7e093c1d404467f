"""Images other than DICOM as scans: those of one kind together, in HU or units of their own."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, damaged, too_large
from ctdenoise.scans.dose_words import dose_word_of_name, without_dose
from ctdenoise.scans.readers import ImageStack, reader_of, stem
from ctdenoise.scans.scan import Facts, Scan, SliceSource

Meaning = Literal["HU", "HU+1024", "own units"]
"""HU as they are; HU with 1024 added, so that air is 0; or anything else, kept as it is."""


def is_image(path: Path) -> bool:
    """Whether a file's name tells one of :data:`~ctdenoise.scans.readers.READERS`."""
    return reader_of(path) is not None


def read_images(
    paths: Sequence[Path], meaning: Meaning, problems: list[Problem]
) -> list[tuple[Scan, list[SliceSource]]]:
    """Images of one folder, size and kind of name become one scan, a stack becomes one by itself.

    ``ct_low_001.png`` and ``ct_full_001.png`` thus give a low-dose and a full-dose scan. Where the
    files do not say where their slices lie, the number at the end of a file's name is its slice's
    position, so that slices pair by name. ``meaning`` is that of numbers whose file does not say
    it. Files that cannot be read are added to ``problems``.
    """
    if meaning not in get_args(Meaning):
        raise Problem(
            f'"{meaning}"',
            "is no meaning of image values",
            f"use one of {', '.join(get_args(Meaning))}",
        )
    groups: dict[tuple[object, ...], list[_Image]] = defaultdict(list)
    for path in paths:
        try:
            image = _read(path, meaning)
        except Problem as problem:
            problems.append(problem)
            continue
        stack = image.stack
        alone = stem(path) if len(stack.values) > 1 else ""
        kind = re.sub(r"\d+", "#", stem(path))
        located = stack.origins is not None
        said = (stack.spacing, stack.orientation, located, stack.unit)
        suffix = path.name.removeprefix(stem(path)).lower()
        groups[path.parent, suffix, stack.values.shape[1:], said, kind, alone].append(image)
    return [_scan(members) for members in groups.values()]


@dataclass(frozen=True)
class _Image:
    """A file that has been read: its values float32 (slices, rows, columns), its unit known."""

    path: Path
    stack: ImageStack


def _scan(members: list[_Image]) -> tuple[Scan, list[SliceSource]]:
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
    sources = [SliceSource(each.path, i) for each in members for i in range(len(each.stack.values))]
    values = np.concatenate([each.stack.values for each in members])
    origins = np.zeros((len(sources), 3))
    if said.origins is not None:
        origins = np.concatenate([np.asarray(each.stack.origins, float) for each in members])
        positions = origins @ np.cross(said.orientation[:3], said.orientation[3:])
        along = np.argsort(positions, kind="stable")
        values, origins, positions = values[along], origins[along], positions[along]
        sources = [sources[i] for i in along]
    word = dose_word_of_name(stem(first)) or dose_word_of_name(first.parent.name)
    scan = Scan(
        name=name,
        values=values,
        spacing=said.spacing,
        positions=positions,
        origins=origins,
        orientation=said.orientation,
        unit=said.unit or "",
        facts=Facts(series=without_dose(stem(first)), modality="image", dose_word=word),
        located=said.origins is not None,
        numbers=None if said.origins is not None else numbers,
    )
    return scan, sources


def _number(path: Path) -> int | None:
    found = re.findall(r"\d+", stem(path))
    return int(found[-1]) if found else None


def _read(path: Path, meaning: Meaning) -> _Image:
    """A file with its numbers in HU where they can be."""
    reader = reader_of(path)
    assert reader is not None, "only files of a known format are read here"
    try:
        stack = reader.read(path)
        values = _checked(stack.values, path)
    except Problem:
        raise
    except MemoryError as error:
        raise too_large(path.name) from error
    except Exception as error:  # image libraries raise whatever they like
        raise damaged(path.name) from error
    if not np.isfinite(values).all():
        raise Problem(path.name, "holds values that are not numbers", "replace NaN and infinity")
    if stack.origins is not None and np.shape(stack.origins) != (len(values), 3):
        raise damaged(path.name)
    unit = stack.unit
    if unit is None:
        unit = "" if meaning == "own units" else "HU"
        if meaning == "HU+1024":
            values -= np.float32(1024)
    return _Image(path, replace(stack, values=values, unit=unit))


def _checked(values: NDArray[np.generic], path: Path) -> NDArray[np.float32]:
    """A copy in float32 (slices, rows, columns)."""
    if values.dtype.kind not in "iuf":
        raise Problem(path.name, "does not hold real numbers", "save it as integers or floats")
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise Problem(
            path.name,
            f"has the shape {'×'.join(map(str, values.shape))}",
            "save (rows, columns) or (slices, rows, columns)",
        )
    return np.array(values, np.float32).reshape(-1, *values.shape[-2:])
