"""CT series as scanners and archives write them, made by pydicom alone, with every voxel's HU and
place known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

AXIAL = (1.0, 0, 0, 0, 1, 0)
SIZE = (24, 20)
"""Rows, columns: unequal, so that nobody can exchange them unseen."""


@dataclass(frozen=True)
class Acquisition:
    """A series: ``stored`` (slices, rows, columns) stands for ``slope`` * stored + ``intercept``
    HU; slice i begins at ``first`` + i * ``step``, mm to the left, back and head. Slices in
    ``missing`` are not written, and the files come in ``order``."""

    stored: NDArray[np.integer]
    slope: str = "1"
    intercept: str = "-1024"
    bits: int = 12
    signed: bool = False
    first: Sequence[float] = (-120.5, -97.25, 310.0)
    step: Sequence[float] = (0, 0, 2.5)
    orientation: Sequence[float] = AXIAL
    spacing: tuple[float, float] = (0.8, 0.6)
    decimals: int = 6
    missing: frozenset[int] = frozenset()
    syntax: pydicom.uid.UID = ExplicitVRLittleEndian
    series: str = "1.2.826.0.1.3680043.8.498.77.1"
    number: int = 4
    start: int = 1
    """InstanceNumber of the first slice."""
    tags: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> list[int]:
        """The slices that are written."""
        return [i for i in range(len(self.stored)) if i not in self.missing]

    @property
    def hu(self) -> NDArray[np.float64]:
        """(kept slices, rows, columns)."""
        return float(self.slope) * self.stored[self.kept].astype(float) + float(self.intercept)

    @property
    def origins(self) -> NDArray[np.float64]:
        """Where each kept slice begins, as the files say it, (kept slices, 3)."""
        places = np.asarray(self.first) + np.outer(np.arange(len(self.stored)), self.step)
        rounded: NDArray[np.float64] = np.round(places, self.decimals)
        return rounded[self.kept]

    def point(self, slice: int, row: int, column: int) -> NDArray[np.float64]:
        """mm to the left, back and head of a voxel of a kept slice (PS3.3 C.7.6.2.1-1)."""
        along, down = np.reshape(self.orientation, (2, 3))
        across = along * self.spacing[1] * column + down * self.spacing[0] * row
        return np.asarray(self.origins[slice] + across)

    def write(self, folder: Path) -> list[Path]:
        """A file for each slice, in an order of names that is not that of positions."""
        folder.mkdir(parents=True, exist_ok=True)
        names = np.random.default_rng(5).permutation(len(self.kept))
        paths = []
        for name, origin, index in zip(names, self.origins, self.kept, strict=True):
            paths.append(folder / f"{self.series.split('.')[-1]}-{name:03d}.dcm")
            self._dataset(index, origin).save_as(paths[-1], enforce_file_format=True)
        return paths

    def _dataset(self, index: int, origin: NDArray[np.float64]) -> Dataset:
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = self.syntax
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[self.series, str(self.start + index)])
        dataset.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.77"
        dataset.SeriesInstanceUID = self.series
        dataset.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.78"
        dataset.SeriesNumber = self.number
        dataset.InstanceNumber = self.start + index
        dataset.AcquisitionNumber = 1
        dataset.Modality = "CT"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.PatientName = "Phantom^Steps"
        dataset.PatientID = "P1"
        dataset.PatientPosition = "HFS"
        dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "20240229"
        dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = "101500"
        dataset.Manufacturer = "SIEMENS"
        dataset.KVP = 120
        dataset.ImageOrientationPatient = [f"{each:.6f}" for each in self.orientation]
        dataset.ImagePositionPatient = [f"{each:.{self.decimals}f}" for each in origin]
        dataset.PixelSpacing = list(self.spacing)
        dataset.SliceThickness = 2.5
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.Rows, dataset.Columns = self.stored.shape[1:]
        dataset.BitsAllocated = 16
        dataset.BitsStored, dataset.HighBit = self.bits, self.bits - 1
        dataset.PixelRepresentation = int(self.signed)
        dataset.RescaleSlope, dataset.RescaleIntercept = self.slope, self.intercept
        order = "<" if self.syntax.is_little_endian else ">"
        kind = np.dtype(f"{order}i2" if self.signed else f"{order}u2")
        dataset.PixelData = self.stored[index].astype(kind).tobytes()
        dataset["PixelData"].VR = "OW"
        for keyword, value in self.tags.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        return dataset


def steps(slices: int = 6, *, seed: int = 0, bits: int = 12, signed: bool = False) -> Acquisition:
    """Whose stored values tell slice, row and column, with some noise; of any series below."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    random = np.random.default_rng(seed)
    low = 0 if not signed else -1000
    stored = np.stack([
        low + 200 + 150 * n + 6 * rows + 11 * columns + random.integers(-20, 20, SIZE)
        for n in range(slices)
    ])  # fmt: skip
    return Acquisition(stored, bits=bits, signed=signed,
                       intercept="0" if signed else "-1024")  # fmt: skip


def turned(made: Acquisition, angles: Sequence[float]) -> Acquisition:
    """The same, its axes turned by these degrees about x, y and z."""
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    orientation = np.round([*turn @ made.orientation[:3], *turn @ made.orientation[3:]], 6)
    return replace(made, orientation=tuple(orientation), step=tuple(turn @ made.step))


def tilted(made: Acquisition, degrees: float) -> Acquisition:
    """The same with a gantry that leans, while the table goes on along the body."""
    angle = np.deg2rad(degrees)
    orientation = (1.0, 0, 0, 0, round(np.cos(angle), 6), round(-np.sin(angle), 6))
    tags = {**made.tags, "GantryDetectorTilt": degrees}
    return replace(made, orientation=orientation, tags=tags)
