"""What the bytes of pixels hold beside the pixels: drawings in spare bits, comments, leftovers.

Scanners once drew overlays, the patient's name among them, into the bits that the pixels left free;
codestreams have segments for comments and for what no picture needs, and anything may follow the
last pixel.
"""

import re
import struct
from collections.abc import Callable

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from ctdenoise.scans.codestream import codestream, samples

_NOTHING = b"\xff\xd8\xff\xd9"
"""In place of a frame of which nobody can say what it holds."""
_FLOATS = ("FloatPixelData", "DoubleFloatPixelData")


def take_out_hidden(dataset: Dataset) -> None:
    """Leave nothing but pixels in pixel data, in place; what they show stays the same.

    Codestreams stay as they are unless they hold more bits than BitsStored. Pixels that cannot
    be read, of which nobody can say what else they show, are removed.
    """
    try:
        if "PixelData" in dataset:
            _compressed(dataset) if _syntax(dataset).is_encapsulated else _native(dataset)
        for keyword in _FLOATS:
            if keyword in dataset:
                item = 4 if keyword == "FloatPixelData" else 8
                dataset[keyword].value = dataset[keyword].value[: _count(dataset) * item]
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic in a Rust decoder is no Exception
        for keyword in ("PixelData", *_FLOATS):
            if keyword in dataset:
                del dataset[keyword]


def _syntax(dataset: Dataset) -> UID:
    meta = getattr(dataset, "file_meta", None) or Dataset()
    return meta.get("TransferSyntaxUID") or ExplicitVRLittleEndian


def _count(dataset: Dataset) -> int:
    frames = int(dataset.get("NumberOfFrames") or 1)
    return int(dataset.Rows * dataset.Columns * (dataset.get("SamplesPerPixel") or 1) * frames)


