"""MetaImage and NRRD, the formats of ITK and 3D Slicer, by SimpleITK.

Both may have their pixels in another file, named in a header of text. That is read here first: a
name that leads elsewhere, or to many files, is refused before the library sees it.
"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.scans.budget import affordable
from ctdenoise.scans.readers import READERS, ImageStack, Reader, coloured
from ctdenoise.scans.volume import cut, image_stack

_HEADER_BYTES = 1 << 16
_FIELD = re.compile(rb"^[ \t]*([^:=\r\n]*?)[ \t]*[:=][ \t]*(.*?)[ \t]*\r?$", re.M)
_META, _NRRD = "MetaImageIO", "NrrdImageIO"
"""What the library calls what reads them."""


def _fields(path: Path) -> dict[str, str]:
    """The header's fields in lower case; ``data`` is the name of the file with the pixels, or "".

    Raises :class:`Problem` where there are several.
    """
    with path.open("rb") as file:
        begin = file.read(_HEADER_BYTES)
    if begin.startswith(b"NRRD"):
        begin = re.split(rb"\r?\n\r?\n", begin, maxsplit=1)[0]
    fields: dict[str, str] = {}
    for found in _FIELD.finditer(begin):
        key, value = (part.decode("latin-1") for part in found.groups())
        fields.setdefault(key.lower().replace("data file", "datafile"), value)
        if key == "ElementDataFile":  # the last one, behind which the pixels may begin
            break
    data = fields.get("elementdatafile", fields.get("datafile", ""))
    fields["data"] = "" if data.upper() == "LOCAL" else data.removeprefix("./")
    if data.upper().startswith("LIST") or "%" in data:
        raise Problem(path.name, "has its pixels in several files", "save it as one file")
    if re.search(r"[/\\:]|^\.", fields["data"]):
        raise Problem(path.name, "has its pixels in another folder", "save it as one file")
    return fields


def _beside(path: Path) -> Sequence[Path]:
    try:
        data = _fields(path)["data"]
    except (OSError, Problem):  # told when it is read
        return ()
    return [path.with_name(data)] if data else ()


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
    fields = _fields(path)
    held = path.with_name(fields["data"]) if fields["data"] else path
    if not held.is_file():
        raise Problem(
            path.name, f"has its pixels in {held.name}, which is not there", "choose both files"
        )
    library, reader = _library(), _opened(path, io)
    shape, affine = _shape(reader, path.name), _affine(reader)
    raw = fields.get("encoding", "raw").lower() == "raw"
    affordable(
        held,
        **cut(shape, affine).sizes(shape),
        stored_bytes=library.Image([1, 1], reader.GetPixelID()).GetSizeOfPixelComponent(),
        compressed=not raw or fields.get("compresseddata", "").lower() == "true",
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
            beside=_beside,
        )
    )
