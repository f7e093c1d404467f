"""Results as derived DICOM series, or as files of images, whole or not at all."""

import copy
import hashlib
import secrets
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import set_pixel_data
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DSfloat

from ctdenoise.errors import Problem, damaged, telling_disk_problems
from ctdenoise.scans.deidentify import Pseudonyms
from ctdenoise.scans.deidentify import deidentify as take_identity_out
from ctdenoise.scans.dicom import HIGHEST, flattened, open_dataset
from ctdenoise.scans.facts import patient
from ctdenoise.scans.readers import READERS, reader_of, stem
from ctdenoise.scans.scan import SliceSource
from ctdenoise.settings import settings
from ctdenoise.units import AIR

CLASSIC = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
}
"""SOP class of a single slice, by modality."""

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
    "AcquisitionNumber",
)
"""What every CT image must say, if only that it is not known (type 2 in PS3.3 A.3)."""

_SIDED = ("BodyPartExamined", "AnatomicRegionSequence", "ImageLaterality")
"""Where none of these says what is seen, the side of the body counts as unknown (type 2C)."""

_PADDING_HU = ((-np.inf, AIR), (HIGHEST, np.inf))
"""Between which HU padding lies, better below air, where a viewer that ignores it shows black."""

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
    "FloatPixelData",
    "DoubleFloatPixelData",
    "ModalityLUTSequence",
    "NumberOfFrames",
    "FrameIncrementPointer",
)


