"""Zip files, unpacked without trusting what they say about themselves."""

import errno
import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.settings import settings

MEGABYTE = 1 << 20

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # what it was packed with, or for, cannot be true
    ValueError,
    OSError,
)
"""What reading a damaged archive raises; of an OSError see :func:`_is_of_the_disk`."""


def is_junk(name: str) -> bool:
    """Whether a file is what operating systems and DICOM media add beside the scans."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return (
        any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts)
        or not parts
        or parts[-1].upper() in {"DICOMDIR", "THUMBS.DB", "DESKTOP.INI"}
    )


def is_zip(path: Path) -> bool:
    """Whether a file begins like a ZIP archive, be it an empty one."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


@telling_disk_problems
def unpack(archive: Path, into: Path) -> tuple[list[Path], list[Problem]]:
    """Unpack a zip and the zips inside it below ``into``; files that must not be come as problems.

    Each of its folders becomes a numbered one, so that no path in the archive decides where a
    file is written. The same archive always gives the same paths. Raises :class:`Problem` when the
    archive as a whole is refused.
    """
    budget = _Budget()
    files: list[Path] = []
    problems: list[Problem] = []
    waiting = [(archive, 0)]
    while waiting:
        path, depth = waiting.pop()
        for file in _unpack_one(path, into, budget, problems):
            if not is_zip(file):
                files.append(file)
            elif depth == 0:
                waiting.append((file, 1))
            else:
                problems.append(Problem(file.name, "is a zip in a zip in a zip", "unpack it first"))
    return files, problems


class _Budget:
    """How much an upload may still unpack, over all its archives."""

    def __init__(self) -> None:
        limits = settings()
        self.files, self.most_files = 0, limits.upload_files
        self.bytes, self.most_bytes = 0, limits.upload_total_mb * MEGABYTE
        self.file_mb = limits.upload_file_mb
        self.folders: dict[PurePosixPath, Path] = {}

    def announce(self, name: str, members: list[zipfile.ZipInfo]) -> None:
        """Refuse what is too large by its own account, before anything is written."""
        self.files += len(members)
        if self.files > self.most_files:
            raise Problem(
                name, f"holds more than {self.most_files} files", "split it into smaller archives"
            )
        sizes = [m.file_size for m in members if m.file_size <= self.file_mb * MEGABYTE]
        if self.bytes + sum(sizes) > self.most_bytes:
            raise self._too_much(name)

    def place(self, into: Path, posix: PurePosixPath) -> Path:
        """A free path for a member; its folder keeps its name, which may say "low" or "full"."""
        if posix.parent not in self.folders:
            name = "".join(c if c.isalnum() or c in " -_" else "_" for c in posix.parent.name)
            self.folders[posix.parent] = into / f"{len(self.folders):05d}" / (name[:60] or "files")
            self.folders[posix.parent].mkdir(parents=True)
        file = self.folders[posix.parent] / posix.name[-120:]
        return file if not file.exists() else file.with_name(f"{self.bytes:x} {file.name}")

    def take(self, name: str, size: int) -> None:
        self.bytes += size
        if self.bytes > self.most_bytes:
            raise self._too_much(name)

    def _too_much(self, name: str) -> Problem:
        return Problem(
            name,
            f"unpacks to more than {self.most_bytes // MEGABYTE} MB",
            "split it into smaller archives",
        )


def _unpack_one(path: Path, into: Path, budget: _Budget, problems: list[Problem]) -> list[Path]:
    files: list[Path] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not is_junk(m.filename)]
            budget.announce(path.name, members)
            for member in members:
                try:
                    _refuse(member, budget)
                    files.append(_extract(archive, member, path.name, into, budget))
                except Problem as problem:
                    if problem.subject == path.name:
                        raise
                    problems.append(problem)
    except _DAMAGE as error:
        if _is_of_the_disk(error):
            raise
        raise Problem(path.name, "is cut off or not a zip file", "make or copy it again") from error
    return files


def _posix(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _refuse(member: zipfile.ZipInfo, budget: _Budget) -> None:
    posix = _posix(member)
    if posix.is_absolute() or ".." in posix.parts or ":" in posix.parts[0]:
        raise Problem(
            posix.name, "has a path that leads out of its archive", "pack the archive again"
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Problem(posix.name, "is a link, not a file", "pack the file itself")
    if member.flag_bits & 1:
        raise Problem(posix.name, "is encrypted", "pack the archive without a password")
    if member.file_size > budget.file_mb * MEGABYTE:
        raise Problem(posix.name, f"is larger than {budget.file_mb} MB", "split it or leave it out")


def _extract(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, subject: str, into: Path, budget: _Budget
) -> Path:
    """Write one member in pieces, counting what really comes out."""
    file = budget.place(into, _posix(member))
    try:
        with archive.open(member) as packed, file.open("xb") as unpacked:
            while piece := packed.read(MEGABYTE):
                budget.take(subject, len(piece))
                unpacked.write(piece)
    except _DAMAGE as error:
        if _is_of_the_disk(error):
            raise
        raise Problem(
            _posix(member).name, "is damaged inside its archive", "pack the archive again"
        ) from error
    return file


def _is_of_the_disk(error: Exception) -> bool:
    """bzip2's own OSError has no number, and a damaged address is an invalid argument to seek."""
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)
