"""A copy of everything that people have here, in one file, made while the server runs.

The database comes first and the folders after it, so that each row has its folder; what was removed
meanwhile is taken out again. Logs that grow (``*.jsonl``) are copied before what they tell of.
"""

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO

from ctdenoise import __version__
from ctdenoise.errors import Problem, Progress, telling_disk_problems
from ctdenoise.files import DAY_SECONDS, atomic_file, sweep
from ctdenoise.settings import settings
from ctdenoise.workspace import database_copy
from ctdenoise.workspace.copies import FOLDERS, MANIFEST, PIECE, Entry, Manifest

BESIDE = ".backup-"
"""Begins the name of a folder beside the copy, while it is made."""
SMALL = 8 << 20
"""Files up to this size are read whole before they are written: they may change in length."""


@telling_disk_problems
def save(file: Path, progress: Progress | None = None) -> Manifest:
    """Write a copy of the home and the database to ``file``, whole or not at all; what it holds.
    Raises :class:`Problem` where there is nothing to copy, or it cannot be written."""
    kind = database_copy.kind()
    left = (f".{file.name}-*.part", f"{BESIDE}*")  # by one that was killed
    sweep(chain.from_iterable(map(file.absolute().parent.glob, left)), DAY_SECONDS)
    with (
        atomic_file(file, durable=True) as part,
        tempfile.TemporaryDirectory(prefix=BESIDE, dir=file.absolute().parent) as beside,
    ):
        copy = Path(beside) / database_copy.NAMES[kind]
        database_copy.save(copy)
        mode = "w:gz" if file.name.endswith("gz") else "w"
        options = {"compresslevel": 1} if mode == "w:gz" else {}
        with tarfile.open(part, mode, **options) as tar:  # type: ignore[call-overload]
            found = _Writer(tar, progress or (lambda fraction, sentence: None))
            for unit in found.units:
                found.add_unit(unit)
            database_copy.forget_removed(copy)
            found.add(copy, copy.name)
            manifest = Manifest(
                version=__version__,
                database=kind,
                revision=database_copy.revision(copy),
                files=found.files,
                folders=found.folders,
            )
            found.write(MANIFEST, manifest.model_dump_json(indent=1).encode())
    return manifest


class _Writer:
    """Adds folders and files to an archive and remembers what it added."""

    def __init__(self, tar: tarfile.TarFile, progress: Progress) -> None:
        self.tar, self.tell, self.home = tar, progress, settings().home
        self.files: dict[str, Entry] = {}
        self.folders: list[str] = []
        self.units = list(_units(self.home))
        self.whole = sum(_size(path) for unit in self.units for path in _files(unit)) or 1
        self.done = 0

    def add_unit(self, unit: Path) -> None:
        """Add a run, a scan or the like; nothing of it counts where it is removed meanwhile."""
        before = dict(self.files), list(self.folders)
        for path in _files(unit):
            with suppress(FileNotFoundError):
                self.add(path, path.relative_to(self.home).as_posix())
        if not unit.exists():
            self.files, self.folders = before

    def add(self, path: Path, name: str) -> None:
        """Add a folder, or a file as it is when it is opened."""
        if path.is_dir():
            self.folders.append(name)
            return
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= SMALL:
                self.write(name, file.read())
            else:
                info, hashing = _info(name), _Hashing(file)
                info.size = size
                try:
                    self.tar.addfile(info, hashing)
                except OSError as error:
                    if error.errno is not None:
                        raise
                    changed = "became shorter while it was copied"
                    raise Problem(path.name, changed, "try again") from error
                self.files[name] = Entry(size=size, sha256=hashing.digest.hexdigest())
        self.done += size
        self.tell(min(self.done / self.whole, 0.99), "The home is being copied")

    def write(self, name: str, content: bytes) -> None:
        """Add a file of these bytes."""
        info = _info(name)
        info.size = len(content)
        self.tar.addfile(info, io.BytesIO(content))
        digest = hashlib.sha256(content).hexdigest()
        self.files[name] = Entry(size=len(content), sha256=digest)


class _Hashing:
    """A file that remembers the digest of what was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def read(self, count: int = PIECE) -> bytes:
        """The next bytes."""
        piece = self.file.read(count)
        self.digest.update(piece)
        return piece


def _info(name: str) -> tarfile.TarInfo:
    """Without owner and time: they are nobody's business."""
    info = tarfile.TarInfo(name)
    info.mode = 0o600
    return info


def _units(home: Path) -> Iterator[Path]:
    """What is whole or not there: runs, lessons, and in each workspace what lies in its folders."""
    for top in FOLDERS:
        for each in _visible(home / top):
            if top != "workspaces" or not each.is_dir():
                yield each
                continue
            for place in _visible(each):
                yield from _visible(place) if place.is_dir() else [place]


def _files(unit: Path) -> Iterator[Path]:
    """A unit's folders and files; logs that grow first, links and what is half made never."""
    if not unit.is_dir():
        yield unit
        return
    yield unit
    entries = sorted(_visible(unit), key=lambda path: (path.suffix != ".jsonl", path.name))
    for each in entries:
        yield from _files(each)


def _visible(folder: Path) -> list[Path]:
    """What lies in a folder, but nothing hidden, no link and no upload that is on its way."""
    with suppress(FileNotFoundError):  # removed while we looked; what may not be read is told
        return [
            each
            for each in sorted(folder.iterdir())
            if not each.name.startswith(".")
            and not each.is_symlink()
            and (each.is_dir() or each.is_file())
            and not each.name.endswith((".coming", ".lock"))
        ]
    return []


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size if path.is_file() else 0
    return 0
