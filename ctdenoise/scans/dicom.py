"""What a DICOM file says about its slices; :mod:`ctdenoise.scans.pixels` decodes them."""

import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from ctdenoise.errors import Problem
from ctdenoise.scans.budget import affordable
from ctdenoise.scans.dataset import FUNCTIONAL_GROUPS, PIXELS, open_dataset, opened, reason, said
from ctdenoise.scans.facts import facts, integer, numbers, text, value, vector
from ctdenoise.scans.file_kinds import class_kind
from ctdenoise.scans.geometry import normal
from ctdenoise.scans.scan import Facts, SliceSource

MODALITIES = {"CT", "MR", "PT", "NM", "CR", "DX", "RG", "MG", "XA", "RF", "IO", "PX"}
"""Scans and projection images; segmentations, dose maps, reports and ultrasound are not."""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
GREYSCALE_WORDS = f"{SECONDARY_CAPTURE}.3"
"""Multi-frame Grayscale Word Secondary Capture, as which cone-beam CT is stored too."""

_HOUNSFIELD = {"", "HU", "H.U.", "HOUNSFIELD", "HOUNSFIELD UNIT", "HOUNSFIELD UNITS"}
OTHER_UNITS = re.compile(
    r"^(OD|PCT|EDW?|HU_MOD|OTHER)$|MG|ML|/|%|EFF|DENS|IOD|SUV|BQ|KEV|COUNT|CPS"
)
"""Rescale types that say what else numbers are (DICOM PS3.3 C.11.1.1.2). Others say nothing, like
"US", unspecified, which a common toolkit writes for every CT."""
_MAPS = re.compile(
    r"Z[ _]?EFF|EFF\w*[ _]?(Z|ATOMIC)|ATOMIC|ELEC\w*[ _]?DENS|(?<![A-Z])RHO(?![A-Z])|IODINE|URIC"
    r"|CALCIUM_|FRACTION|PERFUSION|MATERIAL|(?<![A-Z])(R?CB[FV]|MTT|TTP|TMAX|PERF)(?![A-Z])",
    re.I,
)
"""What scanners call maps that are computed from CT and are not in HU, in Image Type."""

_ENHANCED_ONLY = (
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "NumberOfFrames",
    "DimensionOrganizationSequence",
    "DimensionIndexSequence",
    "DimensionOrganizationType",
)


@dataclass(frozen=True)
class Slice:
    """What the header says about one slice; its pixels are decoded later.

    ``origin`` is None where the file gives no position. ``number`` is the instance's, 0 where there
    is none. ``moments``: what may tell phases apart, see :data:`MOMENTS`. ``assumed``: what was not
    in the file and had to be assumed, in clauses without a subject.
    """

    source: SliceSource
    instance: str
    series: str
    number: int
    shape: tuple[int, int]
    spacing: tuple[float, float] | None
    origin: tuple[float, float, float] | None
    orientation: tuple[float, float, float, float, float, float]
    unit: str
    facts: Facts
    moments: tuple[float | None, ...]
    assumed: tuple[str, ...] = ()


MOMENTS = (
    "AcquisitionNumber",
    "TemporalPositionIndex",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "TemporalPositionTimeOffset",
    "NominalPercentageOfCardiacPhase",
    "NominalPercentageOfRespiratoryPhase",
    "NominalCardiacTriggerDelayTime",
    "FrameAcquisitionNumber",
    "FrameReferenceTime",
    "EchoNumbers",
    "FrameReferenceDateTime",
    "FrameAcquisitionDateTime",
    "AcquisitionDateTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "ContentTime",
)
"""What may tell the phases of a series apart, the surest first."""


