"""A series as NIfTI-1, the format of research programs (nifti.nimh.nih.gov/nifti-1)."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from gzip import GzipFile
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, Progress, telling_disk_problems
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat
from ctdenoise.files import atomic_file
from ctdenoise.units import to_int16

UNEVEN = 0.02
"""Share of the slice distance by which a slice may lie beside its place."""
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
    HU are stored as whole numbers (int16), other units as float32. Raises :class:`Problem` where
    the format cannot say where the slices lie; nothing is left half-written.
    """
    from nibabel.nifti1 import Nifti1Header

    geometry = affine(origins, orientation, spacing, thickness)
    kind = np.dtype("<i2" if unit == "HU" else "<f4")
    with atomic_file(path) as part, part.open("wb") as raw, _packed(raw, path) as file:
        for number, (image, _) in enumerate(zip(slices, origins, strict=True)):
            if not number:
                header = Nifti1Header()
                header.set_data_dtype(kind)
                header.set_data_shape((*image.shape[::-1], len(origins)))
                header.set_xyzt_units("mm")
                header.set_sform(geometry, "scanner")
                header.set_qform(geometry, "scanner")  # for programs that ignore the sform
                header["vox_offset"] = header.single_vox_offset
                header["descrip"] = b"CT Denoise: not for diagnosis"
                header.write_to(file)
            values = to_int16(image) if unit == "HU" else image
            # columns vary fastest in NIfTI: a slice row by row is in its order already
            file.write(values.astype(kind).tobytes())
    return path


def _packed(raw: BinaryIO, path: Path) -> AbstractContextManager[BinaryIO | GzipFile]:
    """Compressed where the name says so, and the same bytes each time."""
    if path.suffix == ".gz":
        return GzipFile("", "wb", FASTEST, raw, mtime=0)
    return nullcontext(raw)


def affine(
    origins: NDArray[np.floating],
    orientation: Sequence[float],
    spacing: tuple[float, float] | None,
    thickness: float | None = None,
) -> NDArray[np.float64]:
    """The 4 x 4 matrix from (column, row, slice) to mm to the right, front and head (RAS).

    After equation C.7.6.2.1-1 of DICOM PS3.3, which counts to the left, back and head (LPS); a
    tilted gantry shears it. Raises :class:`Problem` where the spacing is not known or the slices
    do not follow each other evenly.
    """
    if spacing is None:
        raise Problem("The scan", "has no pixel spacing, which NIfTI must say",
                      "take it away in its own format")  # fmt: skip
    along, down = np.reshape(np.asarray(orientation, np.float64), (2, 3))
    places = np.asarray(origins, np.float64)
    if len(places) > 1:
        step = (places[-1] - places[0]) / (len(places) - 1)
        aside = places - places[0] - np.arange(len(places))[:, None] * step
        if np.abs(aside).max() > UNEVEN * np.linalg.norm(step):
            raise Problem("The scan", "has slices at uneven distances, which NIfTI cannot say",
                          "take it away as DICOM")  # fmt: skip
    else:
        step = np.cross(along, down) * (thickness or 1.0)
    lps = np.eye(4)
    lps[:3] = np.column_stack([along * spacing[1], down * spacing[0], step, places[0]])
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps


def _lacking(content: Content) -> str:
    known = content.spacing is not None
    return "" if known else "This scan has no pixel spacing, which NIfTI must say: take NPY."


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
    )
)
