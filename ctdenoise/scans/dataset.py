"""One DICOM file, opened also where its header lacks what the standard asks for."""

import re
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ctdenoise.errors import Problem, damaged, too_large
from ctdenoise.scans.budget import inflated
from ctdenoise.scans.codestream import Codestream, codestream, samples
from ctdenoise.scans.facts import numbers, text, value
from ctdenoise.scans.file_kinds import file_kind
from ctdenoise.scans.readers import READERS
from ctdenoise.units import counted

FUNCTIONAL_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
"""The elements of which one holds the pixels."""

_BY_ENCODING = {
    (True, True): ImplicitVRLittleEndian,
    (False, True): ExplicitVRLittleEndian,
    (False, False): ExplicitVRBigEndian,
}
_PIXEL_VRS = (b"OB", b"OW", b"OF", b"OD", b"UN")
_BYTES_MISSING = re.compile(
    r"less than expected|insufficient|end of file|\bEOF\b|truncat|buffer is smaller|cannot reshape"
    r"|no frames|requires a buffer|delimiter|\d+ bytes",
    re.I,
)
"""How libraries say that a file ends too early."""


def open_dataset(path: Path, *, pixels: bool = True) -> Dataset:
    """A file's data set, completed as :func:`opened` tells; raises :class:`Problem`."""
    return opened(path, pixels=pixels)[0]


def opened(path: Path, *, pixels: bool = False) -> tuple[Dataset, list[str]]:
    """A file's data set, and what had to be assumed to read it, in clauses without a subject.

    Preamble, file meta information and transfer syntax may be missing, as in old exports, numbers
    may have a decimal comma, and what the Image Pixel module (DICOM PS3.3 C.7.6.3) must say is
    completed where there is one obvious value. Raises :class:`Problem` for what is no DICOM file,
    or one that is cut off.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = _parsed(path, pixels)
            return dataset, list(_completed(dataset, path))
    except InvalidDicomError as error:
        raise _no_dicom(path) from error
    except Exception as error:
        raise reason(error, path.name) from error


def reason(error: BaseException, name: str) -> Problem:
    """Why a library could not read a file: it is called damaged only where bytes are missing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, MemoryError):
        return too_large(name)
    if "no pixel data to decode" in str(error):
        return Problem(name, "holds no pixels", "export it again")
    if isinstance(error, RecursionError):
        return Problem(name, "is nested too deeply to be an image", "leave it out")
    damage = isinstance(error, EOFError | BytesLengthException | zlib.error)
    if damage or _BYTES_MISSING.search(str(error)):
        return damaged(name)
    return _contradiction(name)


def _contradiction(name: str) -> Problem:
    return Problem(
        name,
        "has a header that contradicts itself or the standard",
        "open it in another program and export it again",
    )


def _parsed(path: Path, pixels: bool) -> Dataset:
    """As it stands in the file, but for a transfer syntax where that is missing."""
    _check_deflated(path)
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=not pixels)
    except InvalidDicomError:
        dataset = pydicom.dcmread(path, stop_before_pixels=not pixels, force=True)
        if "SOPClassUID" not in dataset and not ("Rows" in dataset and "Columns" in dataset):
            raise
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if not syntax:
        dataset.file_meta.TransferSyntaxUID = _likely_syntax(dataset, path)
    elif syntax in _BY_ENCODING.values():  # some files say another than they have
        dataset.file_meta.TransferSyntaxUID = _BY_ENCODING.get(_encoding(dataset), syntax)
    return dataset


def _encoding(dataset: Dataset) -> tuple[bool, bool]:
    """Whether VRs are implicit, and bytes little-endian, by the first element as it was read."""
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag)
        if isinstance(element, RawDataElement):
            return element.is_implicit_VR, element.is_little_endian
    implicit, little = dataset.original_encoding
    return bool(implicit), bool(little)


def _check_deflated(path: Path) -> None:
    """Refuse what inflates to far more than a scan, since pydicom inflates whatever it is given."""
    with path.open("rb") as file:
        begin = file.read(1024)
        if DeflatedExplicitVRLittleEndian.encode() not in begin:
            return
        meta = read_file_meta_info(path)
        file.seek(132 + 12 + meta.FileMetaInformationGroupLength)
        inflated(file.read(), path.name)


def _likely_syntax(dataset: Dataset, path: Path) -> UID:
    native = _BY_ENCODING[_encoding(dataset)]
    found = first_codestream(path) if native == ExplicitVRLittleEndian else None
    return found.syntax if found else native


def first_codestream(path: Path) -> Codestream | None:
    """What the first frame says of itself; None where pixels are not compressed, or by run lengths.

    Raises :class:`Problem` where the pixels' element is not sound, and what pydicom raises.
    """
    with path.open("rb") as file:
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        if _check_pixel_element(file, header, path.name) is not None:
            return None
        return codestream(next(_frames(file, header), b""))


