"""PNG, TIFF and NPY files as scans, once somebody has said what their numbers mean."""

import re
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, damaged, too_large
from ctdenoise.scans.facts import dose_word
from ctdenoise.scans.scan import Facts, Scan, Source

Meaning = Literal["HU", "HU+1024", "own units"]
"""HU as they are; HU with 1024 added, so that air is 0; or anything else, kept as it is."""

SUFFIXES = {".png", ".tif", ".tiff", ".npy"}
_DOSE = {
    "low": re.compile(r"(?<![a-z])(low|ld|ldct|quarter|qd|noisy|input)(?![a-z])", re.I),
    "full": re.compile(r"(?<![a-z])(full|fd|fdct|nd|ndct|high|hd|clean|target)(?![a-z])", re.I),
}


def is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def read_images(
    paths: Sequence[Path], meaning: Meaning, problems: list[Problem]
) -> list[tuple[Scan, list[Source]]]:
    """Images of one folder, size and kind of name become one scan, a stack becomes one by itself.

    ``ct_low_001.png`` and ``ct_full_001.png`` thus give a low-dose and a full-dose scan. The
    number at the end of a file's name is its slice's position, so that slices pair by name.
    Files that cannot be read are added to ``problems``.
    """
    if meaning not in get_args(Meaning):
        raise Problem(
            f'"{meaning}"',
            "is no meaning of image values",
            f"use one of {', '.join(get_args(Meaning))}",
        )
    groups: dict[tuple[object, ...], list[tuple[Path, NDArray[np.float32]]]] = defaultdict(list)
    for path in paths:
        try:
            values = _values(path, meaning)
        except Problem as problem:
            problems.append(problem)
            continue
        alone = path.stem if len(values) > 1 else ""
        kind = re.sub(r"\d+", "#", path.stem)
        groups[path.parent, path.suffix.lower(), values.shape[1:], kind, alone].append(
            (path, values)
        )
    return [_scan(members, meaning) for members in groups.values()]


def _scan(
    members: list[tuple[Path, NDArray[np.float32]]], meaning: Meaning
) -> tuple[Scan, list[Source]]:
    numbers = [_number(path) for path, _ in members]
    if len(members) > 1 and None not in numbers and len(set(numbers)) == len(numbers):
        order = sorted(range(len(members)), key=lambda i: numbers[i] or 0)
        positions = [float(numbers[i] or 0) for i in order]
        members = [members[i] for i in order]
    else:
        positions = [float(i) for i in range(sum(len(values) for _, values in members))]
    first = members[0][0]
    name = first.stem if len(members) == 1 else f"{first.parent.name}/{first.stem} …"
    sources = [Source(path, i) for path, values in members for i in range(len(values))]
    scan = Scan(
        name=name,
        values=np.concatenate([values for _, values in members]),
        spacing=None,
        positions=np.array(positions),
        origins=np.zeros((len(sources), 3)),
        unit="" if meaning == "own units" else "HU",
        facts=Facts(series=_key(first), modality="image", dose_word=_word(first)),
    )
    return scan, sources


def _word(path: Path) -> str:
    for text in (path.stem, path.parent.name):
        said = dose_word(text) or next((w for w, p in _DOSE.items() if p.search(text)), "")
        if said:
            return said
    return ""


def _key(path: Path) -> str:
    """What the names of a low-dose and a full-dose image of the same thing have in common."""
    stem = path.stem
    for pattern in _DOSE.values():
        stem = pattern.sub("", stem)
    return re.sub(r"[\W_]+", " ", stem).strip()


def _number(path: Path) -> int | None:
    found = re.findall(r"\d+", path.stem)
    return int(found[-1]) if found else None


def _values(path: Path, meaning: Meaning) -> NDArray[np.float32]:
    """float32 (slices, rows, columns)."""
    try:
        values = _read(path)
    except Problem:
        raise
    except MemoryError as error:
        raise too_large(path.name) from error
    except Exception as error:  # image libraries raise whatever they like
        raise damaged(path.name) from error
    if not np.isfinite(values).all():
        raise Problem(path.name, "holds values that are not numbers", "replace NaN and infinity")
    return values - np.float32(1024) if meaning == "HU+1024" else values


def _read(path: Path) -> NDArray[np.float32]:
    suffix = path.suffix.lower()
    colour = Problem(path.name, "is a colour image", "save it as greyscale")
    if suffix == ".npy":
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    elif suffix == ".png":
        from PIL import Image

        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as image:
                if image.mode not in ("1", "L", "I", "I;16", "I;16B", "F"):
                    raise colour
                values = np.asarray(image)
    else:
        from tifffile import TiffFile

        with TiffFile(path) as tiff:
            if tiff.pages.first.samplesperpixel > 1:
                raise colour
            values = tiff.asarray()
    if values.dtype.kind not in "iuf":
        raise Problem(path.name, "does not hold real numbers", "save it as integers or floats")
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise Problem(
            path.name,
            f"has the shape {'×'.join(map(str, values.shape))}",
            "save (rows, columns) or (slices, rows, columns)",
        )
    return np.array(values, np.float32).reshape(-1, *values.shape[-2:])
