"""A series as NIfTI-1, the format of research programs (nifti.nimh.nih.gov/nifti-1)."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from gzip import GzipFile
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, Progress, telling_disk_problems
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat
from ctdenoise.files import atomic_file
from ctdenoise.scans.geometry import even_steps, gaps
from ctdenoise.units import AIR, counted, to_int16

STRAIGHT = 0.1
"""mm by which the last slice may lie beside the first before slices count as leaning."""
SQUARE = 4e-4
"""Cosine of the angle of rows and columns; more of it moves a corner by 0.1 mm in 250."""
FASTEST = 1
"""Level of gzip: higher ones take three times as long and save two percent of a CT."""


@telling_disk_problems
def write_nifti(
    slices: Iterable[NDArray[np.floating]],
    path: Path,
    *,
    origins: NDArray[np.floating],
    orientation: Sequence[float],
    spacing: tuple[float, float] | None,
    thickness: float | None = None,
    unit: str = "HU",
) -> Path:
    """Write ``slices``, (rows, columns) each, into ``path`` (.nii, or .nii.gz compressed).

    They may come one after the other, as they are computed, and are not held in memory. ``origins``
    (slices, 3), ``orientation`` (6,) and ``spacing`` (mm between rows, between columns) are those
    of a :class:`~ctdenoise.scans.scan.Scan`; ``thickness`` in mm counts where there is one slice.
    HU are stored as whole numbers (int16), other units as float32. Slices of a tilted gantry are
    straightened (see :func:`grid_of`), which the header tells. Raises :class:`Problem` where the
    format cannot say where the slices lie; nothing is left half-written.
    """
    from nibabel.nifti1 import Nifti1Header

    grid = grid_of(origins, orientation, spacing, thickness)
    kind = np.dtype("<i2" if unit == "HU" else "<f4")
    with atomic_file(path) as part, part.open("wb") as raw, _packed(raw, path) as file:
        for number, (image, _) in enumerate(zip(slices, origins, strict=True)):
            straight = grid.straightened(image, number, AIR if unit == "HU" else 0.0)
            if not number:
                header = Nifti1Header()
                header.set_data_dtype(kind)
                header.set_data_shape((*straight.shape[::-1], len(origins)))
                header.set_xyzt_units("mm")
                header.set_sform(grid.affine, "scanner")
                header.set_qform(grid.affine, "scanner")  # for programs that ignore the sform
                header["vox_offset"] = header.single_vox_offset
                done = "; tilted gantry straightened" if grid.leans else ""
                header["descrip"] = f"CT Denoise: not for diagnosis{done}".encode()
                header.write_to(file)
            values = to_int16(straight) if unit == "HU" else straight
            # columns vary fastest in NIfTI: a slice row by row is in its order already
            file.write(values.astype(kind).tobytes())
    return path


def _packed(raw: BinaryIO, path: Path) -> AbstractContextManager[BinaryIO | GzipFile]:
    """Compressed where the name says so, and the same bytes each time."""
    if path.suffix == ".gz":
        return GzipFile("", "wb", FASTEST, raw, mtime=0)
    return nullcontext(raw)


@dataclass(frozen=True)
class Grid:
    """Where voxels lie: ``affine`` is the 4 x 4 matrix from (column, row, slice) to mm to the
    right, front and head (RAS), its axes at right angles. ``lean`` is how many rows and columns
    each slice of a tilted gantry lies further than the one before it, in a grid that is larger than
    a slice by ``before`` and ``after`` (rows, columns)."""

    affine: NDArray[np.float64]
    lean: NDArray[np.float64]
    before: NDArray[np.intp]
    after: NDArray[np.intp]

    @property
    def leans(self) -> bool:
        """Whether slices have to be straightened."""
        return bool(self.lean.any())

    def straightened(
        self, image: NDArray[np.floating], number: int, beyond: float
    ) -> NDArray[np.floating]:
        """Slice ``number`` (rows, columns) in the grid, linear between pixels, ``beyond`` around
        it."""
        if not self.leans:
            return image
        from scipy.ndimage import affine_transform

        shape = tuple(np.add(image.shape, self.before + self.after))
        start = -(self.before + number * self.lean)
        straight: NDArray[np.floating] = affine_transform(
            image, [1, 1], start, shape, order=1, mode="constant", cval=beyond
        )
        return straight


def grid_of(
    origins: NDArray[np.floating],
    orientation: Sequence[float],
    spacing: tuple[float, float] | None,
    thickness: float | None = None,
) -> Grid:
    """The grid of slices, by equation C.7.6.2.1-1 of DICOM PS3.3, which counts to the left, back
    and head (LPS).

    NIfTI's quaternion, and with it every program built on ITK, knows right angles alone: slices of
    a tilted gantry, which lean, are to be straightened. Raises :class:`Problem` where the spacing
    is not known or the slices do not follow each other evenly.
    """
    if spacing is None:
        raise Problem("The scan", "has no pixel spacing, which NIfTI must say", "take NPY")
    along, down = np.reshape(np.asarray(orientation, np.float64), (2, 3))
    across = np.cross(along, down)
    if abs(along @ down) > SQUARE or np.linalg.norm(across) < 0.9:
        raise Problem("The scan", "has rows and columns that are not at right angles, which NIfTI "
                      "cannot say", "take DICOM or NPY")  # fmt: skip
    along, across = along / np.linalg.norm(along), across / np.linalg.norm(across)
    down = np.cross(across, along)
    count = np.arange(len(origins))[:, None]
    step = even_steps(origins) if len(origins) > 1 else across * (thickness or 1.0)
    if step is None:
        raise Problem("The scan", f"{_unevenness(origins @ across)}, which NIfTI cannot say",
                      "take DICOM or NPY")  # fmt: skip
    beside = origins - count * step
    first = (beside.min(axis=0) + beside.max(axis=0)) / 2
    drift = np.array([step @ down, step @ along])
    last = len(origins) - 1
    lean = drift / spacing if last * np.abs(drift).max() > STRAIGHT else np.zeros(2)
    if not lean.any():
        first = first + last / 2 * (drift @ [down, along])  # its halves to both ends
    before, after = (np.ceil(np.maximum(0, sign * last * lean)).astype(int) for sign in (-1, 1))
    first = first - before @ [down * spacing[0], along * spacing[1]]
    lps = np.eye(4)
    lps[:3] = np.column_stack(
        [along * spacing[1], down * spacing[0], across * (step @ across), first]
    )
    return Grid(np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps, lean, before, after)


def _unevenness(positions: NDArray[np.float64]) -> str:
    """What is wrong with the distances, from the place of each slice along the normal."""
    missing = gaps(positions)
    if not missing:
        return "has slices at uneven distances"
    after, count = next(iter(missing.items()))
    elsewhere = f" and {counted(len(missing) - 1, 'more gap')}" if len(missing) > 1 else ""
    told = f"lacks {counted(count, 'slice')} between slices {after + 1} and {after + 2}"
    return f"{told} ({positions[after]:.1f} and {positions[after + 1]:.1f} mm){elsewhere}"


def _grid(content: Content) -> Grid:
    return grid_of(content.origins, content.orientation, content.spacing, content.thickness)


def _lacking(content: Content) -> str:
    try:
        _grid(content)
    except Problem as problem:
        return str(problem)
    return ""


def _note(content: Content) -> str:
    """What happens to slices of a tilted gantry."""
    if not _grid(content).leans:
        return ""
    return (
        "The gantry was tilted: since NIfTI is read at right angles, slices are moved by "
        "interpolation, which smooths their noise a little. DICOM keeps them as they are."
    )


def _write(content: Content, path: Path, tell: Progress) -> None:
    write_nifti(
        (image for _, image in content.slices(tell)),
        path,
        origins=content.origins,
        orientation=content.orientation,
        spacing=content.spacing,
        thickness=content.thickness,
        unit=content.unit,
    )


FORMATS.register(
    ExportFormat(
        name="nifti",
        rank=1,
        title="NIfTI volume (.nii.gz)",
        sentence="For research programs; it holds CT numbers, spacing and position, nothing of the "
        "patient.",
        suffix="nii.gz",
        mime="application/gzip",
        scope="series",
        write=_write,
        lacking=_lacking,
        note=_note,
    )
)
