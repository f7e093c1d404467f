"""One DICOM file: what it says about its slices, and its pixels in HU."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels import apply_modality_lut, iter_pixels

from ctdenoise.errors import Problem, damaged, too_large
from ctdenoise.scans.facts import facts, integer, numbers, vector
from ctdenoise.scans.readers import READERS
from ctdenoise.scans.scan import Facts, SliceSource
from ctdenoise.units import AIR

MODALITIES = {"CT", "MR", "PT", "NM", "CR", "DX", "RG", "MG", "XA", "RF", "IO", "PX"}
"""Scans and projection images; segmentations, dose maps, reports and ultrasound are not."""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
PADDING_BELOW = -2000.0
"""HU that neither tissue nor the noise of air reaches: scanners fill the corners with it."""
HIGHEST = 3071.0
"""HU that tissue, in the 12 bits of a usual CT, does not exceed."""

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

    ``origin`` is None where the file gives no position; ``order`` sorts slices that share one.
    """

    source: SliceSource
    instance: str
    series: str
    order: tuple[int, int, int]
    shape: tuple[int, int]
    spacing: tuple[float, float] | None
    origin: tuple[float, float, float] | None
    orientation: tuple[float, float, float, float, float, float]
    unit: str
    facts: Facts


def open_dataset(path: Path, *, pixels: bool = True) -> Dataset:
    """Read a DICOM file, also one without the preamble that old exports leave out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return pydicom.dcmread(path, stop_before_pixels=not pixels)
            except InvalidDicomError:
                dataset = pydicom.dcmread(path, stop_before_pixels=not pixels, force=True)
                if "Rows" not in dataset or "Modality" not in dataset:
                    raise
                if "TransferSyntaxUID" not in dataset.file_meta:
                    implicit, little = dataset.original_encoding
                    dataset.file_meta.TransferSyntaxUID = (
                        pydicom.uid.ImplicitVRLittleEndian
                        if implicit
                        else pydicom.uid.ExplicitVRLittleEndian
                        if little
                        else pydicom.uid.ExplicitVRBigEndian
                    )
                return dataset
    except InvalidDicomError as error:
        if not path.stat().st_size:
            raise Problem(path.name, "is empty", "leave it out, or export it again") from error
        others = ", ".join(reader.title for reader in READERS.values())
        raise Problem(
            path.name,
            f"is not a DICOM, {others} or zip file",
            "leave it out, or export the scan as DICOM",
        ) from error
    except MemoryError as error:
        raise too_large(path.name) from error
    except Exception as error:
        raise damaged(path.name) from error


def slices(path: Path) -> list[Slice]:
    """The slices of a file, one for each frame; raises :class:`Problem` for what is no scan."""
    dataset = open_dataset(path, pixels=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _refuse(dataset, path.name)
            frames = int(dataset.get("NumberOfFrames") or 1)
            return [_slice(dataset, path, frame) for frame in range(frames)]
    except Problem:
        raise
    except MemoryError as error:
        raise too_large(path.name) from error
    except Exception as error:
        raise damaged(path.name) from error


def decode(path: Path, frames: Sequence[int]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The pixels of these frames, float32 (rows, columns) in HU or in the file's own unit.

    Padding outside the field of view becomes -1024 HU in CT.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for frame, values, dataset in _decoded(path, frames):
                image = np.asarray(values, np.float64)
                if not np.isfinite(image).all():
                    raise Problem(path.name, "holds values that are not numbers", "export it again")
                if unit_of(dataset) == "HU":
                    image = _without_padding(image, dataset)
                yield frame, image.astype(np.float32)
    except (Problem, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError as error:
        raise too_large(path.name) from error
    except BaseException as error:  # a panic in a Rust decoder is no Exception
        raise damaged(path.name) from error


def flattened(dataset: Dataset, frame: int) -> Dataset:
    """An Enhanced object's frame as if it were a classic one: functional groups at top level.

    Other objects come back as they are. Pixels are left out.
    """
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        return dataset
    flat = Dataset()
    for element in dataset:
        if element.keyword not in _ENHANCED_ONLY and element.keyword != "PixelData":
            flat.add(element)
    groups = [
        *dataset.get("SharedFunctionalGroupsSequence", []),
        dataset.PerFrameFunctionalGroupsSequence[frame],
    ]
    for group in groups:
        for macro in group:
            if macro.VR == "SQ" and len(macro.value) == 1:
                for element in macro.value[0]:
                    flat.add(element)
                if "FrameType" in macro.value[0]:
                    flat.ImageType = macro.value[0].FrameType
                    del flat.FrameType
    return flat


def _decoded(
    path: Path, frames: Sequence[int]
) -> Iterator[tuple[int, NDArray[np.generic], Dataset]]:
    """Frame by frame out of the file, which may hold more of them than fit into memory."""
    header = open_dataset(path, pixels=False)
    syntax = header.file_meta.TransferSyntaxUID
    stored = (
        iter_pixels(open_dataset(path), indices=frames)  # deflated: there is no jumping to a frame
        if syntax.is_deflated
        else iter_pixels(path, indices=frames, transfer_syntax_uid=syntax)
    )
    for frame, values in zip(frames, stored, strict=True):
        # pydicom's own rescaling does not look into functional groups (pydicom#2353).
        described = flattened(header, frame)
        yield frame, apply_modality_lut(values, described), described


def _without_padding(values: NDArray[np.float64], dataset: Dataset) -> NDArray[np.float64]:
    outside = values <= PADDING_BELOW
    padding = dataset.get("PixelPaddingValue")
    if isinstance(padding, int):
        slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
        limit = dataset.get("PixelPaddingRangeLimit")
        ends = sorted(slope * p + intercept for p in (padding, limit if limit else padding))
        # A padding value that tissue can have, 0 HU for one, is a mistake in the file.
        if ends[1] < AIR or ends[0] > HIGHEST:
            outside |= (values >= ends[0] - 1e-3) & (values <= ends[1] + 1e-3)
    return np.where(outside, AIR, values)


def _refuse(dataset: Dataset, name: str) -> None:
    modality = str(dataset.get("Modality") or "")
    if "Rows" not in dataset or "Columns" not in dataset:
        raise Problem(
            name, "holds no image or is cut off before it", "leave it out, or export it again"
        )
    if dataset.get("SamplesPerPixel", 1) != 1 or not str(
        dataset.get("PhotometricInterpretation", "MONOCHROME2")
    ).startswith("MONOCHROME"):
        raise Problem(name, "is a colour image", "export the greyscale series instead")
    if str(dataset.get("BurnedInAnnotation") or "").upper() == "YES":
        raise Problem(
            name,
            "has text burned into its pixels, which may name the patient",
            "export the series without annotation",
        )
    kinds = {_third(flattened(dataset, 0)), _third(dataset)}
    if kinds & {"LOCALIZER", "SCOUT", "TOPOGRAM"}:
        raise Problem(name, "is a localizer (overview image)", "choose the axial slices instead")
    if str(dataset.get("SOPClassUID") or "").startswith(SECONDARY_CAPTURE) or kinds & {
        "SCREEN SAVE",
        "SCREENSAVE",
        "SECONDARY CAPTURE",
        "DOSE INFO",
    }:
        raise Problem(
            name, "is a secondary capture (a screenshot)", "export the original series instead"
        )
    if modality not in MODALITIES:
        raise Problem(
            name,
            f"is of the kind {modality or 'unknown'}, which is not a scan",
            "choose CT, MR, PET or X-ray images",
        )


def _third(dataset: Dataset) -> str:
    kinds = dataset.get("ImageType") or []
    return str(kinds[2]).strip().upper() if not isinstance(kinds, str) and len(kinds) > 2 else ""


def unit_of(dataset: Dataset) -> str:
    """ "HU" for CT that says how to come to HU; perfusion maps and other modalities have none."""
    if dataset.get("Modality") != "CT" or None in numbers(
        dataset, "RescaleSlope", "RescaleIntercept"
    ):
        return ""
    return "HU" if str(dataset.get("RescaleType") or "HU").upper().startswith("HU") else ""


def _slice(dataset: Dataset, path: Path, frame: int) -> Slice:
    flat = flattened(dataset, frame)
    spacing = vector(flat, "PixelSpacing", 2) or vector(flat, "ImagerPixelSpacing", 2)
    if spacing and min(spacing) <= 0:
        spacing = None
    return Slice(
        source=SliceSource(path, frame),
        instance=f"{flat.get('SOPInstanceUID') or path} {frame}",
        series=str(flat.get("SeriesInstanceUID") or path.parent),
        order=(integer(flat, "AcquisitionNumber"), integer(flat, "InstanceNumber"), frame),
        shape=(int(flat.Rows), int(flat.Columns)),
        spacing=(spacing[0], spacing[1]) if spacing else None,
        origin=vector(flat, "ImagePositionPatient", 3),  # type: ignore[arg-type]
        orientation=vector(flat, "ImageOrientationPatient", 6) or (1, 0, 0, 0, 1, 0),  # type: ignore[arg-type]
        unit=unit_of(flat),
        facts=facts(flat),
    )