def _native(dataset: Dataset) -> None:
    """Cut what follows the pixels; bring stored bits to the low end and fill up with the sign."""
    allocated = int(dataset.BitsAllocated)
    stored = int(dataset.get("BitsStored") or allocated)
    high = int(dataset.get("HighBit") or 0)
    if not stored <= high + 1 <= allocated:
        high = stored - 1
    data = dataset.PixelData[: (_count(dataset) * allocated + 7) // 8]
    if allocated in (8, 16, 32) and 0 < stored < allocated:
        sign = "i" if dataset.get("PixelRepresentation") else "u"
        little = _syntax(dataset).is_little_endian
        values = np.frombuffer(data, f"{'<' if little else '>'}{sign}{allocated // 8}").copy()
        values <<= allocated - 1 - high
        values >>= allocated - stored  # of signed values, this repeats the sign
        data = values.tobytes()
        dataset.HighBit = stored - 1
    dataset["PixelData"].value = data + bytes(len(data) % 2)


def _compressed(dataset: Dataset) -> None:
    allocated = int(dataset.BitsAllocated)
    stored = int(dataset.get("BitsStored") or allocated)
    count = int(dataset.get("NumberOfFrames") or 1)
    room = int(dataset.Rows * dataset.Columns * (dataset.get("SamplesPerPixel") or 1))
    found = list(generate_frames(dataset.PixelData, number_of_frames=count))
    if any(samples(frame) > room for frame in found):
        raise ValueError("a frame that is larger than its header says")
    frames: list[bytes] = []
    for frame in found:
        if _syntax(dataset) == RLELossless:
            return _decompressed(dataset, stored, allocated)
        try:
            clean, precision = _codestream(bytearray(frame))
        except (ValueError, IndexError, struct.error):
            clean, precision = _NOTHING, 0  # the other frames stay
        if precision > stored:
            return _decompressed(dataset, stored, precision)
        frames.append(clean)
    dataset["PixelData"].value = encapsulate(frames, has_bot=len(frames) > 1)


def _decompressed(dataset: Dataset, stored: int, precision: int) -> None:
    high = dataset.get("HighBit", stored - 1)
    dataset.BitsStored, dataset.HighBit = precision, precision - 1  # all of them, to begin with
    dataset.decompress(generate_instance_uid=False)
    dataset.BitsStored, dataset.HighBit = stored, high
    _native(dataset)


def _codestream(data: bytearray) -> tuple[bytes, int]:
    """A frame without what pixels do not need or follows their end, and its bits a sample."""
    if data[:2] == b"\xff\xd8":
        said = codestream(bytes(data))
        if said and said.syntax == JPEGLSLossless:
            return _walk(data, _jpeg_ls_needs, 0xFE, _jpeg_precision)
        markers = _JPEG - {0xDB} if said and said.syntax == JPEGLosslessSV1 else _JPEG
        return _walk(data, lambda marker, segment: marker in markers, 0xFE, _jpeg_precision)
    start = data.find(b"\xff\x4f\xff\x51")  # a JP2 file's boxes come before the codestream
    if start < 0:
        raise ValueError("neither JPEG nor JPEG 2000")
    needs = _JPEG_2000.__contains__
    return _walk(data[start:], lambda marker, _: needs(marker), 0x64, _jpeg2000_precision)


_JPEG = frozenset({*range(0xC0, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD} - {0xC8})
"""Markers of frames, tables, scans, lines and restarts (ISO 10918-1 B.1.1.3); without a loss there
is no quantization table (0xDB)."""
_JPEG_2000 = frozenset((0x50, *range(0x51, 0x54), 0x56, 0x59, *range(0x5C, 0x62), 0x90))
"""Markers of size, coding, quantization, regions, order, packed headers and tile-parts (ISO 15444-1
A.2); lengths and places of what follows are known without those that tell them."""


def _jpeg_ls_needs(marker: int, segment: bytes) -> bool:
    """Frame, scan, lines, restarts, and of the presets coding and size (ISO 14495-1 C.2.4.1)."""
    is_preset = segment[2:3] in (b"\1", b"\4") and len(segment) <= 13
    return marker in (0xF7, 0xDA, 0xDC, 0xDD) or (marker == 0xF8 and is_preset)


def _jpeg_precision(marker: int, segment: bytes) -> int:
    frame = (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7
    return segment[2] if frame else 0


def _jpeg2000_precision(marker: int, segment: bytes) -> int:
    return (segment[38] & 0x7F) + 1 if marker == 0x51 else 0


_NEXT_MARKER = re.compile(rb"\xff[\x80-\xcf\xd9-\xfe]")
"""In the coded data of JPEG, where stuffed bits and restart markers may follow 0xff."""


def _walk(
    data: bytearray,
    needs: Callable[[int, bytes], bool],
    comment: int,
    precision: Callable[[int, bytes], int],
) -> tuple[bytes, int]:
    """Go from marker to marker (ISO 10918-1 B.1, ISO 14495-1 C, ISO 15444-1 A) and make empty
    comments, which have the marker ``comment``, of what pixels do not need."""
    bits, at, tile, coded = 0, 2, 0, False
    while at < len(data) or not coded:  # decoders take coded data that lacks its end
        if data[at] != 0xFF:
            raise ValueError("no marker")
        marker = data[at + 1]
        if marker == 0xD9:  # the end
            data[at + 2 :] = bytes(len(data) - at - 2)
            break
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0x93:  # JPEG 2000: the tile-part's data, of a length that its header told
            coded = True
            at = tile or data.rfind(b"\xff\xd9") % (len(data) + 1)
            continue
        [length] = struct.unpack_from(">H", data, at + 2)
        segment = bytes(data[at + 2 : at + 2 + length])
        bits = bits or precision(marker, segment)
        if not needs(marker, segment):
            data[at + 1] = comment
            data[at + 4 : at + 2 + length] = bytes(len(segment) - 2)
        if marker == 0x90:  # JPEG 2000: a tile-part begins
            [told] = struct.unpack_from(">I", segment, 4)
            tile = at + told if told else 0
        at += 2 + length
        if marker == 0xDA:  # JPEG: a scan's coded data
            coded = True
            following = _NEXT_MARKER.search(data, at)
            at = following.start() if following else len(data)
    return bytes(data), bits
