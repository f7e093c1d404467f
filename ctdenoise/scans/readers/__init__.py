"""Files of images other than DICOM: what each format's files are called and how they are read; one
registry of them.

This is no place for heavy libraries: the dashboard's server lists the formats. A reader imports
its library when it reads.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.registry import Registry


@dataclass(frozen=True)
class ImageStack:
    """What a file holds: ``values`` (slices, rows, columns), or (rows, columns) of one slice, in
    integers or floats, and what it says of them. They may be a memory map, of which no more than a
    slice at a time is read. ``slope`` × value + ``intercept`` is the number that the file means.

    ``spacing``: distance of rows and of columns in mm. ``orientation``: the cosines of a row and of
    a column, and ``origins`` (slices, 3) in mm where the first pixel of each slice lies, both as in
    DICOM, to the left, back and head. ``unit``: "HU", or "" for numbers of another meaning; None
    where the file does not say it, so that a person has to.
    """

    values: NDArray[np.generic]
    spacing: tuple[float, float] | None = None
    orientation: tuple[float, float, float, float, float, float] = (1, 0, 0, 0, 1, 0)
    origins: NDArray[np.float64] | None = None
    unit: str | None = None
    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True)
class Reader:
    """A format of files: ``suffixes`` in lower case, the usual one first, tell it from others.

    ``read`` may raise whatever it likes where a file is damaged, or a :class:`Problem` where a
    person can do something about it; before it allocates what a header promises it asks
    :func:`~ctdenoise.scans.budget.affordable`. ``write`` puts float32 (slices, rows, columns), or
    (rows, columns) of one slice, into a file; ``write_like`` does so for formats that say where
    slices lie, as the file says that is named last. Where there is neither, the format cannot hold
    HU, and results are written as TIFF. ``beside``: other files in which a file has its pixels.
    """

    name: str
    rank: int
    title: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], ImageStack]
    write: Callable[[NDArray[np.float32], Path], None] | None = None
    write_like: Callable[[NDArray[np.float32], Path, Path], None] | None = None
    beside: Callable[[Path], Sequence[Path]] = lambda path: ()


READERS: Registry[Reader] = Registry("file format", "ctdenoise.scans.readers")


def reader_of(path: Path) -> Reader | None:
    """Who reads a file of this name; None for what may be DICOM or an archive."""
    for reader in READERS.values():
        if _suffix(path, reader):
            return reader
    return None


def pixels_of_others(paths: Iterable[Path]) -> set[Path]:
    """Files that hold the pixels of one of ``paths`` and are not to be read by themselves."""
    readers = ((path, reader_of(path)) for path in paths)
    return {each for path, reader in readers if reader for each in reader.beside(path)}


def stem(path: Path) -> str:
    """A file's name without the suffix that its reader knows, which may have two parts."""
    reader = reader_of(path)
    return path.name.removesuffix(_suffix(path, reader)) if reader else path.stem


def _suffix(path: Path, reader: Reader) -> str:
    """The end of the name that makes a file the reader's, as it is written there, or ""."""
    name = path.name.lower()
    found = [each for each in reader.suffixes if name.endswith(each) and name != each]
    return path.name[-len(max(found, key=len)) :] if found else ""


def titles(last: str = "or") -> str:
    """Of all formats, as a sentence lists them: "PNG, TIFF or NPY"."""
    return listed((reader.title for reader in READERS.values()), last)


def suffixes() -> str:
    """The usual ones of all formats, as a sentence lists them: ".png, .tif or .npy"."""
    return listed((reader.suffixes[0] for reader in READERS.values()), "or")


def listed(words: Iterable[str], last: str) -> str:
    """Words as a sentence lists them: "a, b or c", where ``last`` is "or"."""
    *others, final = words
    return f"{', '.join(others)} {last} {final}" if others else final


def coloured(name: str) -> Problem:
    """A picture in colour, which has no CT numbers."""
    return Problem(name, "is a colour image", "save it as greyscale")
