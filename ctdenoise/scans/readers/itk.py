"""MetaImage and NRRD, the formats of ITK and 3D Slicer, by SimpleITK.

Both may have their pixels in another file, named in a header of text. That is read here first: a
name that leads elsewhere, or to many files, is refused before the library sees it.
"""

import re
from collections.abc import Sequence
from functools import partial
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, damaged
from ctdenoise.scans.budget import affordable
from ctdenoise.scans.readers import READERS, ImageStack, Reader, coloured
from ctdenoise.scans.volume import cut, image_stack

_META, _NRRD = "MetaImageIO", "NrrdImageIO"
"""What the library calls what reads them."""
_DATA_FILE = {
    _META: re.compile(rb"ElementDataFile([^\n]{0,1000})"),
    _NRRD: re.compile(rb"data ?file([^\r\n]*)", re.I),
}
_COMPRESSED = {
    _META: re.compile(rb"CompressedData *= *True", re.I),
    _NRRD: re.compile(rb"encoding *: *(?!raw)", re.I),
}
_NRRD_END = re.compile(rb"\n\n|\r\n\r\n")
_HEADER_BYTES = 1 << 16
"""Of text that a header is taken to have at most."""


def _header(path: Path, io: str) -> tuple[Path, bool]:
    """The file with the pixels, which is ``path`` itself or lies beside it, and whether they are
    compressed. Raises :class:`Problem` where they lie in several files, or elsewhere.

    In MetaImage the library may look for what it knows far behind what looks like the header's
    end, and so is all of the file looked through here.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        begin = content[:_HEADER_BYTES]
        if io == _NRRD:
            end = _NRRD_END.search(begin)
            begin = begin[: end.start()] if end else begin
            if not end and len(content) > _HEADER_BYTES:
                raise damaged(path.name)
        said = _DATA_FILE[io].findall(begin if io == _NRRD else content)
    names = {found.strip(b" \t\r:=").decode("latin-1") for found in said}
    names = {path.name if name.upper() == "LOCAL" else name.removeprefix("./") for name in names}
    name = names.pop() if names else path.name
    if names or name.upper().startswith("LIST") or "%" in name:
        raise Problem(path.name, "has its pixels in several files", "save it as one file")
    if not name or re.search(r"[/\\:\0]|^\.", name):
        raise Problem(path.name, "has its pixels in another folder", "save it as one file")
    return path.with_name(name), bool(_COMPRESSED[io].search(begin))


def _beside(path: Path, io: str) -> Sequence[Path]:
    try:
        data, _ = _header(path, io)
    except (OSError, ValueError, Problem):  # told when it is read
        return ()
    return [data] if data != path else ()


def _library() -> Any:
    """SimpleITK, which tells no types, and is told not to write to the terminal."""
    import SimpleITK

    library: Any = SimpleITK
    library.ProcessObject.SetGlobalWarningDisplay(False)
    return library


def _opened(path: Path, io: str) -> Any:
    """The library's reader, which has read no more than the header."""
    reader = _library().ImageFileReader()
    reader.SetImageIO(io)
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    return reader


def _read(path: Path, io: str) -> ImageStack:
    held, compressed = _header(path, io)
    if not held.is_file():
        raise Problem(
            path.name, f"has its pixels in {held.name}, which is not there", "choose both files"
        )
    library, reader = _library(), _opened(path, io)
    shape, affine = _shape(reader, path.name), _affine(reader)
    affordable(
        held,
        **cut(shape, affine).sizes(shape),
        stored_bytes=library.Image([1, 1], reader.GetPixelID()).GetSizeOfPixelComponent(),
        compressed=compressed,
    )
    voxels = library.GetArrayFromImage(reader.Execute()).T.reshape(shape, order="F")
    return image_stack(path.name, voxels, affine)


def _shape(reader: Any, name: str) -> tuple[int, int, int]:
    """Of the one volume of plain numbers that there must be."""
    components = reader.GetNumberOfComponents()
    if components in (3, 4):
        raise coloured(name)
    sides = [*map(int, reader.GetSize()), 1, 1]
    i, j, k, *more = sides
    volumes = components * int(np.prod(more, dtype=np.float64))
    if volumes != 1:
        raise Problem(name, f"holds {volumes} volumes", "save one of them by itself")
    return i, j, k


def _affine(reader: Any) -> NDArray[np.float64]:
    """From voxels (i, j, k) to mm in LPS."""
    sides = reader.GetDimension()
    axes = min(3, sides)
    affine = np.eye(4)
    direction = np.reshape(reader.GetDirection(), (sides, sides))[:axes, :axes]
    affine[:axes, :axes] = direction * reader.GetSpacing()[:axes]
    affine[:axes, 3] = reader.GetOrigin()[:axes]
    return affine


def _write_like(values: NDArray[np.float32], path: Path, source: Path, io: str) -> None:
    """float32 on the voxels of ``source``, whose header says where they lie."""
    library, reader = _library(), _opened(source, io)
    how = cut(_shape(reader, source.name), _affine(reader))
    voxels = how.voxels(values.reshape(-1, *values.shape[-2:])).reshape(reader.GetSize(), order="F")
    image = library.GetImageFromArray(np.ascontiguousarray(voxels.T))
    image.SetSpacing(reader.GetSpacing())
    image.SetOrigin(reader.GetOrigin())
    image.SetDirection(reader.GetDirection())
    library.WriteImage(image, str(path), imageIO=io)


for _rank, _title, _io, _suffixes in (
    (4, "MetaImage", _META, (".mha", ".mhd")),
    (5, "NRRD", _NRRD, (".nrrd", ".nhdr")),
):
    READERS.register(
        Reader(
            _title.lower(),
            _rank,
            _title,
            _suffixes,
            partial(_read, io=_io),
            write_like=partial(_write_like, io=_io),
            beside=partial(_beside, io=_io),
        )
    )
