"""The index of a DICOM medium (PS3.10 8.6), which leads to its files."""

from contextlib import suppress
from pathlib import Path

from ctdenoise.errors import Problem
from ctdenoise.scans.dataset import open_dataset
from ctdenoise.scans.facts import value

_CLASS = b"1.2.840.10008.1.3.10"


def is_dicomdir(path: Path) -> bool:
    """Whether a file says in its first bytes that it is a Media Storage Directory."""
    try:
        with path.open("rb") as file:
            return _CLASS in file.read(512)
    except OSError:
        return False  # told when it is read


def listed_files(path: Path) -> tuple[list[Path], list[Problem]]:
    """The files that an index lists, below its own folder, and what is to be said of those that are
    not there. Raises :class:`Problem` where the index cannot be read."""
    folder = path.parent.resolve()
    files: list[Path] = []
    missing = 0
    for record in value(open_dataset(path, pixels=False), "DirectoryRecordSequence") or []:
        parts = value(record, "ReferencedFileID")
        if not parts:
            continue
        names = [parts] if isinstance(parts, str) else [str(part) for part in parts]
        found = _below(folder, names) or _below(folder, [name.lower() for name in names])
        if found:
            files.append(found)
        else:
            missing += 1
    problems = []
    if not files and not missing:
        problems.append(Problem(path.name, "lists no files", "choose the files themselves"))
    if missing:
        problems.append(
            Problem(
                path.name,
                f"lists {missing} files that are not beside it",
                "choose the whole folder or medium",
            )
        )
    return files, problems


def _below(folder: Path, names: list[str]) -> Path | None:
    with suppress(ValueError, OSError):  # names that no system knows
        place = folder.joinpath(*names).resolve()
        return place if place.is_relative_to(folder) and place.is_file() else None
    return None
