"""Archives (zip, tar, either of them or a single file in gzip), unpacked without trusting what they
say about themselves."""

import errno
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from gzip import GzipFile
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import safe
from ctdenoise.scans.budget import GZIP, MEGABYTE, Budget, TooMuch, bomb, pieces, unpacked_most
from ctdenoise.scans.readers import pixels_of_others, reader_of
from ctdenoise.settings import settings
from ctdenoise.units import counted

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # what it was packed with, or for, cannot be true
    ValueError,
    RecursionError,
    MemoryError,
    OSError,
)
"""What reading a damaged archive raises; of an OSError see :func:`_is_of_the_disk`."""
_ZIP, _TAR = (b"PK\x03\x04", b"PK\x05\x06"), b"ustar"
_UNREAD = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
"""Methods of zip that the library does not know (APPNOTE 4.4.5)."""
_TAR_AT = 257
"""Where a tar file says that it is one (POSIX.1-1988)."""
_LONG = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
         tarfile.GNUTYPE_LONGLINK)  # fmt: skip
"""Headers of tar that are read into memory for the one that follows them."""
_LONG_IN_A_ROW = 8
_ENTRIES = 10
"""Of an archive, with folders and junk, for each file that may be loaded."""


def is_junk(name: str) -> bool:
    """Whether a file is what operating systems and DICOM media add beside the scans."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return (
        any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts)
        or not parts
        or parts[-1].upper() in {"DICOMDIR", "THUMBS.DB", "DESKTOP.INI"}
    )


def is_archive(path: Path) -> bool:
    """Whether a file begins like one of the archives that are unpacked, be it an empty one."""
    with path.open("rb") as file:
        begin = file.read(_TAR_AT + len(_TAR))
    return begin[:4] in _ZIP or begin.startswith(GZIP) or begin[_TAR_AT:] == _TAR


@telling_disk_problems
def unpack(
    archive: Path, into: Path, budget: Budget | None = None
) -> tuple[list[Path], list[Problem]]:
    """Unpack an archive and those inside it below ``into``; files that must not be come as
    problems.

    Each of its folders becomes a numbered one, so that no path in the archive decides where a
    file is written. The same archive always gives the same paths. Raises :class:`Problem` when the
    archive as a whole is refused, for one where it is more than ``budget`` has left.
    """
    unpacking = _Unpacking(archive, into, budget or Budget())
    files: list[Path] = []
    waiting = [(archive, 0)]
    while waiting:
        path, depth = waiting.pop()
        try:
            inside = unpacking.unpack(path)
        except Problem as problem:
            if depth == 0 or isinstance(problem, TooMuch):
                raise
            unpacking.problems.append(problem)
            continue
        others = pixels_of_others(inside)
        for file in inside:
            if file in others or reader_of(file) is not None or not is_archive(file):
                files.append(file)
            elif depth == 0:
                waiting.append((file, 1))
            else:
                unpacking.problems.append(
                    Problem(file.name, "is an archive in one in another", "unpack it first")
                )
    return files, unpacking.problems


@dataclass(frozen=True)
class _Member:
    """A file or folder in an archive: its path there, the size that it says it has, what must not
    be read of it (reason and hint), and how it is opened."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | GzipFile | None]
    refused: tuple[str, str] | None = None
    folder: bool = False

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name.replace("\\", "/"))


class _Unpacking:
    """What an archive, with all inside it, may still unpack, and where it goes."""

    def __init__(self, archive: Path, into: Path, budget: Budget) -> None:
        self.into, self.budget = into, budget
        self.length = archive.stat().st_size
        self.left = unpacked_most(self.length)
        self.entries = _ENTRIES * settings().upload_files
        self.problems: list[Problem] = []
        self.folders: dict[PurePosixPath, Path] = {}
        self.again = count(2)

    def unpack(self, archive: Path) -> list[Path]:
        """The files of one archive; those that are refused become problems."""
        files: list[Path] = []
        try:
            for batch in self.budget.timed(_batches(archive)):
                self.count(archive.name, len(batch))
                members = [each for each in batch if not each.folder and not is_junk(each.name)]
                self.announce(archive.name, members)
                for member in members:
                    try:
                        _refuse(member)
                        files.append(self.extract(member, archive.name))
                    except TooMuch:
                        raise
                    except Problem as problem:
                        self.problems.append(problem)
        except _DAMAGE as error:
            if _is_of_the_disk(error):
                raise
            raise Problem(
                archive.name, "is cut off or not an archive", "make or copy it again"
            ) from error
        return files

    def count(self, name: str, entries: int) -> None:
        """Refuse what takes its time by nothing but the number of what it lists."""
        self.entries -= entries
        if self.entries < 0:
            most = counted(_ENTRIES * settings().upload_files, "file")
            raise TooMuch(
                name,
                f"holds more than {most} and folders",
                "split it into smaller archives",
            )

    def announce(self, name: str, members: list[_Member]) -> None:
        """Refuse what is too large by its own account, before anything is written."""
        self.budget.files -= len(members)
        if self.budget.files < 0:
            raise TooMuch(
                name,
                f"holds more than {counted(settings().upload_files, 'file')}",
                "split it into smaller archives",
            )
        most = settings().upload_file_mb * MEGABYTE
        self.fits(name, sum(member.size for member in members if member.size <= most))

    def extract(self, member: _Member, archive: str) -> Path:
        """Write one member in pieces, counting what really comes out."""
        file, most = self.place(member.path), settings().upload_file_mb * MEGABYTE
        try:
            packed = member.open()
            assert packed is not None, "only files are opened"
            with packed, file.open("xb") as unpacked:
                for piece in self.budget.timed(pieces(packed)):
                    self.fits(archive, len(piece))
                    self.left -= len(piece)
                    self.budget.unpacked -= len(piece)
                    unpacked.write(piece)
                    if unpacked.tell() > most:
                        raise _too_large(member)
        except _DAMAGE as error:
            if _is_of_the_disk(error):
                raise
            raise Problem(
                member.path.name, "is damaged inside its archive", "pack the archive again"
            ) from error
        return file

    def fits(self, name: str, size: int) -> None:
        """Refuse ``size`` more bytes where they are too many."""
        if size > self.budget.unpacked:
            raise TooMuch(
                name,
                f"unpacks to more than {settings().upload_total_mb} MB, with what else was unpacked"
                " of this upload",
                "split it into smaller archives",
            )
        if size > self.left:
            raise bomb(name, self.length)

    def place(self, posix: PurePosixPath) -> Path:
        """A free path for a member; its folder keeps its name, which may say "low" or "full"."""
        if posix.parent not in self.folders:
            numbered = self.into / f"{len(self.folders):05d}"
            self.folders[posix.parent] = numbered / safe(posix.parent.name or "files")[-1]
            self.folders[posix.parent].mkdir(parents=True)
        name = safe(posix.name)[-1]
        file = self.folders[posix.parent] / name
        while file.exists():
            file = file.with_name(f"{next(self.again)} {name}")
        return file


