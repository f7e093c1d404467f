"""PNG, TIFF and NPY: numbers alone, whose meaning somebody has to say."""

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, damaged
from ctdenoise.scans.budget import MEGABYTE, affordable, inflating, limited
from ctdenoise.scans.readers import READERS, ImageStack, Reader, coloured
from ctdenoise.units import counted

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngImageFile
    from tifffile import TiffFile, TiffPageSeries

_PLAIN, _PACKBITS, _DEFLATED = 1, 32773, (8, 32946)
"""Compressions of TIFF that are read."""
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_DEFLATE_MOST = 1032
"""Bytes that deflate makes of one at most."""
_ORIENTATIONS = {
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, 1, -1),
    7: (True, -1, -1),
    8: (True, -1, 1),
}
"""How stored pixels become upright (TIFF 6.0, tag 274): whether rows and columns change places, and
then the steps along them."""


def _read_png(path: Path) -> ImageStack:
    from PIL.PngImagePlugin import PngImageFile

    with PngImageFile(path) as image:
        if image.tile and image.tile[0][3] == "LA;16B":  # of which the library keeps eight bits
            raise _transparent(path)
        if image.mode not in ("1", "L", "LA", "P", "PA", "I", "I;16", "I;16B", "F"):
            raise coloured(path.name)
        if getattr(image, "n_frames", 1) > 1:
            raise Problem(path.name, "is an animation", "save each slice as a file")
        columns, rows = image.size
        affordable(path, slices=1, rows=rows, columns=columns, stored_bytes=2, compressed=True)
        return ImageStack(_grey(image, path))


def _grey(image: "PngImageFile", path: Path) -> NDArray[np.generic]:
    """The pixels, those of a palette as it shows them. Transparency must hide none of them."""
    if image.mode not in ("LA", "P", "PA"):
        return np.asarray(image)
    red, green, blue, opaque = np.moveaxis(np.asarray(image.convert("RGBA")), -1, 0)
    if (red != green).any() or (red != blue).any():
        raise coloured(path.name)
    if (opaque != 255).any():
        raise _transparent(path)
    return np.asarray(red)


def _transparent(path: Path) -> Problem:
    return Problem(path.name, "has transparency", "save it as greyscale without it")


def _read_tiff(path: Path) -> ImageStack:
    from tifffile import TiffFile

    with TiffFile(path, _multifile=False) as tiff:  # else it opens files that this one names
        if tiff.is_ndtiff:
            raise _of_several_files(path)
        parts = tiff.series
        page, shape = parts[0].keyframe, _shape(parts, path)
        if page.photometric == _WHITE_IS_ZERO:
            raise Problem(path.name, "counts from white to black", "save it with black as zero")
        if page.photometric != _BLACK_IS_ZERO:
            raise coloured(path.name)
        affordable(
            path,
            slices=shape[0],
            rows=shape[1],
            columns=shape[2],
            stored_bytes=page.bitspersample / 8,
            compressed=any(part.keyframe.compression != _PLAIN for part in parts),
        )
        _refuse_missing(tiff, shape, path)
        for part in parts:
            _refuse_compression(tiff, part, path)
        values = np.empty(shape, parts[0].dtype)
        for part, place in zip(parts, np.split(values, len(parts)), strict=True):
            part.asarray(out=place.reshape(part.shape))
        return ImageStack(_upright(values, page.tags.valueof("Orientation", 1)))


