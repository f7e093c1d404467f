"""Synthetic CT with known values, and DICOM files of it as scanners and archives write them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import set_pixel_data
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)


def disc_phantom(
    size: int = 128, *, slices: int = 1, noise: float = 0.0, seed: int = 0
) -> NDArray[np.float32]:
    """A water disc with a bone and a lung insert in air, float32 HU, (slices, size, size)."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    image = np.full((size, size), -1000.0)
    for centre, radius, value in (
        ((0, 0), 0.4, 40.0),
        ((0.15, 0.1), 0.08, 700.0),
        ((-0.15, -0.1), 0.1, -700.0),
    ):
        r = np.hypot(rows - centre[0] * size, columns - centre[1] * size)
        image[r < radius * size] = value
    stack = np.repeat(image[None], slices, 0)
    stack = stack + noise * np.random.default_rng(seed).standard_normal(stack.shape)
    return stack.astype(np.float32)


def ct_dataset(
    stored: NDArray[np.integer],
    *,
    slope: float | str = 1,
    intercept: float | str = -1024,
    position: float = 0.0,
    spacing: float = 0.7,
    series: str = "1.2.3.1",
    number: int = 1,
    **tags: object,
) -> Dataset:
    """One CT slice with these stored values; ``tags`` are set by keyword, None leaves one out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(position), str(number)])
    dataset.SeriesInstanceUID = series
    dataset.StudyInstanceUID = "1.2.3"
    dataset.FrameOfReferenceUID = "1.2.4"
    dataset.Modality = "CT"
    dataset.PatientID = "P1"
    dataset.PatientName = "Doe^Jane"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber = number
    dataset.ImagePositionPatient = [-10.0, -20.0, position]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [spacing, spacing]
    dataset.SliceThickness = 2.0
    dataset.RescaleSlope = slope
    dataset.RescaleIntercept = intercept
    set_pixel_data(dataset, stored, "MONOCHROME2", 8 * stored.itemsize, generate_instance_uid=False)
    for keyword, value in tags.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def write_ct_series(
    folder: Path,
    values: NDArray[np.floating],
    *,
    step: float = 2.0,
    suffix: str = ".dcm",
    syntax: str | None = None,
    **options: object,
) -> list[Path]:
    """Write (slices, rows, columns) in HU, one file a slice, in an order that is not position."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in np.random.default_rng(7).permutation(len(values)):
        stored = np.rint(values[index] + 1024).astype(np.int16)
        dataset = ct_dataset(stored, position=float(step * index), number=len(paths) + 1, **options)
        if syntax:
            dataset.compress(syntax, generate_instance_uid=False)
        paths.append(folder / f"IM{len(paths) + 1}{suffix}")
        dataset.save_as(paths[-1], enforce_file_format=True)
    return paths


def write_enhanced_ct(path: Path, values: NDArray[np.floating], *, step: float = 2.0) -> Path:
    """Write one Enhanced CT of these slices; every frame has its own intercept, the last first."""
    order = list(range(len(values)))[::-1]
    intercepts = [-1000.0 - 24 * n for n in range(len(values))]
    stored = [np.rint(values[i] - intercepts[n]).astype(np.int16) for n, i in enumerate(order)]
    dataset = ct_dataset(
        np.stack(stored),
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        RescaleSlope=None,
        RescaleIntercept=None,
        SliceThickness=None,
    )
    dataset.SOPClassUID = EnhancedCTImageStorage
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    shared = Dataset()
    shared.PixelMeasuresSequence = [_item(PixelSpacing=[0.7, 0.7], SliceThickness=2.0)]
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
    shared.CTReconstructionSequence = [_item(ConvolutionKernel="B30f")]
    frames = []
    for n, i in enumerate(order):
        frame = Dataset()
        frame.PlanePositionSequence = [_item(ImagePositionPatient=[-10.0, -20.0, step * i])]
        frame.PixelValueTransformationSequence = [
            _item(RescaleSlope=1, RescaleIntercept=intercepts[n], RescaleType="HU")
        ]
        frame.CTExposureSequence = [_item(ExposureInmAs=50.0)]
        frames.append(frame)
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    dataset.save_as(path, enforce_file_format=True)
    return path


def _item(**tags: object) -> Dataset:
    item = Dataset()
    for keyword, value in tags.items():
        setattr(item, keyword, value)
    return item