class _Limited:
    """What comes out of a compressed file, for as long as that is not more than it may be."""

    def __init__(self, file: GzipFile, path: Path) -> None:
        self._file, self._name, self._length = file, path.name, path.stat().st_size
        self._left = unpacked_most(self._length)

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise bomb(self._name, self._length)
        return piece


def _batches(path: Path) -> Iterator[list[_Member]]:
    """The files in an archive: all at once where it lists them, else one after the other, each to
    be read before the next is asked for."""
    with path.open("rb") as file:
        if file.read(4) in _ZIP:
            with zipfile.ZipFile(path) as archive:
                yield [_zipped(archive, info) for info in archive.infolist()]
            return
        file.seek(0)
        gzipped = file.read(len(GZIP)) == GZIP
        file.seek(0)
        if not gzipped:
            yield from _tarred(file)
            return
        with GzipFile(fileobj=file) as packed:
            begin = packed.read(_TAR_AT + len(_TAR))
            packed.seek(0)
            if begin[_TAR_AT:] == _TAR:
                yield from _tarred(_Limited(packed, path))
            else:
                yield [_Member(path.stem, 0, lambda: packed)]


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    refused = None
    if stat.S_ISLNK(info.external_attr >> 16):
        refused = "is a link, not a file", "pack the file itself"
    elif info.flag_bits & 1:
        refused = "is encrypted", "pack the archive without a password"
    elif info.compress_type in _UNREAD:
        method = _UNREAD[info.compress_type]
        refused = f"is compressed as {method}, which is not read", "pack it as an ordinary zip"
    size, opened = info.file_size, partial(archive.open, info)
    return _Member(info.filename, size, opened, refused, info.is_dir())


def _tarred(file: Any) -> Iterator[list[_Member]]:
    with tarfile.open(fileobj=file, mode="r|", tarinfo=_headers()) as archive:
        for info in archive:
            refused = None if info.isreg() else ("is a link or device, not a file",
                                                 "pack the file itself")  # fmt: skip
            opened = partial(archive.extractfile, info)
            yield [_Member(info.name, info.size, opened, refused, info.isdir())]
            archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
    while file.read(MEGABYTE):  # to the checksum of what it is packed in
        pass


def _headers() -> type[tarfile.TarInfo]:
    """How the headers of one tar are read: each by itself is looked at before what it announces is
    read into memory, one within the other."""
    in_a_row = 0

    class Header(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            nonlocal in_a_row
            header = super().frombuf(buf, encoding, errors)
            in_a_row = in_a_row + 1 if header.type in _LONG else 0
            if in_a_row > _LONG_IN_A_ROW or (in_a_row and header.size > MEGABYTE):
                raise tarfile.ReadError("a name or note larger than any")
            return header

    return Header


def _refuse(member: _Member) -> None:
    posix = member.path
    if posix.is_absolute() or ".." in posix.parts or ":" in posix.parts[0]:
        raise Problem(
            posix.name, "has a path that leads out of its archive", "pack the archive again"
        )
    if member.refused:
        raise Problem(posix.name, *member.refused)
    if member.size > settings().upload_file_mb * MEGABYTE:
        raise _too_large(member)


def _too_large(member: _Member) -> Problem:
    most = settings().upload_file_mb
    return Problem(member.path.name, f"is larger than {most} MB", "split it or leave it out")


def _is_of_the_disk(error: Exception) -> bool:
    """bzip2's own OSError has no number, and a damaged address is an invalid argument to seek."""
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)
