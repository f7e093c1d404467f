"""NIfTI-1 and -2 in one file (nifti.nimh.nih.gov), by nibabel; voxels stay in the file, mapped."""

import tempfile
from gzip import GzipFile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, damaged
from ctdenoise.scans.budget import GZIP, affordable, limited, pieces
from ctdenoise.scans.readers import READERS, ImageStack, Reader, coloured
from ctdenoise.scans.volume import cut, image_stack

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header

_MILLIMETRES = {"meter": 1000.0, "micron": 0.001}
_COLOURS = (128, 2304)
"""Codes of RGB and RGBA."""
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""From right, front and head, as NIfTI counts, to left, back and head."""


def _read(path: Path) -> ImageStack:
    header = _header(path)
    shape, affine = _shape(header, path.name), _affine(header)
    slope, intercept = header.get_slope_inter()
    affordable(
        path,
        **cut(shape, affine).sizes(shape),
        stored_bytes=header.get_data_dtype().itemsize,
        compressed=_packed(path),
    )
    return image_stack(
        path.name,
        _mapped(path, header, shape),
        affine,
        slope=1.0 if slope is None else slope,
        intercept=intercept or 0.0,
    )


def _packed(path: Path) -> bool:
    """Whether a file is compressed, whatever its name says."""
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


def _opened(path: Path) -> IO[bytes] | GzipFile:
    return GzipFile(path) if _packed(path) else path.open("rb")


def _mapped(path: Path, header: "Nifti1Header", shape: tuple[int, int, int]) -> NDArray[np.generic]:
    """The voxels (i, j, k) of a file or, where it is compressed, of a nameless one that lasts as
    long as they are looked at."""
    with _opened(path) as file, tempfile.TemporaryFile() as unpacked:
        if _packed(path):
            for piece in limited(pieces(file), path.name, path.stat().st_size):
                unpacked.write(piece)
            unpacked.flush()
        held = unpacked if _packed(path) else file
        kind, offset = header.get_data_dtype(), int(header.get_data_offset())
        return np.memmap(held, kind, "r", offset, shape, "F")


def _header(path: Path) -> "Nifti1Header":
    """Without extensions, which nobody needs and which may be of any length."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    with _opened(path) as file:
        begin = file.read(Nifti2Header.sizeof_hdr)
    for kind in (Nifti1Header, Nifti2Header):
        if kind.may_contain_header(begin):
            header: Nifti1Header = kind(begin[: kind.sizeof_hdr])  # type: ignore[no-untyped-call]
            if header["magic"].item()[:2] == b"ni":  # its voxels would be in another file, .img
                raise Problem(path.name, "holds a header alone", "save it as one file, .nii")
            return header
    raise damaged(path.name)


def _shape(header: "Nifti1Header", name: str) -> tuple[int, int, int]:
    """Of the one volume that there must be."""
    if int(header["datatype"]) in _COLOURS:
        raise coloured(name)
    i, j, k, *more = (*map(int, header.get_data_shape()), 1, 1)
    volumes = int(np.prod(more, dtype=np.float64))
    if volumes != 1:
        raise Problem(name, f"holds {volumes} volumes", "save one of them by itself")
    return i, j, k


def _affine(header: "Nifti1Header") -> NDArray[np.float64]:
    """From voxels (i, j, k) to mm in LPS."""
    scale = _MILLIMETRES.get(header.get_xyzt_units()[0], 1.0)
    best: Any = header.get_best_affine()
    return np.asarray(_LPS @ np.diag([scale, scale, scale, 1.0]) @ best, np.float64)


def _write_like(values: NDArray[np.float32], path: Path, source: Path) -> None:
    """float32 on the voxels of ``source``, whose header says where they lie."""
    from nibabel.nifti1 import Nifti1Image

    header = _header(source)
    how = cut(_shape(header, source.name), _affine(header))
    best: Any = header.get_best_affine()
    image = Nifti1Image(how.voxels(values.reshape(-1, *values.shape[-2:])), best)
    image.header.set_xyzt_units(header.get_xyzt_units()[0])
    image.to_filename(path)


READERS.register(Reader("nifti", 3, "NIfTI", (".nii.gz", ".nii"), _read, write_like=_write_like))