def slices(path: Path) -> list[Slice]:
    """The slices of a file, one for each frame; raises :class:`Problem` for what is no scan."""
    dataset, assumed = opened(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frames = max(1, integer(dataset, "NumberOfFrames"))
            _refuse(dataset, path.name)
            _check_cost(dataset, path, frames)
            return [_slice(dataset, path, frame, tuple(assumed)) for frame in range(frames)]
    except Exception as error:
        raise reason(error, path.name) from error


def _check_cost(dataset: Dataset, path: Path, frames: int) -> None:
    syntax = dataset.file_meta.TransferSyntaxUID
    affordable(
        path,
        slices=frames,
        rows=integer(dataset, "Rows"),
        columns=integer(dataset, "Columns"),
        stored_bytes=integer(dataset, "SamplesPerPixel") * integer(dataset, "BitsAllocated") / 8,
        compressed=syntax.is_encapsulated or syntax.is_deflated,
    )


def flattened(dataset: Dataset, frame: int) -> Dataset:
    """An Enhanced object's frame as if it were a classic one: functional groups at top level.

    Other objects come back as they are. Pixels are left out.
    """
    shared, own = (value(dataset, keyword) or [] for keyword in FUNCTIONAL_GROUPS)
    if not shared and not own:
        return dataset
    flat = Dataset()
    for tag in list(dataset.keys()):
        with suppress(Exception):  # an element that nobody can read, and that may not be needed
            element = dataset[tag]
            if element.keyword not in _ENHANCED_ONLY and element.keyword != "PixelData":
                flat.add(element)
    for group in (*shared, *([own[frame]] if own else [])):
        for macro in group:
            if macro.VR == "SQ" and len(macro.value) == 1:
                for element in macro.value[0]:
                    flat.add(element)
                if "FrameType" in macro.value[0]:
                    flat.ImageType = macro.value[0].FrameType
                    del flat.FrameType
    return flat


def unit_of(dataset: Dataset) -> str:
    """ "HU" for CT that says how to come to HU; maps of other things and other modalities: "".

    The word in Rescale Type counts where the standard gives it a meaning; where it says nothing,
    slope and intercept decide.
    """
    if value(dataset, "Modality") != "CT" or _MAPS.search(text(dataset, "ImageType")):
        return ""
    if table := value(dataset, "ModalityLUTSequence"):
        return "HU" if text(table[0], "ModalityLUTType").upper() in _HOUNSFIELD - {""} else ""
    slope, intercept = numbers(dataset, "RescaleSlope", "RescaleIntercept")
    if slope is None or intercept is None:
        return ""
    word = text(dataset, "RescaleType").upper()
    signed = value(dataset, "PixelRepresentation") == 1 or "FloatPixelData" in dataset
    reaches_air = 0.1 <= slope <= 16 and (intercept <= -900 or signed)
    return "HU" if word in _HOUNSFIELD or (reaches_air and not OTHER_UNITS.search(word)) else ""


def _refuse(dataset: Dataset, name: str) -> None:
    if "Rows" not in dataset or "Columns" not in dataset:
        kind = class_kind(_sop_class(dataset))
        what = f"is {kind}" if kind else "holds no image, or is cut off before it"
        raise Problem(name, what, "leave it out, or export the scan's images")
    if integer(dataset, "SamplesPerPixel") != 1 or not text(
        dataset, "PhotometricInterpretation"
    ).upper().startswith("MONOCHROME"):
        raise Problem(name, "is a colour image", "export the greyscale series instead")
    if text(dataset, "BurnedInAnnotation").upper() == "YES":
        raise Problem(
            name,
            "has text burned into its pixels, which may name the patient",
            "export the series without annotation",
        )
    kinds = {_third(flattened(dataset, 0)), _third(dataset)}
    if kinds & {"LOCALIZER", "SCOUT", "TOPOGRAM"}:
        raise Problem(name, "is a localizer (overview image)", "choose the axial slices instead")
    if _is_screenshot(dataset) or kinds & {
        "SCREEN SAVE",
        "SCREENSAVE",
        "SECONDARY CAPTURE",
        "DOSE INFO",
    }:
        raise Problem(
            name, "is a secondary capture (a screenshot)", "export the original series instead"
        )
    modality, kind = text(dataset, "Modality"), class_kind(_sop_class(dataset))
    if kind or modality not in MODALITIES:
        what = kind or f"of the kind {modality or 'unknown'}"
        raise Problem(name, f"is {what}, which is not a scan", "choose CT, MR, PET or X-ray images")


def _refuse_slope(dataset: Dataset, name: str) -> None:
    """Refuse what makes every value the same, or nothing of it."""
    (slope,) = numbers(dataset, "RescaleSlope")
    if slope == 0:
        raise Problem(
            name, "has a rescale slope of 0, which makes all pixels equal", "export it again"
        )
    for keyword, words in (("RescaleSlope", "slope"), ("RescaleIntercept", "intercept")):
        if numbers(dataset, keyword) == [None] and said(dataset, keyword):
            raise Problem(name, f"has a rescale {words} that is no number", "export it again")
    slope, intercept = numbers(dataset, "RescaleSlope", "RescaleIntercept")
    if slope is None or intercept is None or value(dataset, "Modality") != "CT":
        return
    if not 1e-4 <= abs(slope) <= 1e4 or abs(intercept) > 1e6:
        raise Problem(
            name,
            f"has a rescale slope of {slope:g} and an intercept of {intercept:g}, as no CT has",
            "export it again",
        )


def _is_screenshot(dataset: Dataset) -> bool:
    """Secondary captures, but for CT stored so: 16 bits, and from slope and intercept to HU."""
    sop_class = _sop_class(dataset)
    is_words = sop_class == GREYSCALE_WORDS and integer(dataset, "BitsStored") > 8
    is_ct = is_words and value(dataset, "Modality") == "CT"
    return sop_class.startswith(SECONDARY_CAPTURE) and not is_ct


def _sop_class(dataset: Dataset) -> str:
    return text(dataset, "SOPClassUID") or text(dataset.file_meta, "MediaStorageSOPClassUID")


def _third(dataset: Dataset) -> str:
    kinds = value(dataset, "ImageType") or []
    return str(kinds[2]).strip().upper() if not isinstance(kinds, str) and len(kinds) > 2 else ""


def _slice(dataset: Dataset, path: Path, frame: int, assumed: tuple[str, ...]) -> Slice:
    flat = flattened(dataset, frame)
    _refuse_slope(flat, path.name)
    spacing = vector(flat, "PixelSpacing", 2) or vector(flat, "ImagerPixelSpacing", 2)
    if spacing and min(spacing) <= 0:
        spacing = None
    orientation = vector(flat, "ImageOrientationPatient", 6) or (1, 0, 0, 0, 1, 0)
    number, origin = integer(flat, "InstanceNumber"), vector(flat, "ImagePositionPatient", 3)
    moments = tuple(_moment(flat, keyword) for keyword in MOMENTS)
    (step,) = numbers(flat, "SpacingBetweenSlices")
    if origin and frame and flat is dataset and step:
        origin = tuple(np.add(origin, frame * step * normal(orientation)))
    return Slice(
        source=SliceSource(path, frame),
        # with number and place: some programs give all files of a series one UID
        instance=f"{text(flat, 'SOPInstanceUID') or path} {frame} {number} {origin} {moments}",
        series=text(flat, "SeriesInstanceUID") or str(path.parent),
        number=number,
        shape=(int(flat.Rows), int(flat.Columns)),
        spacing=(spacing[0], spacing[1]) if spacing else None,
        origin=origin,  # type: ignore[arg-type]
        orientation=orientation,  # type: ignore[arg-type]
        unit=unit_of(flat),
        facts=facts(flat),
        moments=moments,
        assumed=(*assumed, *_said_of_unit(flat)),
    )


def _moment(dataset: Dataset, keyword: str) -> float | None:
    """A number, or a date or time as one (20260131120000.5), without its zone."""
    if not keyword.endswith("Time"):
        return numbers(dataset, keyword)[0]
    try:
        return float(re.split(r"[+-]", text(dataset, keyword).replace(":", ""))[0])
    except ValueError:
        return None


def same_pixels(a: Slice, b: Slice) -> bool:
    """Whether two slices that say they are one hold the same stored pixels."""
    if a.source == b.source:
        return True
    try:
        stored = [_pixel_bytes(open_dataset(each.source.path)) for each in (a, b)]
    except Problem:  # told when it is decoded
        return True
    return stored[0] == stored[1]


def _pixel_bytes(dataset: Dataset) -> bytes | None:
    held: bytes | None = next((value(dataset, each) for each in PIXELS if each in dataset), None)
    return held


def _said_of_unit(dataset: Dataset) -> list[str]:
    """What a person should know of how the numbers of CT were understood."""
    if value(dataset, "Modality") != "CT":
        return []
    word = text(dataset, "RescaleType").upper()
    if unit_of(dataset) == "HU":
        if word in _HOUNSFIELD:
            return []
        return [f'calls its unit "{word}"; slope and intercept make CT numbers (HU) of it']
    if found := _MAPS.search(text(dataset, "ImageType")):
        return [f'is a map ("{found[0]}"), not CT numbers; its own numbers were kept']
    if OTHER_UNITS.search(word):
        return [f'is in the unit "{word}", not in CT numbers; its own numbers were kept']
    return ["does not say how to come to CT numbers (HU); its own numbers were kept"]
