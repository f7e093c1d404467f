"""Our own files, read back: whole and as their record says, or a :class:`Problem` that names them.

Disks fail, machines lose power, people tidy up. What is damaged is told in the person's words (what
it is, what to do), never as the error of the library that stumbled over it.
"""

import errno
import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter

from ctdenoise.errors import Problem

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")

STUMBLES = (
    OSError,
    ValueError,  # of JSON, pydantic, Unicode and TIFF, too
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    AttributeError,
    NotImplementedError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What readers raise on bytes that nobody of ours wrote so."""


_CLOSED = (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE)
"""Of an ``OSError`` that says nothing of the file's content."""


@dataclass(frozen=True)
class Damaged:
    """What a list cannot show any more: the name of its folder, and why in a sentence."""

    id: str
    problem: Problem


def listed(place: Path, read: Callable[[Path], T]) -> tuple[list[T], list[Damaged]]:
    """What ``read`` makes of each folder in a place, and those of which it raised a Problem."""
    whole: list[T] = []
    damaged: list[Damaged] = []
    for folder in place.glob("[0-9a-f]" * 12):
        try:
            whole.append(read(folder))
        except Problem as problem:
            if folder.is_dir():  # else it was removed while we looked, or is none of ours
                damaged.append(Damaged(folder.name, problem))
    return whole, damaged


def called(folder: Path, word: str) -> str:
    """What to call a thing that is damaged: by its record's name, if that much can be read."""
    try:
        return f"The {word} {json.loads((folder / 'record.json').read_bytes())['name'][:100]}"
    except STUMBLES:
        made = datetime.fromtimestamp(folder.stat().st_mtime, UTC) if folder.exists() else None
        return f"A {word} of {made:%d %b %Y, %H:%M} UTC" if made else f"This {word}"


@contextmanager
def reading(thing: str | Callable[[], str], hint: str) -> Iterator[None]:
    """Turn what a reader stumbles over into the sentence that ``thing`` is damaged, or that it
    cannot be opened, whatever is in it."""
    try:
        yield
    except STUMBLES as error:
        gone = isinstance(error, FileNotFoundError)
        reason = "lacks a part of its stored files" if gone else "is damaged on the disk"
        if isinstance(error, OSError) and error.errno in _CLOSED:
            reason, hint = "cannot be opened", "check that this program may read its folder"
        raise Problem(thing if isinstance(thing, str) else thing(), reason, hint) from error


def record(path: Path, kind: type[Model]) -> Model:
    """A pydantic record of a JSON file; raises what :func:`reading` catches."""
    return kind.model_validate_json(path.read_bytes())


def values(path: Path, kind: TypeAdapter[T]) -> T:
    """The content of a JSON file, checked; raises what :func:`reading` catches."""
    return kind.validate_json(path.read_bytes())


def array(path: Path, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """A float32 array of this shape (None: of any length), memory-mapped; raises what
    :func:`reading` catches."""
    found: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    fits = found.ndim == len(shape) and all(
        length == wanted or (wanted is None and length)
        for length, wanted in zip(found.shape, shape, strict=True)
    )
    if found.dtype != np.float32 or not fits or not found.flags.c_contiguous:
        raise ValueError(f"{path.name} does not hold float32 of shape {shape}")
    return found


def arrays(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    optional: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
) -> dict[str, NDArray[np.float64]]:
    """The finite float64 arrays of an .npz file, of which the ``optional`` ones may lack; raises
    what :func:`reading` catches."""
    with np.load(path, allow_pickle=False) as found:
        wanted = dict(shapes) | {name: optional[name] for name in optional if name in found}
        read = {name: np.asarray(found[name], np.float64) for name in wanted}
    for name, shape in wanted.items():
        if read[name].shape != shape or not np.isfinite(read[name]).all():
            raise ValueError(f"{path.name} does not hold {name} of shape {shape}")
    return read


def check_weights(path: Path) -> None:
    """Raise ``ValueError`` for a safetensors file that is cut off or none, by its header alone."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        there = path.stat().st_size - 8 - length
        if length <= 0 or there < 0:
            raise ValueError("no safetensors file, or its header is cut off")
        header = json.loads(file.read(length))
    ends = [part["data_offsets"][1] for name, part in header.items() if name != "__metadata__"]
    if max(ends, default=0) != there:
        raise ValueError("the tensors are cut off")
