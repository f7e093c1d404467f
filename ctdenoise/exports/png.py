"""A slice as it is looked at: the window burnt in, upright in the radiological view."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Progress
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat
from ctdenoise.units import Window, upright

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Cosines of a row and of a column as most scanners write them: already upright."""


def png(
    image: NDArray[np.floating],
    window: Window,
    orientation: Sequence[float] = AXIAL,
    description: str = "",
) -> bytes:
    """``image`` (rows, columns) as a grey PNG of 8 bits; ``description`` goes into its text.

    ``orientation``: ImageOrientationPatient of the slice. Nothing of its patient is in the file.
    """
    from PIL import Image  # on a worker or when somebody asks, not when the server starts
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_itxt("Software", "CT Denoise")
    text.add_itxt("Comment", f"Window level {window.level:g}, width {window.width:g}")
    text.add_itxt("Description", description)
    result = io.BytesIO()
    Image.fromarray(grey(image, window, orientation)).save(result, "PNG", pnginfo=text)
    return result.getvalue()


def grey(
    image: NDArray[np.floating], window: Window, orientation: Sequence[float] = AXIAL
) -> NDArray[np.uint8]:
    """``image`` upright, black at and below the window's lower edge, white from the upper one."""
    share = (image.astype(np.float64) - window.lower) / window.width
    levels = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(upright(levels, orientation))


def _write(content: Content, path: Path, tell: Progress) -> None:
    told = f"Denoised, {content.method}, strength {content.mix:.0%}. Not for diagnosis."
    image = content.mixed(content.index)
    path.write_bytes(png(image, content.window, content.orientation, told))


FORMATS.register(
    ExportFormat(
        name="png",
        rank=3,
        title="Picture of this slice (PNG)",
        sentence="The slice in view with the viewer's window burnt in, nothing of the patient.",
        suffix="png",
        mime="image/png",
        scope="slice",
        write=_write,
    )
)