def codestreams(path: Path, room: int) -> list[Codestream | None]:
    """The same of every frame of compressed pixels; :class:`Problem` where one of them says of
    itself that it is larger than ``room`` samples, and would have a decoder take memory for it."""
    with path.open("rb") as file:
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        _check_pixel_element(file, header, path.name)
        found: list[Codestream | None] = []
        for frame in _frames(file, header):
            if samples(frame) > room:
                raise Problem(
                    path.name,
                    "holds a compressed picture that is larger than its header says",
                    "export it again, without compression",
                )
            found.append(codestream(frame))
        return found


def _frames(file: BinaryIO, header: Dataset) -> Iterator[bytes]:
    """The compressed frames that begin where ``file`` stands."""
    described = len(value(header, FUNCTIONAL_GROUPS[1]) or [])
    count = max(1, described, _whole(header, "NumberOfFrames") or 1)
    yield from generate_frames(file, number_of_frames=count)


def _check_pixel_element(file: BinaryIO, header: Dataset, name: str) -> int | None:
    """Go past the head of the element with the pixels, which ``file`` has reached; how many bytes
    it holds, None where that is open because they are compressed.

    Libraries differ in how they go on where its representation is damaged, or where there are
    two of it, and some of them would be wrong: such a file is refused.
    """
    implicit, little = _encoding(header)
    order: Literal["little", "big"] = "little" if little else "big"
    head = file.read(8 if implicit else 12)
    if len(head) < 8:
        return 0
    length = int.from_bytes(head[-4:], order)
    if not implicit and head[4:6] not in _PIXEL_VRS:
        raise _contradiction(name)
    if length == 0xFFFFFFFF:
        return None
    begins = file.tell()
    file.seek(length, 1)
    after = file.read(4)  # a later element, zeros up to a full block, or nothing
    if after.strip(b"\0") and _tag(after, order) <= _tag(head, order):
        raise _contradiction(name)
    file.seek(begins)
    return length


def _tag(begin: bytes, order: Literal["little", "big"]) -> tuple[int, int]:
    return int.from_bytes(begin[:2], order), int.from_bytes(begin[2:4], order)


def _completed(dataset: Dataset, path: Path) -> Iterator[str]:
    """Complete the header in place; what was assumed."""
    macros = [
        item
        for keyword in FUNCTIONAL_GROUPS
        for group in value(dataset, keyword) or []
        for macro in group
        if macro.VR == "SQ"
        for item in macro.value
    ]
    commas = [_with_decimal_points(each) for each in (dataset, *macros)]
    if any(commas):
        yield "writes numbers with a decimal comma, which was read as a point"
    if "Rows" not in dataset or "Columns" not in dataset:
        return
    modality = text(dataset, "Modality").upper().partition("/")[0].strip()
    if not modality and UID(text(dataset, "SOPClassUID")).name.startswith(("CT ", "Enhanced CT ")):
        modality = "CT"
        yield "does not say its modality: CT was taken, as its class says"
    if modality:
        dataset.Modality = modality
    if not _whole(dataset, "SamplesPerPixel"):
        dataset.SamplesPerPixel = 1
        yield "does not say how many values a pixel has (SamplesPerPixel): one was taken"
    if not str(value(dataset, "PhotometricInterpretation") or "").strip():
        dataset.PhotometricInterpretation = "MONOCHROME2"
        yield "does not say its colours (PhotometricInterpretation): grey was taken"
    yield from _with_frames(dataset, path)
    yield from _with_bits(dataset, macros, path)
    lacking = [each for each in (dataset, *macros) if _lacks_slope(each)]
    for each in lacking:
        each.RescaleSlope = 1
    if lacking:
        yield "gives no rescale slope: 1 was taken"


def _lacks_slope(dataset: Dataset) -> bool:
    slope, intercept = numbers(dataset, "RescaleSlope", "RescaleIntercept")
    return intercept is not None and slope is None and not said(dataset, "RescaleSlope")


