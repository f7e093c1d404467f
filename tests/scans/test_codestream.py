"""What compressed frames say of themselves, wherever they say it."""

import struct

import numpy as np
import pytest
from phantoms import ct_dataset
from pydicom.encaps import generate_frames
from pydicom.uid import UID, JPEG2000Lossless, JPEGLSLossless, RLELossless

from ctdenoise.scans.codestream import codestream, samples


def frame(syntax: UID) -> bytes:
    dataset = ct_dataset(np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) % 4096)
    dataset.compress(syntax, generate_instance_uid=False)
    return next(generate_frames(dataset.PixelData, number_of_frames=1))


def boxed(stream: bytes, length: int) -> bytes:
    """As a JP2 file, with a decoy before it; how the last box says its length."""
    decoy = b"\xff\x4f\xff\x51" + bytes(80)
    last = struct.pack(">I", length) + b"jp2c" + (struct.pack(">Q", 16 + len(stream))
                                                   if length == 1 else b"")  # fmt: skip
    return (
        struct.pack(">I4sI", 12, b"jP  ", 0x0D0A870A)
        + struct.pack(">I4s", 8 + len(decoy), b"uuid") + decoy + last + stream
    )  # fmt: skip


@pytest.mark.parametrize("length", [0, 1])
def test_a_file_around_a_codestream_hides_nothing(length: int) -> None:
    whole = frame(JPEG2000Lossless)
    assert samples(whole) == samples(boxed(whole, length)) == 48 * 64
    assert codestream(boxed(whole, length)) == codestream(whole) is not None
    huge = whole[:8] + struct.pack(">2I", 60_000, 60_000) + whole[16:]
    assert samples(huge) == samples(boxed(huge, length)) == 3_600_000_000


def test_the_larger_of_two_headers_counts() -> None:
    whole = frame(JPEGLSLossless)
    assert samples(whole) == 48 * 64
    at = whole.index(b"\xff\xf7")
    header = whole[at : at + 2 + int.from_bytes(whole[at + 2 : at + 4], "big")]
    for marker in (0xC2, 0xF7):  # a progressive one, too, which nobody reads
        huge = bytes([0xFF, marker]) + header[2:5] + b"\xff\xff\xff\xff" + header[9:]
        assert samples(whole[:at] + header + huge + whole[at + len(header) :]) == 65_535**2


def test_what_says_nothing_promises_nothing() -> None:
    for odd in (b"", b"\xff\xd8", b"\xff\xd8\xff\xf7", b"\xff\x4f\xff\x51\0", frame(RLELossless),
                struct.pack(">I4s", 12, b"jP  "), struct.pack(">I4s", 0, b"jP  ") * 9):  # fmt: skip
        assert samples(odd) == 0
