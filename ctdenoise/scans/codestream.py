"""What a compressed frame says of itself, whatever the DICOM header around it says."""

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
_WITHOUT_LENGTH = {0xFF, 0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True)
class Codestream:
    """``precision``: bits of a sample. ``signed`` is None where the format cannot say it."""

    syntax: UID
    precision: int
    signed: bool | None = None


def codestream(frame: bytes) -> Codestream | None:
    """Of JPEG, JPEG-LS or JPEG 2000; None for anything else, run lengths for one."""
    if frame[:4] == b"\xff\x4f\xff\x51" or frame[4:8] == b"jP  ":
        start = max(0, frame.find(b"\xff\x4f\xff\x51"))
        said = get_j2k_parameters(frame[start:])
        if not said:
            return None
        return Codestream(pydicom.uid.JPEG2000Lossless, said["precision"], said["is_signed"])
    if frame[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 4 < len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG:
            return Codestream(_JPEG[marker], frame[at + 4])
        at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    return None