def _with_frames(dataset: Dataset, path: Path) -> Iterator[str]:
    """How many frames there are, by the groups that describe them or by the length of the file,
    where the header says fewer or nothing."""
    told = _whole(dataset, "NumberOfFrames")
    described = len(value(dataset, FUNCTIONAL_GROUPS[1]) or [])
    frames = max(told or 1, described)
    size = int(dataset.Rows) * int(dataset.Columns) * (_whole(dataset, "BitsAllocated") or 16) // 8
    syntax = dataset.file_meta.TransferSyntaxUID
    compressed = syntax.is_encapsulated or syntax.is_deflated
    if told is None and not described and not compressed and path.stat().st_size >= 2 * size > 0:
        with path.open("rb") as file:
            header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
            length = _check_pixel_element(file, header, path.name) or 0
        frames = max(1, length // (size * (_whole(dataset, "SamplesPerPixel") or 1)))
    if frames != (told or 1):
        dataset.NumberOfFrames = frames
        yield (
            f"does not say that it has {counted(frames, 'slice')} (NumberOfFrames): they were "
            "counted"
        )


def _with_bits(dataset: Dataset, macros: list[Dataset], path: Path) -> Iterator[str]:
    """Complete how a pixel is stored, where that is missing or impossible."""
    allocated = _whole(dataset, "BitsAllocated")
    stored = _whole(dataset, "BitsStored")
    high = _whole(dataset, "HighBit")
    sign = _whole(dataset, "PixelRepresentation")
    if allocated and stored and sign in (0, 1) and 0 < stored <= allocated <= 64:
        if high is None or not stored - 1 <= high < allocated:
            dataset.HighBit = stored - 1
        return
    held = _parsed(path, True)
    keyword = next((each for each in PIXELS if each in held), "PixelData")
    found = first_codestream(path) if dataset.file_meta.TransferSyntaxUID.is_encapsulated else None
    if not allocated or not 0 < allocated <= 64:
        allocated = _bits_by_length(dataset, len(value(held, keyword) or b""), found)
        dataset.BitsAllocated = allocated
        yield f"does not say how many bits a pixel takes (BitsAllocated): {allocated} were counted"
    if keyword != "PixelData":
        return  # floats use all their bits and have a sign
    if not stored or not 0 < stored <= allocated:
        stored = found.precision if found else allocated
        stored = high + 1 if high and high < stored else stored
        dataset.BitsStored = stored
        yield f"does not say how many bits are used (BitsStored): {stored} were taken"
    if high is None or not stored - 1 <= high < allocated:
        dataset.HighBit = stored - 1
    if sign not in (0, 1):
        known = found.signed if found else None
        signed = _likely_signed(dataset, macros) if known is None else known
        dataset.PixelRepresentation = int(signed)
        how = "with" if signed else "without"
        yield (
            "does not say whether its numbers have a sign (PixelRepresentation): they were read "
            f"{how} one"
        )


def _bits_by_length(dataset: Dataset, length: int, found: Codestream | None) -> int:
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return 8 if found and found.precision <= 8 else 16
    frames = _whole(dataset, "NumberOfFrames") or 1
    pixels = frames * int(dataset.Rows) * int(dataset.Columns) * int(dataset.SamplesPerPixel)
    bits = 8 * length // max(1, pixels)
    return next((each for each in (64, 32, 16, 12, 8, 1) if each <= bits), 16)


def _likely_signed(dataset: Dataset, macros: list[Dataset]) -> bool:
    """By an element that has the pixels' own sign; else by the intercept, since CT numbers without
    a sign need one near -1024 to reach air."""
    for keyword in ("PixelPaddingValue", "SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in dataset and not dataset.original_encoding[0]:
            return bool(dataset[keyword].VR == "SS")
    intercepts = [numbers(each, "RescaleIntercept")[0] for each in (dataset, *macros)]
    told = [intercept for intercept in intercepts if intercept is not None]
    return value(dataset, "Modality") == "CT" and bool(told) and min(told) > -100


def _whole(dataset: Dataset, keyword: str) -> int | None:
    held = numbers(dataset, keyword)[0]
    return None if held is None else int(held)


def said(dataset: Dataset, keyword: str) -> bool:
    """Whether something stands under a keyword, be it unreadable."""
    element = dataset.get_item(keyword) if keyword in dataset else None
    held = element.value if element is not None else None
    if isinstance(held, bytes):
        return bool(held.strip(b" \0"))
    return bool(held.strip(" \0")) if isinstance(held, str) else held is not None


def _with_decimal_points(dataset: Dataset) -> bool:
    """Read a comma in decimal strings as a point; whether there was one."""
    changed = False
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag)
        if not isinstance(element, RawDataElement) or _vr(element, tag) != "DS":
            continue
        if b"," in (element.value or b""):
            dataset[tag] = element._replace(value=element.value.replace(b",", b"."))
            changed = True
    return changed


def _vr(element: RawDataElement, tag: Any) -> str:
    try:
        return element.VR or dictionary_VR(tag)
    except KeyError:
        return ""


def _no_dicom(path: Path) -> Problem:
    if not path.stat().st_size:
        return Problem(path.name, "is empty", "leave it out, or export it again")
    kind = file_kind(path)
    others = ", ".join(reader.title for reader in READERS.values())
    return Problem(
        path.name,
        f"is {kind + ', ' if kind else ''}not a DICOM or {others} file, and no archive",
        "leave it out, or export the scan as DICOM",
    )
