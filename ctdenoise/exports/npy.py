"""The bare numbers, as NumPy writes an array (numpy.org/neps/nep-0001-npy-format.html)."""

from pathlib import Path

import numpy as np

from ctdenoise.errors import Progress
from ctdenoise.exports.formats import FORMATS, Content, ExportFormat


def _write(content: Content, path: Path, tell: Progress) -> None:
    """Float32 (slices, rows, columns); not through a memory map, in which a full disk would end the
    process."""
    shape = (len(content.finished), *content.shape)
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for _, image in content.slices(tell):
            file.write(image.astype("<f4", copy=False).tobytes())


FORMATS.register(
    ExportFormat(
        name="npy",
        rank=2,
        title="NumPy array (.npy)",
        sentence="The bare numbers for Python, float32 (slices, rows, columns), nothing of the "
        "patient.",
        suffix="npy",
        mime="application/octet-stream",
        scope="series",
        write=_write,
    )
)
