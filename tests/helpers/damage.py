"""Our own files, damaged in every way that disks and people know."""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _tail(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _garbage(file: Path) -> None:
    size = max(file.stat().st_size, 64)
    file.write_bytes(random.Random(size).randbytes(size))


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "emptied": lambda file: file.write_bytes(b""),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "cut": _cut,
    "without its end": _tail,
    "garbage": _garbage,
    "a list": lambda file: file.write_bytes(b"[1, 2]"),
    "a number": lambda file: file.write_bytes(b"7"),
    "null": lambda file: file.write_bytes(b"null"),
    "an object": lambda file: file.write_bytes(b'{"a": {}}'),
    "deep": lambda file: file.write_bytes(b"[" * 100_000),
    "a folder": _folder,
}


@contextmanager
def damaged(file: Path, how: str) -> Iterator[None]:
    """The file is damaged, and afterwards as it was."""
    content = file.read_bytes()
    DAMAGES[how](file)
    try:
        yield
    finally:
        if file.is_dir():
            shutil.rmtree(file)
        file.write_bytes(content)
