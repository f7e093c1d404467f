"""One slice of a result as a DICOM object, derived from the object that its source was."""

import hashlib
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import set_pixel_data
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds

from ctdenoise.errors import damaged
from ctdenoise.scans.dicom import flattened, unit_of
from ctdenoise.scans.encoding import Encoding, Stored, store
from ctdenoise.scans.facts import integer, numbers, vector
from ctdenoise.scans.geometry import normal
from ctdenoise.scans.scan import SliceSource

CLASSIC = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
}
"""SOP class of a single slice, by modality."""

_KIND = {"CT": "AXIAL", "MR": "OTHER"}
"""The third value of ImageType where the source has none (DICOM PS3.3 C.8.2.1.1.1, C.8.3.1.1.1)."""

_MANDATORY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientPosition",
    "PositionReferenceIndicator",
    "Manufacturer",
    "KVP",
    "SliceThickness",
    "AcquisitionNumber",
)
"""What every CT image must say, if only that it is not known (type 2 in PS3.3 A.3)."""

_UNPAIRED = (
    "ABDOMEN ABDOMENPELVIS AORTA BACK BLADDER BRAIN CEREBELLUM CERVIX CHEST CHESTABDOMEN "
    "CHESTABDPELVIS CIRCLEOFWILLIS COCCYX COLON CORONARYARTERY CSPINE CTSPINE DUODENUM ESOPHAGUS "
    "FACE GALLBLADDER HEAD HEADNECK HEART ILEUM ILIUM JAW JEJUNUM LARYNX LIVER LSPINE LSSPINE "
    "MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE PANCREAS "
    "PELVIS PENIS PHARYNX PROSTATE RECTUM SCALP SKULL SPINE SPLEEN SSPINE STERNUM STOMACH THYMUS "
    "THYROID TLSPINE TONGUE TRACHEA TSPINE URETER URETHRA UTERUS VAGINA VULVA WHOLEBODY"
)
"""Parts of the body of which there are not two (PS3.16 Annex L); of others the side is asked."""

_ABOUT_OTHER_PIXELS = (
    "PixelData",
    "DataSetTrailingPadding",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries",
    "IconImageSequence",
    "PixelDataProviderURL",
    "FloatPixelPaddingValue",
    "FloatPixelPaddingRangeLimit",
    "FloatPixelData",
    "DoubleFloatPixelPaddingValue",
    "DoubleFloatPixelPaddingRangeLimit",
    "DoubleFloatPixelData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "ModalityLUTSequence",
    "RealWorldValueMappingSequence",
    "NumberOfFrames",
    "FrameIncrementPointer",
    "MACParametersSequence",
    "DigitalSignaturesSequence",
)

_MULTI_FRAME = re.compile(
    "Enhanced|Multi-frame|Nuclear Medicine|X-Ray Angiographic|Radiofluoroscopic|X-Ray 3D|Tomosynth"
)
"""Names of SOP classes whose objects have frames, by number (PS3.3 10.3.1.1)."""

_WORD = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
"""Bytes of the numbers that pydicom leaves in the order of the file, by value representation."""


@dataclass(frozen=True)
class DerivedSeries:
    """What all slices of one result say of their series; ``description`` is one line."""

    uid: str
    number: int
    study: str
    frame_of_reference: str
    description: str

    @classmethod
    def of(
        cls, dataset: Dataset, first: SliceSource, recipe: str, description: str
    ) -> "DerivedSeries":
        """As it follows from the ``first`` slice's source and the ``recipe``: another phase of the
        same source series, which begins with another slice, is another series."""
        old = str(dataset.get("SeriesInstanceUID") or first.path.parent)
        begins = [_instance(dataset, first), str(first.frame)]
        uid = generate_uid(entropy_srcs=[old, *begins, recipe])
        told = int.from_bytes(hashlib.sha256(uid.encode()).digest()[:4], "big")
        return cls(
            uid=uid,
            number=10_000 + told % 90_000,  # as scanners' numbers are not
            study=str(dataset.get("StudyInstanceUID") or generate_uid(entropy_srcs=[old])),
            frame_of_reference=_valid(dataset, "FrameOfReferenceUID")
            or generate_uid(entropy_srcs=[old, "frame of reference"]),
            description=" ".join(description.replace("\\", "/").split()),
        )