def _upright(values: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    swapped, down, along = _ORIENTATIONS.get(orientation, (False, 1, 1))
    return (values.swapaxes(-2, -1) if swapped else values)[..., ::down, ::along]


def _shape(parts: "Sequence[TiffPageSeries]", path: Path) -> tuple[int, int, int]:
    """Slices, rows and columns of the one stack that all pages must be: one series of them, or
    single pages alike, as programs write them that add a slice at a time."""
    first = parts[0]
    alike = all(
        (part.shape, part.dtype, len(part.levels)) == (first.shape, first.dtype, 1)
        for part in parts
    )
    single = len(first.shape) == 2 and first.kind in ("shaped", "generic", "uniform")
    if not alike or (len(parts) > 1 and not single):
        raise Problem(
            path.name,
            "holds images of several sizes or kinds",
            "save the slices alone, all of one size",
        )
    *stack, rows, columns = first.shape
    if first.keyframe.samplesperpixel > 1:
        raise coloured(path.name)
    if len(stack) > 1:
        raise Problem(
            path.name,
            f"is a stack in {len(first.shape)} dimensions ({first.axes}: "
            f"{'×'.join(map(str, first.shape))})",
            "save one channel at one time",
        )
    return len(parts) * prod(stack), rows, columns


def _refuse_missing(tiff: "TiffFile", shape: Sequence[int], path: Path) -> None:
    """Refuse a stack without all its slices, which the library leaves out or fills with zeros."""
    if any(part.is_multifile or None in list(part.pages) for part in tiff.series):
        raise _of_several_files(path)
    file, after = tiff.filehandle, tiff.pages.next_page_offset
    file.seek(after or 0)
    if file.read(tiff.tiff.offsetsize) != bytes(tiff.tiff.offsetsize):  # another page is not there
        raise damaged(path.name)
    for page in (page for part in tiff.series for page in part.pages if page):
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
            if length < 1 or offset + length > file.size:
                raise damaged(path.name)
    said = _slices_said(tiff, shape)
    if said > shape[0]:
        raise Problem(
            path.name,
            f"says that it holds {counted(said, 'slice')} and has {shape[0]:,}",
            "copy or export it again",
        )


def _slices_said(tiff: "TiffFile", shape: Sequence[int]) -> int:
    """Of how many slices ImageJ or tifffile wrote beside the pixels that there are."""
    from tifffile.tifffile import shaped_description_metadata

    first = tiff.pages.first
    if first.shaped_description:
        whole = prod(shaped_description_metadata(first.shaped_description)["shape"])
        return int(whole // (shape[1] * shape[2]))
    said = tiff.imagej_metadata or {}
    axes = prod(said.get(axis, 1) for axis in ("frames", "slices", "channels"))
    return int(max(axes, said.get("images", 1)))


def _of_several_files(path: Path) -> Problem:
    return Problem(path.name, "has slices in other files", "save the stack as one file")


def _refuse_compression(tiff: "TiffFile", series: "TiffPageSeries", path: Path) -> None:
    """Refuse what the library cannot unpack, or unpacks without looking how much it becomes."""
    for page in series.pages:
        compression = page.keyframe.compression if page and page.keyframe else _PLAIN
        if page is None or compression in (_PLAIN, _PACKBITS):
            continue
        if compression not in _DEFLATED:
            name = getattr(compression, "name", compression)
            raise Problem(
                path.name, f"is compressed as {name}", "save it without compression or as ZIP"
            )
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
            if length * _DEFLATE_MOST > MEGABYTE:
                tiff.filehandle.seek(offset)
                packed = tiff.filehandle.read(length)
                for _ in limited(inflating(packed), path.name, length):
                    pass


def _write_tiff(values: NDArray[np.float32], path: Path) -> None:
    from tifffile import imwrite

    imwrite(path, values, photometric="minisblack")


def _read_npy(path: Path) -> ImageStack:
    values = _mapped(path)
    if values.ndim in (2, 3) and values.size:  # else told with all that are of another shape
        *stack, rows, columns = values.shape
        size = values.dtype.itemsize
        affordable(path, slices=prod(stack), rows=rows, columns=columns, stored_bytes=size,
                   compressed=False)  # fmt: skip
    return ImageStack(values)


def _mapped(path: Path) -> NDArray[np.generic]:
    from numpy.lib import format as npy

    with path.open("rb") as file:
        if npy.read_magic(file) == (1, 0) and npy.read_array_header_1_0(file)[2].hasobject:
            raise Problem(path.name, "holds Python objects", "save its numbers as an array")
    return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


def _write_npy(values: NDArray[np.float32], path: Path) -> None:
    with path.open("wb") as file:  # whatever its name's case: np.save would append .npy to .NPY
        np.save(file, values)


READERS.register(Reader("png", 0, "PNG", (".png",), _read_png))
READERS.register(Reader("tiff", 1, "TIFF", (".tif", ".tiff"), _read_tiff, _write_tiff))
READERS.register(Reader("npy", 2, "NPY", (".npy",), _read_npy, _write_npy))
