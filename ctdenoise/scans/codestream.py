"""What a compressed frame says of itself, whatever the DICOM header around it says."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pydicom.uid
from pydicom.pixels.utils import get_j2k_parameters
from pydicom.uid import UID

_JPEG = {
    0xC0: pydicom.uid.JPEGBaseline8Bit,
    0xC1: pydicom.uid.JPEGExtended12Bit,
    0xC3: pydicom.uid.JPEGLosslessSV1,
    0xF7: pydicom.uid.JPEGLSLossless,
}
"""Transfer syntax by the frame header's marker (ISO/IEC 10918-1 B.1.1.3, 14495-1 C.1.1)."""
_CODED = 0xDA
_WITHOUT_LENGTH = {0xFF, 0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True)
class Codestream:
    """``precision``: bits of a sample. ``signed`` is None where the format cannot say it."""

    syntax: UID
    precision: int
    signed: bool | None = None


_FRAMES = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
"""Markers of all kinds of frame header, of those that nobody reads, too."""


def codestream(frame: bytes) -> Codestream | None:
    """Of JPEG, JPEG-LS or JPEG 2000; None for anything else, run lengths for one."""
    if (start := _jpeg_2000(frame)) is not None:
        said = get_j2k_parameters(frame[start:])
        if not said:
            return None
        return Codestream(pydicom.uid.JPEG2000Lossless, said["precision"], said["is_signed"])
    for marker, at in _segments(frame):
        if marker in _JPEG:
            return Codestream(_JPEG[marker], frame[at + 4])
    return None


def samples(frame: bytes) -> int:
    """For how many samples a decoder makes room by what the frame says, the most where it says it
    twice; 0 where it says nothing.

    Rows, columns and components are multiplied (ISO/IEC 15444-1 A.5.1, 10918-1 B.2.2).
    """
    if (start := _jpeg_2000(frame)) is not None:
        if len(frame) < start + 42:
            return 0
        right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)
        (components,) = struct.unpack_from(">H", frame, start + 40)
        return int(max(right - left, 0) * max(bottom - top, 0) * components)
    most = 0
    for marker, at in _segments(frame):
        if marker in _FRAMES and at + 10 <= len(frame):
            rows, columns, components = struct.unpack_from(">2HB", frame, at + 5)
            most = max(most, rows * columns * components)
    return most


def _jpeg_2000(frame: bytes) -> int | None:
    """Where a JPEG 2000 codestream begins, after the boxes of a JP2 file where it is in one
    (ISO/IEC 15444-1 I.4); None where there is none."""
    at = 0
    while frame[4:8] == b"jP  " and at + 8 <= len(frame) and frame[at + 4 : at + 8] != b"jp2c":
        length = int.from_bytes(frame[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(frame[at + 8 : at + 16], "big")
        if length < 8:
            return None
        at += length
    if at or frame[4:8] == b"jP  ":
        at += 16 if frame[at : at + 4] == b"\0\0\0\1" else 8
    return at if frame[at : at + 4] == b"\xff\x4f\xff\x51" else None


def _segments(frame: bytes) -> Iterator[tuple[int, int]]:
    """The markers of JPEG and JPEG-LS before the coded data, and where each begins."""
    at = 2 if frame[:2] == b"\xff\xd8" else len(frame)
    while at + 4 < len(frame) and frame[at] == 0xFF and frame[at + 1] != _CODED:
        marker = frame[at + 1]
        if marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        yield marker, at
        at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