def derive(
    dataset: Dataset, source: SliceSource, image: NDArray[np.float32], series: DerivedSeries
) -> Dataset:
    """A classic single-frame object of ``dataset``'s frame with these values (rows, columns), in HU
    or the source's own unit.

    It lacks what :func:`complete` and :func:`describe` add when it is about to be written. Raises
    :class:`~ctdenoise.errors.Problem` where the size is not the source's.
    """
    flat = flattened(dataset, source.frame)
    derived = _header(flat, dataset.original_encoding[1] is not False)
    if (image.shape[0], image.shape[1]) != (derived.Rows, derived.Columns):
        raise damaged(source.path.name)
    if flat is dataset:
        _place(derived, source.frame)
    if (numbers(derived, "SpacingBetweenSlices")[0] or 0) <= 0:
        derived.pop("SpacingBetweenSlices", None)  # CT has none below 0 (PS3.3 C.8.15.3.9)
    old, old_class = _instance(dataset, source), _valid(dataset, "SOPClassUID") or CLASSIC["CT"]
    hu = unit_of(flat) == "HU"
    stored = store(image, _encoding(derived), hu=hu)
    pixels = hashlib.sha256(stored.values.tobytes()).hexdigest()
    derived.SOPClassUID = CLASSIC.get(derived.Modality, old_class)
    derived.SOPInstanceUID = generate_uid(entropy_srcs=[series.uid, old, str(source.frame), pixels])
    derived.StudyInstanceUID = series.study
    derived.SeriesInstanceUID = series.uid
    derived.SeriesNumber = series.number
    if derived.SOPClassUID in CLASSIC.values():
        derived.FrameOfReferenceUID = series.frame_of_reference
    derived.file_meta = FileMetaDataset()
    derived.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    derived.ImageType = _image_type(derived)
    if UID(old).is_valid:
        reference = Dataset()
        reference.ReferencedSOPClassUID = old_class
        reference.ReferencedSOPInstanceUID = old
        if _MULTI_FRAME.search(UID(old_class).name):
            reference.ReferencedFrameNumber = source.frame + 1
        derived.SourceImageSequence = DicomSequence([reference])
    _set_pixels(derived, stored, hu)
    for item in derived.get("VOILUTSequence") or () if hu else ():
        _sign(item)
    return derived


def describe(derived: Dataset, series: DerivedSeries) -> None:
    """Say what was done, in one line and in letters that the file declares."""
    if not series.description.isascii():
        derived.decode()  # nested text is still in the bytes of the old character set
        derived.SpecificCharacterSet = "ISO_IR 192"  # UTF-8
    for keyword, most in (("SeriesDescription", 64), ("DerivationDescription", 1024)):
        text = series.description.encode()[:most].decode(errors="ignore")
        setattr(derived, keyword, text.rstrip())


def complete(derived: Dataset) -> None:
    """Give a CT image what its class asks for and the source, an Enhanced object or
    de-identification left out."""
    if derived.SOPClassUID != CLASSIC["CT"]:
        return
    for keyword in _MANDATORY:
        if keyword not in derived:
            setattr(derived, keyword, None)
    part = str(derived.get("BodyPartExamined") or "").strip().upper()
    region = not part and derived.get("AnatomicRegionSequence")  # in codes, which few programs know
    if "ImageLaterality" not in derived and part not in _UNPAIRED.split() and not region:
        derived.Laterality = derived.get("Laterality")  # unknown, if need be (type 2C)
    if "ExposureInmAs" in derived:  # only Enhanced CT says it so
        derived.ExposureInuAs = round(float(derived.ExposureInmAs) * 1000)
        del derived.ExposureInmAs


def widen(path: Path) -> None:
    """Store a derived object's values in 16 bits with a sign, as any can be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        derived = pydicom.dcmread(path)
        signed = derived.PixelRepresentation == 1
        values = np.frombuffer(derived.PixelData, "<i2" if signed else "<u2").astype(np.int32)
        beyond = 2**15 if values.max() >= 2**15 else 0
        if beyond:
            slope, intercept = numbers(derived, "RescaleSlope", "RescaleIntercept")
            if slope is None:
                derived.RescaleSlope, derived.RescaleType = 1, "US"
            number = (intercept or 0.0) + beyond * (slope or 1.0)
            derived.RescaleIntercept = format_number_as_ds(number)
        if "PixelPaddingValue" in derived:
            derived.add_new("PixelPaddingValue", "SS", derived.PixelPaddingValue - beyond)
        image = (values - beyond).astype(np.int16).reshape(derived.Rows, derived.Columns)
        photometric = derived.PhotometricInterpretation
        set_pixel_data(derived, image, photometric, 16, generate_instance_uid=False)
        derived.save_as(path, enforce_file_format=True)


def _instance(dataset: Dataset, source: SliceSource) -> str:
    return str(dataset.get("SOPInstanceUID") or source.path.name)


def _valid(dataset: Dataset, keyword: str) -> str:
    """A keyword's UID; empty where there is none or what there is cannot be one."""
    uid = UID(str(dataset.get(keyword) or ""))
    return str(uid) if uid.is_valid else ""


