"""What a scan and a pair are, in memory."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SliceSource:
    """The file, and the frame in it (from 0), that a slice comes from."""

    path: Path
    frame: int = 0


@dataclass(frozen=True)
class Facts:
    """What de-identification would take away or change, read beforehand and kept as our own."""

    patient: str = ""
    """Stable within a workspace and meaningless outside it; equal for slices of one patient."""
    series: str = ""
    """Our own label of the series, e.g. "Series 3, B30f, 1.5 mm"."""
    modality: str = "CT"
    dose_word: str = ""
    """"low", "full" or "" as the tags say it."""
    exposure_mas: float | None = None
    kernel: str = ""
    tube_kv: float | None = None
    thickness_mm: float | None = None
    scanner: str = ""


@dataclass(frozen=True)
class Scan:
    """One series of slices, sorted by position.

    ``values``: float32 (slices, rows, columns) in ``unit``; may be a read-only memory map.
    ``spacing``: distance of rows and of columns in mm, or None where the file does not say.
    ``positions``: mm along the slice normal, (slices,).
    ``origins``: ImagePositionPatient of each slice in mm, (slices, 3).
    ``orientation``: ImageOrientationPatient, the cosines of a row and of a column, (6,).
    ``unit``: "HU", or "" for MR, PET, projections and plain images, whose own numbers are kept.
    ``located``: whether the files say where the slices lie; else ``origins`` are 0 and
    ``positions`` a count.
    ``numbers``: InstanceNumber of each slice, or the number in its file's name; None where two
    slices share one or a slice has none.
    """

    name: str
    values: NDArray[np.float32]
    spacing: tuple[float, float] | None
    positions: NDArray[np.float64]
    origins: NDArray[np.float64]
    orientation: tuple[float, float, float, float, float, float] = (1, 0, 0, 0, 1, 0)
    unit: str = "HU"
    facts: Facts = field(default_factory=Facts)
    located: bool = True
    numbers: tuple[int, ...] | None = None

    @property
    def is_hu(self) -> bool:
        """Whether values are Hounsfield units."""
        return self.unit == "HU"

    def simulated_pair(self, low: NDArray[np.float32], dose_fraction: float) -> "Pair":
        """Itself as the full dose, with a simulated ``low`` (draws, slices, rows, columns) of
        ``dose_fraction`` of it."""
        return Pair(
            name=self.name,
            low=low,
            full=self.values,
            spacing=self.spacing,
            positions=self.positions,
            orientation=self.orientation,
            unit=self.unit,
            patient=self.facts.patient,
            dose_fraction=dose_fraction,
            simulated=True,
            located=self.located,
        )


@dataclass(frozen=True)
class Pair:
    """Low dose and full dose of the same slices.

    ``low``: (draws, slices, rows, columns); one draw for a real pair, several noise draws for a
    simulated one. ``full``: (slices, rows, columns). ``dose_fraction`` is None where unknown.
    ``positions``: mm along the slice normal where ``located``, else the slices' numbers or a count.
    """

    name: str
    low: NDArray[np.float32]
    full: NDArray[np.float32]
    spacing: tuple[float, float] | None
    positions: NDArray[np.float64]
    orientation: tuple[float, float, float, float, float, float] = (1, 0, 0, 0, 1, 0)
    unit: str = "HU"
    patient: str = ""
    dose_fraction: float | None = None
    simulated: bool = False
    located: bool = True

    @property
    def slices(self) -> int:
        """How many there are."""
        return int(self.full.shape[0])