@telling_disk_problems
def write_series(
    slices: Iterable[tuple[SliceSource, NDArray[np.float32]]],
    out: Path,
    *,
    description: str,
    recipe: str,
    deidentify: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Write slices (rows, columns), each derived from its source, as one new series.

    ``out/slice_0001.dcm`` and so on, in the order in which they come, each written before the next
    is asked for. Each keeps its source's patient, study, position, orientation, spacing, slope and
    intercept; ``description`` becomes the series description. The source's own values come back
    exactly as they were read. The series' UID follows from the source's and from ``recipe``, which
    tells all that made the result, so that making it twice does not make two series; an instance's
    follows from its pixels too. Raises :class:`Problem` where there is no slice, and where ``out``
    is not empty, unless ``overwrite``.
    """
    pseudonyms = Pseudonyms.of(settings().home) if deidentify else None
    with _whole(out, overwrite, replacing="slice_[0-9]*.dcm") as folder:
        opened: tuple[Path, Dataset] | None = None
        n = 0
        for n, (source, image) in enumerate(slices, 1):
            if opened is None or opened[0] != source.path:
                opened = source.path, open_dataset(source.path, pixels=False)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what the source got wrong stays wrong
                derived = _derived(opened[1], source, image, description, recipe)
                derived.InstanceNumber = n
                if pseudonyms:
                    take_identity_out(derived, pseudonyms, patient(opened[1]))
                    _describe(derived, description)
                derived.save_as(folder / f"slice_{n:04d}.dcm", enforce_file_format=True)
        if n == 0:
            raise Problem("The series", "has no slice that can be read", "export it again")
    return sorted(out.glob("slice_[0-9]*.dcm"))


@telling_disk_problems
def write_arrays(
    values: NDArray[np.float32],
    sources: Sequence[SliceSource],
    out: Path,
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write ``values`` (slices, rows, columns), float32, under their files' names.

    A file of several slices becomes one file again, where its format says where they lie with the
    same voxels at the same places; what cannot hold HU, like PNG, becomes TIFF.
    """
    names: list[str] = []
    with _whole(out, overwrite, replacing="") as folder:
        for path in dict.fromkeys(source.path for source in sources):
            chosen = sorted((s.frame, i) for i, s in enumerate(sources) if s.path == path)
            image = np.asarray(values[[i for _, i in chosen]], np.float32)
            image = image[0] if len(image) == 1 else image
            reader = reader_of(path)
            kept = reader and (reader.write or reader.write_like)
            names.append(path.name if kept else f"{stem(path)}.tif")
            if reader and reader.write_like:
                reader.write_like(image, folder / names[-1], path)
            else:
                write = (reader and reader.write) or READERS["tiff"].write
                assert write is not None
                write(image, folder / names[-1])
    return [out / name for name in names]


@contextmanager
def _whole(out: Path, overwrite: bool, *, replacing: str) -> Iterator[Path]:
    """A folder to write in, whose files appear in ``out`` together once all are written.

    With ``overwrite``, files in ``out`` that match ``replacing`` are the earlier result and go.
    """
    out = Path(out).resolve()
    if out.exists() and not out.is_dir():
        raise Problem(out.name, "is a file", "choose a folder to write to")
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise Problem(out.name, "is not empty", "choose another folder, or overwrite it knowingly")
    out.parent.mkdir(parents=True, exist_ok=True)
    making = out.parent / f".{out.name}-{secrets.token_hex(4)}"
    making.mkdir()
    try:
        yield making
        if out.exists():
            _take_the_place(making, out, replacing)
        else:
            making.rename(out)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _take_the_place(making: Path, out: Path, replacing: str) -> None:
    """Put ``making`` where ``out`` is, with what ``out`` holds beside the earlier result.

    Folders change their names, files are not copied: an exception leaves the old or the new. No
    call exchanges two folders on every system, so a process killed between the two renames leaves
    no ``out``: the earlier result lies beside it in ``.out-…-old``, the new one, whole, in
    ``.out-…``, and every other file in one of these.
    """
    earlier = making.with_name(f"{making.name}-old")
    out.rename(earlier)
    moved: list[str] = []
    try:
        gone = set(earlier.glob(replacing)) if replacing else set()
        for file in earlier.iterdir():
            if file not in gone and not (making / file.name).exists():
                moved.append(file.name)
                file.rename(making / file.name)
        making.rename(out)
    except BaseException:
        for name in moved:
            if (making / name).exists():
                (making / name).rename(earlier / name)
        earlier.rename(out)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _derived(
    dataset: Dataset, source: SliceSource, image: NDArray[np.float32], description: str, recipe: str
) -> Dataset:
    """A classic single-frame object with these values (HU, or the source's own unit)."""
    derived = _header(dataset, source.frame)
    if (image.shape[0], image.shape[1]) != (derived.Rows, derived.Columns):
        raise damaged(source.path.name)
    stored, padding = _stored(derived, image)
    old = str(dataset.get("SOPInstanceUID") or source.path.name)
    old_class = str(dataset.get("SOPClassUID") or CLASSIC["CT"])
    series = str(dataset.get("SeriesInstanceUID") or source.path.parent)
    derived.SOPClassUID = CLASSIC.get(derived.Modality, old_class)
    derived.SeriesInstanceUID = generate_uid(entropy_srcs=[series, recipe])
    pixels = hashlib.sha256(stored.tobytes()).hexdigest()
    derived.SOPInstanceUID = generate_uid(
        entropy_srcs=[derived.SeriesInstanceUID, old, str(source.frame), pixels]
    )
    if not derived.get("StudyInstanceUID"):
        derived.StudyInstanceUID = generate_uid(entropy_srcs=[series])
    derived.file_meta = FileMetaDataset()
    derived.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    derived.ImageType = ["DERIVED", "SECONDARY", *list(derived.get("ImageType") or [])[2:]]
    _describe(derived, description)
    derived.SeriesNumber = int(derived.get("SeriesNumber") or 0) + 1000
    if UID(old).is_valid:
        reference = Dataset()
        reference.ReferencedSOPClassUID = old_class
        reference.ReferencedSOPInstanceUID = old
        if "PerFrameFunctionalGroupsSequence" in dataset or "NumberOfFrames" in dataset:
            reference.ReferencedFrameNumber = source.frame + 1
        derived.SourceImageSequence = DicomSequence([reference])
    if derived.SOPClassUID == CLASSIC["CT"]:
        _complete(derived)
    photometric = str(derived.get("PhotometricInterpretation") or "MONOCHROME2")
    set_pixel_data(derived, stored, photometric, 16, generate_instance_uid=False)
    if padding is not None:
        derived.add_new("PixelPaddingValue", "SS" if stored.dtype == np.int16 else "US", padding)
    return derived


def _describe(derived: Dataset, description: str) -> None:
    """Say what was done, in one line and in letters that the file declares."""
    text = " ".join(description.replace("\\", "/").split())
    if not text.isascii():
        derived.decode()  # nested text is still in the bytes of the old character set
        derived.SpecificCharacterSet = "ISO_IR 192"  # UTF-8
    for keyword, most in (("SeriesDescription", 64), ("DerivationDescription", 1024)):
        setattr(derived, keyword, text.encode()[:most].decode(errors="ignore").rstrip())


def _complete(derived: Dataset) -> None:
    """Give a CT image what its class asks for and the source, or an Enhanced object, left out."""
    for keyword in _MANDATORY:
        if keyword not in derived:
            setattr(derived, keyword, None)
    if not any(map(derived.get, _SIDED)):
        derived.Laterality = derived.get("Laterality")
    if "ExposureInmAs" in derived:  # only Enhanced CT says it so
        derived.ExposureInuAs = round(float(derived.ExposureInmAs) * 1000)
        del derived.ExposureInmAs


def _header(dataset: Dataset, frame: int) -> Dataset:
    """A copy of everything but pixels and what only described the old ones."""
    header = Dataset()
    for element in flattened(dataset, frame):
        # Overlays (60xx) may be packed into the old pixels' spare bits.
        overlay = element.tag.group & 0xFF00 == 0x6000
        if not overlay and element.keyword not in _ABOUT_OTHER_PIXELS:
            header.add(copy.deepcopy(element))
    return header


def _stored(header: Dataset, image: NDArray[np.float32]) -> tuple[NDArray[np.integer], int | None]:
    """Stored values for the header's slope and intercept in the 16 bits that hold them, and which
    of them is padding, if any must be.

    Air (what padding became when it was read) that lies between two steps of the slope, or beyond
    the 16 bits, is written as padding, so that it comes back as it was. Where 16 bits hold not all
    values, or the source's pixels were no integers, the header gets a slope and an intercept that
    spread this slice's values over 16 bits.
    """
    slope = float(header.get("RescaleSlope") or 1)
    intercept = float(header.get("RescaleIntercept") or 0)
    values = image.astype(np.float64)
    stored = np.rint((values - intercept) / slope)
    step = (AIR - intercept) / slope
    outside = (values == AIR) & (header.Modality == "CT")
    kinds = (np.int16, np.uint16) if header.get("PixelRepresentation") else (np.uint16, np.int16)
    if "BitsStored" in header:
        if abs(step - round(step)) <= 1e-6 or not outside.any():
            for kind in kinds:
                if _fit(stored, kind):
                    return stored.astype(kind), None
        for lower, upper in _PADDING_HU if outside.any() else ():
            for kind in kinds:
                padding = _unused(stored[~outside], kind, slope, intercept, lower, upper)
                if padding is not None:
                    return np.where(outside, padding, stored).astype(kind), padding
    if "RescaleSlope" not in header:
        header.RescaleType = "US"  # unspecified: the source's own numbers
    header.RescaleSlope = DSfloat(float(np.ptp(values)) / 65535 or 1.0, True)
    header.RescaleIntercept = DSfloat(float(values.min()), True)
    spread = (values - float(header.RescaleIntercept)) / float(header.RescaleSlope)
    return np.clip(np.rint(spread), 0, 65535).astype(np.uint16), None


def _fit(stored: NDArray[np.float64], kind: type[np.integer]) -> bool:
    limits = np.iinfo(kind)
    return bool(((stored >= limits.min) & (stored <= limits.max)).all())


def _unused(
    stored: NDArray[np.float64],
    kind: type[np.integer],
    slope: float,
    intercept: float,
    lower: float,
    upper: float,
) -> int | None:
    """The value that no pixel has and that stands for an HU between these, nearest to air."""
    if not _fit(stored, kind):
        return None
    limits = np.iinfo(kind)
    free = np.ones(limits.max - limits.min + 1, bool)
    free[stored.astype(np.int64) - limits.min] = False
    hu = slope * np.arange(limits.min, limits.max + 1) + intercept
    free &= (hu > lower) & (hu < upper)
    if not free.any():
        return None
    return int(np.argmin(np.where(free, np.abs(hu - AIR), np.inf))) + limits.min