def _place(header: Dataset, frame: int) -> None:
    """Say where a frame lies of an object that says it of its first alone."""
    origin = vector(header, "ImagePositionPatient", 3)
    orientation = vector(header, "ImageOrientationPatient", 6) or (1, 0, 0, 0, 1, 0)
    (step,) = numbers(header, "SpacingBetweenSlices")
    if origin and step and frame:
        place = np.add(origin, frame * step * normal(orientation))
        header.ImagePositionPatient = [format_number_as_ds(float(each)) for each in place]
        header.pop("SliceLocation", None)


def _image_type(header: Dataset) -> list[str]:
    """DERIVED, SECONDARY and from the third value on what the source says, where it says it."""
    known = header.get("ImageType") or []
    kinds = [str(each) for each in ([known] if isinstance(known, str) else known)][2:]
    usual = _KIND.get(header.Modality)
    if usual and not (kinds and kinds[0].strip()):
        kinds[:1] = [usual]
    return ["DERIVED", "SECONDARY", *kinds]


def _encoding(header: Dataset) -> Encoding | None:
    """How the source stores its values, where it says so; None where they are no whole numbers."""
    bits, allocated = (integer(header, name) for name in ("BitsStored", "BitsAllocated"))
    if not bits and allocated > 16:
        return None
    slope, intercept = numbers(header, "RescaleSlope", "RescaleIntercept")
    signed = integer(header, "PixelRepresentation") == 1
    return Encoding(bits or 16, signed, slope or 1.0, intercept or 0.0)


def _sign(item: Dataset) -> None:
    """Say that a table begins below 0 HU, which files of implicit representation leave open."""
    table = item.get("LUTDescriptor")
    if table and len(table) == 3 and table[0] < 2**15 <= table[1]:
        item.add_new("LUTDescriptor", "SS", [table[0], table[1] - 2**16, table[2]])


def _set_pixels(derived: Dataset, stored: Stored, hu: bool) -> None:
    photometric = str(derived.get("PhotometricInterpretation") or "MONOCHROME2")
    bits = stored.encoding.bits
    set_pixel_data(derived, stored.values, photometric, bits, generate_instance_uid=False)
    wanted = {"RescaleSlope": stored.encoding.slope, "RescaleIntercept": stored.encoding.intercept}
    assumed = {"RescaleSlope": 1.0, "RescaleIntercept": 0.0}
    said = dict(zip(wanted, numbers(derived, *wanted), strict=True))
    if hu or any(said[name] is not None for name in said) or wanted != assumed:
        if None in said.values() and not hu:
            derived.RescaleType = "US"  # unspecified: the source's own numbers
        for name, number in wanted.items():
            if said[name] != number:
                setattr(derived, name, format_number_as_ds(number))
    if hu:
        derived.RescaleType = "HU"
    if stored.padding is not None:
        kind = "SS" if stored.encoding.signed else "US"
        derived.add_new("PixelPaddingValue", kind, stored.padding)


def _header(dataset: Dataset, little_endian: bool) -> Dataset:
    """A copy of everything but pixels and what only described the old ones."""
    header = _copied(dataset, little_endian)
    for element in list(header):
        # Overlays (60xx) may be packed into the old pixels' spare bits.
        if element.tag.group & 0xFF00 == 0x6000 or element.keyword in _ABOUT_OTHER_PIXELS:
            del header[element.tag]
    return header


def _copied(dataset: Dataset, little_endian: bool) -> Dataset:
    """A copy without the values that are not what their representation asks for, like a whole
    number, and with all words in little-endian order."""
    copied = Dataset()
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
        except (ValueError, TypeError, OverflowError, NotImplementedError):
            continue
        value = element.value
        if element.VR == "SQ":
            value = DicomSequence([_copied(item, little_endian) for item in value or ()])
        elif element.VR in _WORD and value and not little_endian:
            words = np.frombuffer(value, f">u{_WORD[element.VR]}")
            value = words.astype(f"<u{_WORD[element.VR]}").tobytes()
        copied.add(DataElement(tag, element.VR, value, already_converted=True))
    return copied
