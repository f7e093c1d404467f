"""Files and folders that are there whole or not at all, whoever looks at them meanwhile.

Each is made under a hidden name on the same disk and then renamed, which no reader can see half
done. An ``OSError`` goes through to the caller; :func:`ctdenoise.errors.telling_disk_problems`
tells it in a sentence.
"""

import errno
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FULL = re.compile(r"No space left on device|os error (28|112|122)\b|\d+ requested and \d+ written")
MAKING, REMOVED = ".making-", ".removed-"
"""How the hidden names of folders begin that are being filled, and that are being deleted."""
DAY_SECONDS = 86_400.0
LONGEST = 120
"""Bytes of a name on the disk, where no system allows more than 255."""
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@contextmanager
def atomic_file(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """A hidden path beside ``path`` to write to, which replaces ``path`` where the block ends well
    and is removed where it does not. Two may write the same file at once: the last one wins.

    With ``durable`` the content is on the disk before the name is, so that a power cut leaves the
    old file or the new one.
    """
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}.part")
    try:
        yield part
        if durable:
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
    except Exception as error:
        if _says_full(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        if isinstance(error, OSError) and error.filename == str(part):
            error.filename = str(path)  # people know the file by its own name
        raise
    finally:
        part.unlink(missing_ok=True)


def _says_full(error: Exception) -> bool:
    """Whether a library tells in words of its own that the disk is full: safetensors in an error of
    its own, numpy in one without a number."""
    return getattr(error, "errno", None) is None and bool(FULL.search(str(error)))


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file of these bytes, or of this text in UTF-8, in place of what was there."""
    with atomic_file(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def atomic_folder(path: Path, home: Path | None = None) -> Iterator[Path]:
    """An empty folder to fill, which becomes ``path`` where the block ends well and is removed
    where it does not. It is made in ``home``, beside ``path`` unless another is given: where lists
    look through all folders beside ``path``, they must not meet it.

    Raises ``OSError`` where ``path`` is a folder with something in it by then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    making = (home or path.parent) / f"{MAKING}{path.name}-{secrets.token_hex(4)}"
    making.mkdir(parents=True)
    try:
        yield making
        making.rename(path)
    except Exception as error:
        if _says_full(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def remove_folder(path: Path, home: Path | None = None) -> None:
    """Delete a folder that others may look at: at once it is out of every list, while readers keep
    what they have mapped. ``home`` as in :func:`atomic_folder`."""
    gone = (home or path.parent) / f"{REMOVED}{path.name}-{secrets.token_hex(4)}"
    path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def sweep(left: Iterable[Path], seconds: float) -> None:
    """Delete those files and folders that nobody changed for ``seconds``: what a killed process
    left, not what another is still working on."""
    for each in left:
        with suppress(OSError):
            if time.time() - each.stat().st_mtime > seconds:
                shutil.rmtree(each) if each.is_dir() else each.unlink()


def opened(folder: Path) -> None:
    """Remember that somebody opened what a folder holds: its time is that of the last day on which
    somebody did, or changed it."""
    with suppress(OSError):  # of a disk that is full or read-only nothing has to be remembered
        if time.time() - folder.stat().st_mtime > DAY_SECONDS:
            os.utime(folder)


def safe(name: str) -> list[str]:
    """A path of a browser or an archive as names that every system can keep, which say to readers
    what the given ones say: words, numbers and the suffix stay.

    >>> safe("../low/a:b.dcm"), safe("C:\\\\scans\\\\NUL.png"), safe("..")
    (['low', 'a_b.dcm'], ['C_', 'scans', '_NUL.png'], ['file'])
    """
    parts = [_safe(part) for part in name.replace("\\", "/").split("/")]
    return [part for part in parts if part][-8:] or ["file"]


def _safe(part: str) -> str:
    clean = _UNFIT.sub("_", unicodedata.normalize("NFC", part)).strip(" ").rstrip(". ")
    if _RESERVED.match(clean):
        clean = f"_{clean}"
    whole = clean.encode()
    if len(whole) <= LONGEST:
        return whole.decode()
    begin, end = whole[: 2 * LONGEST // 3], whole[-LONGEST // 3 :]
    return begin.decode(errors="ignore") + end.decode(errors="ignore")
