"""What reading may cost, told from headers alone and before anything is allocated.

The same for the browser and the command line. One file is judged by :func:`affordable` before its
pixels are decoded and by :func:`limited` while it is unpacked, a whole reading by a
:class:`Budget`. The limits stand in :mod:`ctdenoise.settings`.
"""

import time
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from gzip import GzipFile
from pathlib import Path
from typing import IO, TypeVar

from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.units import counted, size

MEGABYTE = 1 << 20
GZIP = b"\x1f\x8b"
"""How a gzip file begins (RFC 1952)."""
DECODED_BYTES = 4
"""Of a pixel inside the program, which is a float32."""

_FED = 1 << 16
"""Bytes that an inflater gets at a time, since it copies what it has not used yet."""

T = TypeVar("T")


class TooMuch(Problem):
    """More than one reading may cost: there is no going on with what else it would read."""


def affordable(
    path: Path,
    *,
    slices: int,
    rows: int,
    columns: int,
    stored_bytes: float,
    compressed: bool,
) -> None:
    """Refuse a file whose header promises more than can be true or than is affordable.

    ``path``: the file that holds the pixels. ``stored_bytes``: of one pixel before compression,
    1.5 for packed 12 bits. ``compressed``: the file may hold fewer bytes than its pixels have.
    Raises :class:`Problem`. Nothing is read but the length of the file.
    """
    limits, name = settings(), path.name
    if min(slices, rows, columns) < 1:
        raise Problem(name, "holds no pixels", "export it again")
    if rows * columns > limits.slice_megapixels * MEGABYTE:
        raise Problem(
            name,
            f"has slices of {columns:,} × {rows:,} pixels, more than "
            f"{limits.slice_megapixels} million",
            "crop it, or export it in its usual size",
        )
    if slices > limits.file_slices:
        raise Problem(
            name,
            f"says that it holds {counted(slices, 'slice')}, more than {limits.file_slices:,}",
            "split it into several files",
        )
    length, pixels = path.stat().st_size, slices * rows * columns
    if not compressed and pixels * stored_bytes > length:
        raise Problem(
            name,
            f"is cut off, for it should hold {size(pixels * stored_bytes)} of pixels and has "
            f"{size(length)}",
            "copy or export it again",
        )
    decoded = pixels * max(stored_bytes, DECODED_BYTES)
    if compressed and pixels * stored_bytes > unpacked_most(length):
        raise bomb(name, length)
    _fits(name, decoded)


def unpacked_most(length: int) -> int:
    """Bytes that a compressed file of ``length`` bytes may unpack to.

    A picture of one value compresses a thousandfold, so that the ratio counts only above a size
    that costs something.
    """
    limits = settings()
    return max(limits.unpack_free_mb * MEGABYTE, limits.unpack_ratio * length)


def pieces(file: IO[bytes] | GzipFile) -> Iterator[bytes]:
    """What comes out of an open file, a megabyte at a time."""
    return iter(partial(file.read, MEGABYTE), b"")


def limited(coming: Iterable[bytes], name: str, length: int) -> Iterator[bytes]:
    """The same pieces, which come out of a compressed file of ``length`` bytes; :class:`Problem`
    as soon as they are more than it may unpack to."""
    out, most = 0, unpacked_most(length)
    for piece in coming:
        out += len(piece)
        if out > most:
            raise bomb(name, length)
        yield piece


def inflated(packed: bytes, name: str, *, wbits: int = -zlib.MAX_WBITS) -> bytes:
    """The content of a deflated stream (RFC 1951; zlib's ``wbits`` for others).

    Raises :class:`Problem` where it is larger than it may be, ``zlib.error`` where it is damaged.
    """
    return b"".join(limited(inflating(packed, wbits), name, len(packed)))


def inflating(packed: bytes, wbits: int = zlib.MAX_WBITS) -> Iterator[bytes]:
    """The content of a zlib stream (or as ``wbits`` says), a megabyte at a time."""
    inflater = zlib.decompressobj(wbits)
    for start in range(0, len(packed), _FED):
        left = packed[start : start + _FED]
        while left and not inflater.eof:
            yield inflater.decompress(left, MEGABYTE)
            left = inflater.unconsumed_tail
    yield inflater.flush()
    if not inflater.eof:
        raise zlib.error("the stream is cut off")


class Budget:
    """What one reading may still spend: seconds, bytes of slices that it holds at once, and what
    its archives unpack to, all together."""

    def __init__(self) -> None:
        limits = settings()
        self.seconds = float(limits.decode_seconds)
        self.bytes = 0
        self.files = limits.upload_files
        self.unpacked = limits.upload_total_mb * MEGABYTE

    def hold(self, name: str, slices: int, rows: int, columns: int) -> None:
        """Before decoded slices are allocated; :class:`Problem` where all together are too many."""
        more = slices * rows * columns * DECODED_BYTES
        _fits(name, self.bytes + more)
        self.bytes += more

    def timed(self, steps: Iterable[T]) -> Iterator[T]:
        """The same steps; :class:`TooMuch` once those of this reading computed too long. What is
        done with a step in between does not count, nor does waiting for a slow disk or network."""
        coming = iter(steps)
        while True:
            began = time.thread_time()
            try:
                step = next(coming)
            except StopIteration:
                return
            finally:
                self.seconds -= time.thread_time() - began
            if self.seconds < 0:
                raise too_long()
            yield step


def too_long() -> TooMuch:
    """A reading that took all its seconds."""
    return TooMuch(
        "The reading",
        f"took longer than {settings().decode_seconds} s of computing",
        "load fewer slices at a time",
    )


def _fits(name: str, decoded: float) -> None:
    most = settings().decoded_mb * MEGABYTE
    if decoded > most:
        raise Problem(
            name,
            f"takes {size(decoded)} of memory with what is read beside it, more than {size(most)}",
            "load fewer slices at a time",
        )


def bomb(name: str, length: int) -> TooMuch:
    """A compressed file of ``length`` bytes that holds far more than scans make of so many."""
    return TooMuch(
        name,
        f"unpacks to more than {size(unpacked_most(length))} out of {size(length)}, as "
        "no scan does",
        "pack or export it without compression",
    )
