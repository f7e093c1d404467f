"""A copy of a home put back: checked to its last byte before anything takes its place.

.restoring-new/   what is unpacked and checked; left by a stop in between, it means nothing
.restoring/       the same while it takes its place: the database is not opened as long as it is
                  there, see :func:`refuse_half`; restoring again ends it
"""

import hashlib
import shutil
import tarfile
import zlib
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from ctdenoise.errors import Problem, Progress, damaged, telling_disk_problems
from ctdenoise.settings import private_home
from ctdenoise.workspace import database_copy, migrations
from ctdenoise.workspace.copies import (
    FOLDERS,
    FORMAT,
    MANIFEST,
    PIECE,
    TAKING,
    Entry,
    Manifest,
    fits,
)

NEW = ".restoring-new"


@telling_disk_problems
def restore(file: Path, *, overwrite: bool = False, progress: Progress | None = None) -> Manifest:
    """Put the copy in ``file`` into the home and the database; what it holds.

    Raises :class:`Problem`, and changes nothing, for a file that is no whole copy of ours, and
    where the home or the database holds something already, unless ``overwrite`` is wanted: then the
    copy replaces it.
    """
    home = private_home()
    begun = (home / TAKING).exists()  # which had leave to replace what is there
    if not (overwrite or begun) and _holds_something(home):
        raise Problem(
            "The home folder",
            "is not empty",
            "set CTDENOISE_HOME to an empty folder, or add --overwrite to replace what is there",
        )
    new = home / NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        manifest = _unpack(file, new, progress or (lambda fraction, sentence: None))
        _check(manifest, new)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    shutil.rmtree(home / TAKING, ignore_errors=True)
    new.rename(home / TAKING)
    _take_place(home, home / TAKING, manifest)
    return manifest


def _holds_something(home: Path) -> bool:
    folders = (home / name for name in FOLDERS)
    return any(each.is_dir() and any(each.iterdir()) for each in folders) or database_copy.in_use()


def _unpack(file: Path, new: Path, tell: Progress) -> Manifest:
    found: dict[str, Entry] = {}
    databases = tuple(database_copy.NAMES.values())
    whole = max(file.stat().st_size, 1)
    try:
        with file.open("rb") as opened, tarfile.open(fileobj=opened, mode="r:*") as tar:
            for member in tar:
                unfit = not member.isreg() or member.name in found
                if unfit or not fits(member.name, databases):
                    raise _foreign(file)
                place = new / member.name
                place.parent.mkdir(parents=True, exist_ok=True)
                found[member.name] = _write(tar, member, place)
                tell(min(opened.tell() / whole, 0.99), "The copy is being unpacked")
        manifest = Manifest.model_validate_json((new / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        if not file.exists():
            raise
        raise damaged(file.name) from error
    except (tarfile.TarError, EOFError, zlib.error, ValidationError, ValueError) as error:
        raise damaged(file.name) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise damaged(file.name) from error  # gzip's own, of a wrong checksum
    if any(found.get(name) != entry for name, entry in manifest.files.items()):
        raise damaged(file.name)
    for name in found.keys() - manifest.files.keys():  # was removed while the copy was made
        (new / name).unlink()
        with suppress(OSError):  # a folder that holds more
            for above in (new / name).relative_to(new).parents:
                (new / above).rmdir()
    for name in manifest.folders:
        if not fits(name, ()):
            raise _foreign(file)
        (new / name).mkdir(parents=True, exist_ok=True)
    return manifest


def _foreign(file: Path) -> Problem:
    return Problem(file.name, "is no copy made by CT Denoise", "choose another file")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> Entry:
    digest, size = hashlib.sha256(), 0
    content = tar.extractfile(member)
    if content is None:
        raise tarfile.ReadError("no content")
    with content, place.open("xb") as target:
        while piece := content.read(PIECE):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    if size != member.size:
        raise EOFError(member.name)
    return Entry(size=size, sha256=digest.hexdigest())


def _check(manifest: Manifest, new: Path) -> None:
    kind = database_copy.kind()
    if manifest.format > FORMAT or manifest.revision > migrations.newest():
        raise Problem(
            "The copy",
            f"was made by a newer CT Denoise ({manifest.version[:20]})",
            "install that version first",
        )
    if manifest.database != kind:
        raise Problem(
            "The copy",
            f"is of a database of the kind {manifest.database[:20]}, and here is {kind}",
            "set CTDENOISE_DATABASE to one of the copy's kind",
        )
    if database_copy.NAMES[kind] not in manifest.files:
        raise Problem("The copy", "has no database in it", "choose another file")
    if kind == "sqlite":
        database_copy.check(new / database_copy.NAMES[kind])


def _take_place(home: Path, new: Path, manifest: Manifest) -> None:
    """Everything in one go; what was there is deleted when all of it is in its place."""
    copy = new / database_copy.NAMES[manifest.database]
    if manifest.database == "postgresql":
        try:
            database_copy.load(copy)
        except Problem:  # then nothing has changed
            shutil.rmtree(new)
            raise
    old = new / "old"
    old.mkdir()
    for name in FOLDERS:
        with suppress(FileNotFoundError):
            (home / name).rename(old / name)
        with suppress(FileNotFoundError):
            (new / name).rename(home / name)
    if manifest.database == "sqlite":
        place = database_copy.file()
        for ending in ("-wal", "-shm"):
            place.with_name(place.name + ending).unlink(missing_ok=True)
        shutil.move(copy, place)
    new.rename(home / NEW)
    shutil.rmtree(home / NEW, ignore_errors=True)
