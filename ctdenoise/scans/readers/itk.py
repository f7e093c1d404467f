"""MetaImage and NRRD, the formats of ITK and 3D Slicer, by SimpleITK.

Both may have their pixels in another file, named in a header of text. That is read here first: a
name that leads elsewhere, or to many files, is refused before the library sees it.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, damaged
from ctdenoise.scans.budget import affordable, inflating, limited
from ctdenoise.scans.readers import READERS, ImageStack, Reader, coloured
from ctdenoise.scans.volume import cut, image_stack

_META, _NRRD = "MetaImageIO", "NrrdImageIO"
"""What the library calls what reads them."""
_DATA_FILE = {_META: rb"ElementDataFile", _NRRD: rb"data ?file"}
_NRRD_END = re.compile(rb"\n\n|\r\n\r\n")
_HEADER_BYTES = 1 << 16
"""Of text that a header is taken to have at most."""
_META_DIMENSIONS = range(1, 11)
_ANY_DEFLATED = 32 + zlib.MAX_WBITS
"""What zlib takes for a stream of its own format or of gzip's."""


@dataclass(frozen=True)
class _Header:
    """Its text, the file with the pixels, which is that of the header or lies beside it, and where
    they begin there."""

    text: bytes
    held: Path
    start: int

    def said(self, field: bytes) -> list[str]:
        """What is said of a field, in lower case; nothing or one thing as a rule."""
        return [each.lower() for each in _said(self.text, field)]

    @property
    def deflated(self) -> bool:
        """Whether the pixels are a stream of zlib or gzip."""
        meta = any(said[:1] in ("t", "1", "") for said in self.said(rb"CompressedData"))
        return meta or any(said in ("gz", "gzip") for said in self.said(rb"encoding"))

    @property
    def raw(self) -> bool:
        """Whether the pixels take the bytes that they have in memory; else they may be text."""
        text = any(said[:1] not in ("t", "1") for said in self.said(rb"BinaryData"))
        encoded = any(said != "raw" for said in self.said(rb"encoding"))
        return not (text or encoded or self.deflated)


def _field(name: bytes) -> re.Pattern[bytes]:
    """Its name at the begin of a line and what follows. MetaImage's reader takes what comes after
    a line's end or a zero for the field's value too, which gives "" here."""
    space = rb"[ \t\v\f]*"
    value = space + rb"(?:[:=]([^\n]{0,1000})|[\r\n\0])"
    return re.compile(rb"(?:\A|[\r\n])" + space + rb"(?:" + name + rb")" + value, re.I)


def _said(text: bytes | mmap, field: bytes) -> list[str]:
    return [found.strip(b" \t\r:=").decode("latin-1") for found in _field(field).findall(text)]


def _header(path: Path, io: str) -> _Header:
    """Raises :class:`Problem` where the pixels lie in several files, or elsewhere.

    In MetaImage the library may look for what it knows far behind what looks like the header's
    end, and so is all of the file looked through here.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        begin = content[:_HEADER_BYTES]
        end = (_NRRD_END if io == _NRRD else _field(_DATA_FILE[io])).search(begin)
        if not end and len(content) > _HEADER_BYTES:
            raise damaged(path.name)
        start = end.end() + (io == _META) if end else len(begin)
        text = begin[:start]
        said = _said(text if io == _NRRD else content, _DATA_FILE[io])
    names = {path.name if name.upper() == "LOCAL" else name.removeprefix("./") for name in said}
    name = names.pop() if names else path.name
    if names or name.upper().startswith("LIST") or "%" in name:
        raise Problem(path.name, "has its pixels in several files", "save it as one file")
    if not name or re.search(r"[/\\:\0]|^\.", name):
        raise Problem(path.name, "has its pixels in another folder", "save it as one file")
    header = _Header(text, path.with_name(name), start if name == path.name else 0)
    if io == _META and {*header.said(rb"NDims")} - {*map(str, _META_DIMENSIONS)}:
        raise damaged(path.name)
    if {*header.said(rb"encoding")} & {"bzip2", "bz2"}:
        raise Problem(path.name, "is compressed as bzip2", "save it without compression or as gzip")
    return header


def _refuse_damage(header: _Header, name: str, expected: int) -> None:
    """Look whether the stream of the pixels is whole, which the library does not: it gives what it
    finds. ``expected``: bytes that they must become. ``zlib.error`` is raised too."""
    if {*header.said(rb"HeaderSize|(?:line|byte) ?skip")} - {"0"}:
        raise Problem(name, "has something before its compressed pixels", "save it as one file")
    most = header.said(rb"CompressedDataSize")
    if not most and not header.said(rb"encoding"):
        raise Problem(
            name, "does not say how long its compressed pixels are", "save it without compression"
        )
    with header.held.open("rb") as file:
        file.seek(header.start)
        packed = file.read(min(map(int, most))) if most else file.read()
    coming = limited(inflating(packed, _ANY_DEFLATED), name, len(packed))
    if sum(map(len, coming)) != expected:
        raise damaged(name)


def _beside(path: Path, io: str) -> Sequence[Path]:
    try:
        data = _header(path, io).held
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
    header = _header(path, io)
    held = header.held
    if not held.is_file():
        raise Problem(
            path.name, f"has its pixels in {held.name}, which is not there", "choose both files"
        )
    library, reader = _library(), _opened(path, io)
    shape, affine = _shape(reader, path.name), _affine(reader)
    size = library.Image([1, 1], reader.GetPixelID()).GetSizeOfPixelComponent()
    affordable(
        held, **cut(shape, affine).sizes(shape), stored_bytes=size, compressed=not header.raw
    )
    if header.deflated:
        _refuse_damage(header, path.name, prod(shape) * size)
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
