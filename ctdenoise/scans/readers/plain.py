"""PNG, TIFF and NPY: numbers alone, whose meaning somebody has to say."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.scans.readers import READERS, ImageStack, Reader


def _coloured(path: Path) -> Problem:
    return Problem(path.name, "is a colour image", "save it as greyscale")


def _read_png(path: Path) -> ImageStack:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=["PNG"]) as image:
            if image.mode not in ("1", "L", "I", "I;16", "I;16B", "F"):
                raise _coloured(path)
            return ImageStack(np.asarray(image))


def _read_tiff(path: Path) -> ImageStack:
    from tifffile import TiffFile

    with TiffFile(path) as tiff:
        if tiff.pages.first.samplesperpixel > 1:
            raise _coloured(path)
        return ImageStack(tiff.asarray())


def _write_tiff(values: NDArray[np.float32], path: Path) -> None:
    from tifffile import imwrite

    imwrite(path, values, photometric="minisblack")


def _read_npy(path: Path) -> ImageStack:
    return ImageStack(np.load(path, mmap_mode="r", allow_pickle=False))


def _write_npy(values: NDArray[np.float32], path: Path) -> None:
    with path.open("wb") as file:  # whatever its name's case: np.save would append .npy to .NPY
        np.save(file, values)


READERS.register(Reader("png", 0, "PNG", (".png",), _read_png))
READERS.register(Reader("tiff", 1, "TIFF", (".tif", ".tiff"), _read_tiff, _write_tiff))
READERS.register(Reader("npy", 2, "NPY", (".npy",), _read_npy, _write_npy))
