"""The index of a DICOM medium (PS3.10 8.6), which leads to its files."""

import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from ctdenoise.errors import Problem
from ctdenoise.scans.dataset import open_dataset, reason
from ctdenoise.scans.facts import value
from ctdenoise.units import counted

_CLASS = b"1.2.840.10008.1.3.10"
_RECORDS = b"\x04\x00\x20\x12"
"""The tag of the Directory Record Sequence, which is among the first of an index."""


def is_dicomdir(path: Path) -> bool:
    """Whether a file says in its first bytes that it is a Media Storage Directory, or is called so
    and has records."""
    begin = _begin(path)
    return _CLASS in begin or (path.name.upper() == "DICOMDIR" and _RECORDS in begin)


def listed_files(path: Path) -> tuple[list[Path], list[Problem]]:
    """The files that an index lists, below its own folder, and what is to be said of those that are
    not there. Raises :class:`Problem` where the index cannot be read."""
    folder = path.parent.resolve()
    named = cache(_named)
    files: list[Path] = []
    missing = 0
    for record in value(_opened(path), "DirectoryRecordSequence") or []:
        parts = value(record, "ReferencedFileID")
        if not parts or value(record, "RecordInUseFlag") == 0:
            continue
        place: Path | None = folder
        for part in "/".join([parts] if isinstance(parts, str) else map(str, parts)).split("/"):
            names = named(place) if place else {}
            place = next((names[key] for key in _keys(part) if key in names), None)
        if place and place.is_file() and place.resolve().is_relative_to(folder):
            files.append(place)
        else:
            missing += 1
    problems = []
    if not files and not missing:
        problems.append(Problem(path.name, "lists no files", "choose the files themselves"))
    if missing:
        what = f"{counted(missing, 'file')} that {'is' if missing == 1 else 'are'}"
        problems.append(
            Problem(path.name, f"lists {what} not beside it", "choose the whole folder or medium")
        )
    return files, problems


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024)
    except OSError:
        return b""  # told when it is read


def _opened(path: Path) -> Dataset:
    begin = _begin(path)
    if _CLASS in begin:
        return open_dataset(path, pixels=False)
    try:  # without meta information, which pydicom asks for
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file.seek(132 if begin[128:132] == b"DICM" else 0)
            return read_dataset(file, is_implicit_VR=False, is_little_endian=True)
    except Exception as error:
        raise reason(error, path.name) from error


def _keys(name: str) -> tuple[str, str, str]:
    """What a file may be found by, the surest first: copies of a medium change the case of names,
    and give or take a version, a dot and an ending (ISO 9660)."""
    name = name.strip()
    plain = name.casefold().partition(";")[0].rstrip(".")
    return name, name.casefold(), plain.removesuffix(".dcm")


def _named(folder: Path) -> dict[str, Path]:
    """What lies in a folder, by each key; a surer one wins."""
    inside: list[Path] = []
    with suppress(OSError):  # no folder, or one that nobody may read
        inside = sorted(folder.iterdir())
    return {
        key: path
        for keys in reversed(list(zip(*(_keys(path.name) for path in inside), strict=True)))
        for key, path in zip(keys, inside, strict=True)
    }
