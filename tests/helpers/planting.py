"""Identifiers planted in every attribute of DICOM, and what is left of them."""

import re
import struct
from collections.abc import Iterable

from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset

_TEXT = {"CS", "LO", "SH", "ST", "LT", "UT", "UC", "AE", "PN", "UR"}
_BYTES = {"OB", "OW", "OF", "OL", "OD", "OV", "UN", "OB or OW"}
_DATES = {"DA": "18510203", "DT": "18510203031337", "TM": "031337", "AS": "077Y"}
_TRACES = re.compile(rb"ZQ\d*|QZ|Zq|18510203|031337|077Y|\.9{5}\.|7654\d{3}7")
_UID = re.compile(rb"2\.25\.\d+|1\.2\.840\.10008[.\d]+")

_NEEDED = """SpecificCharacterSet PixelData Rows Columns BitsAllocated BitsStored HighBit
    PixelRepresentation SamplesPerPixel PhotometricInterpretation NumberOfFrames RescaleSlope
    RescaleIntercept PixelSpacing ImagePositionPatient ImageOrientationPatient"""
NEEDED = frozenset(_NEEDED.split())
"""Without which there is no picture."""
FLOATS = frozenset(("FloatPixelData", "DoubleFloatPixelData"))
"""Pixels, which stay as they are."""

ATTRIBUTES = {
    tag: (vr, keyword)
    for tag, (vr, vm, name, retired, keyword) in DicomDictionary.items()
    if tag >> 16 not in (0, 2, 4, 0xFFFE) and keyword
}


def plant(dataset: Dataset, tags: Iterable[int], without: frozenset[str] = NEEDED) -> None:
    """Give the dataset these attributes, sequences excepted, each with a trace of its own."""
    for tag in tags:
        vr, keyword = ATTRIBUTES[tag]
        value = marked(vr, tag)
        if value is not None and keyword not in without | FLOATS:
            dataset.add_new(tag, "OB" if vr == "OB or OW" else vr, value)


def marked(vr: str, number: int) -> object:
    """A value of this kind with a trace in it, None for kinds that have no room for one."""
    if vr in _TEXT:
        return f"ZQ{number % 100_000:05d}"
    if vr in _BYTES:
        return b"ZQ planted bytes"
    if vr in _DATES:
        return _DATES[vr]
    if vr == "UI":
        return f"1.2.99999.{number}"
    if vr in ("IS", "DS"):
        return f"7654{number % 1000:03d}7"
    if vr == "AT":
        return 0x515A515A
    if vr in ("FL", "FD"):
        return struct.unpack("<f" if vr == "FL" else "<d", b"ZQZQZQZQ"[: 4 if vr == "FL" else 8])[0]
    if vr in ("UL", "SL", "UV", "SV"):
        return 0x515A515A
    return None


def traces(data: bytes) -> set[bytes]:
    """What is left of anything planted."""
    return set(_TRACES.findall(_UID.sub(b"", data)))
