"""Whole files, and the same damaged by a seeded generator: what the hostile benchmark reads."""

import gzip
import io
import random
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataelem import RawDataElement

SHARED = Path(__file__).resolve().parents[2] / "shared" / "cases"
LARGEST = 600_000
"""Bytes of a file: twenty thousand readings of larger ones say nothing more."""

_LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
_TEXTS = [b"", b"0", b"-1", b"1e400", b"nan", b"-inf", b"12,5", b"4a", b"1\\2\\3", b"\\\\",
          b"\xff\xfe", b"99999999999999999999", b"1e-300", b"A" * 80, b"..", b"\0\0", b"YES",
          b"HU"]  # fmt: skip
_NUMBERS = [b"", b"\0", b"\0\0", b"\1\0", b"\x0c\0", b"\xff\xff", b"\0\x80", b"\x10\0\x10\0",
            b"\xff\x7f", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\xc0\x7f",
            b"\0\0\0\0\0\0\xf8\x7f"]  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A damaged file: ``tag`` is the element that alone was touched, None where bytes were."""

    source: Path
    data: bytes
    how: str
    tag: int | None = None


@dataclass(frozen=True)
class _Element:
    tag: int
    vr: str | None
    start: int
    value: int
    end: int


def corpus(folder: Path) -> list[Path]:
    """pydicom's test files, pydicom-data, the project's cases, and files made into ``folder``."""
    import data_store  # pydicom-data

    own = Path(pydicom.__file__).parent / "data" / "test_files"
    roots = [own, Path(data_store.__file__).parent, SHARED]
    found = [p for root in roots for p in sorted(root.rglob("*")) if p.is_file()]
    unwanted = (".py", ".pyc", ".json", ".md", ".txt", ".csv", ".xml")
    found = [p for p in found if p.suffix not in unwanted and 0 < p.stat().st_size <= LARGEST]
    return found + _made(folder)


def mutant(number: int, seed: int, files: list[Path]) -> Mutant:
    """The same for the same number, seed and files."""
    chance = random.Random(f"{seed} {number}")
    source = chance.choice(files)
    data = source.read_bytes()
    elements = _elements(data)
    way = chance.choice(_BYTES + _WAYS if elements else _BYTES)
    if way in _BYTES:
        return Mutant(source, *way(data, chance))
    element = chance.choice(elements)
    changed, how = way(data, element, chance)
    only = None if way is _resized else element.tag
    return Mutant(source, changed, f"{element.tag:08X} {element.vr} {how}", only)


def _flipped(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    changed = bytearray(data)
    among = chance.choice([len(data), min(len(data), 2000)])
    places = [chance.randrange(among) for _ in range(chance.choice([1, 2, 5, 20]))]
    for place in places:
        changed[place] ^= (
            1 << chance.randrange(8) if chance.random() < 0.5 else chance.randrange(256)
        )
    return bytes(changed), f"bytes flipped at {sorted(places)[:5]}"


def _cut(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    length = chance.choice([chance.randrange(len(data)), len(data) - chance.randint(1, 9)])
    return data[: max(0, length)], f"cut to {length} of {len(data)} bytes"


def _spliced(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    start = chance.randrange(len(data))
    length = chance.choice([1, 2, 7, 64, 1000])
    if chance.random() < 0.5:
        return data[:start] + data[start + length :], f"{length} bytes left out at {start}"
    return data[: start + length] + data[start:], f"{length} bytes doubled at {start}"


def _removed(data: bytes, element: _Element, chance: random.Random) -> tuple[bytes, str]:
    return data[: element.start] + data[element.end :], "removed"


def _doubled(data: bytes, element: _Element, chance: random.Random) -> tuple[bytes, str]:
    return data[: element.end] + data[element.start :], "doubled"


def _changed(data: bytes, element: _Element, chance: random.Random) -> tuple[bytes, str]:
    known = _NUMBERS if element.vr in ("US", "SS", "UL", "SL", "FL", "FD", "AT", None) else _TEXTS
    value = chance.choice([*known, chance.randbytes(chance.choice([2, 4, 8, 16]))])
    value += b" " * (len(value) % 2)
    head = data[element.start : element.value]
    return (data[: element.start] + _with_length(head, len(value)) + value + data[element.end :],
            f"is {value!r}")  # fmt: skip


def _resized(data: bytes, element: _Element, chance: random.Random) -> tuple[bytes, str]:
    longer = element.end - element.value + 2
    length = chance.choice([0, 1, 3, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, longer, chance.randrange(999)])
    head = data[element.start : element.value]
    return (data[: element.start] + _with_length(head, length) + data[element.value :],
            f"says {length} bytes")  # fmt: skip


def _with_length(head: bytes, length: int) -> bytes:
    short = len(head) == 8 and head[4:6].isalpha()
    size = 2 if short else 4
    return head[:-size] + (length % (1 << 8 * size)).to_bytes(size, "little")


_BYTES: list[Callable[..., tuple[bytes, str]]] = [_flipped, _cut, _spliced]
_WAYS: list[Callable[..., tuple[bytes, str]]] = [_removed, _changed, _changed, _resized, _doubled]


def _elements(data: bytes) -> list[_Element]:
    """Those of a little-endian file's top level whose places are known; none of other files."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(data), force=True)
            syntax = dataset.file_meta.get("TransferSyntaxUID", "")
    except Exception:
        return []
    if syntax == pydicom.uid.DeflatedExplicitVRLittleEndian:
        return []  # places in the inflated data
    found: list[_Element] = []
    for part in (dataset.file_meta, dataset):
        for tag, raw in part._dict.items():
            if not isinstance(raw, RawDataElement) or raw.value is None or raw.length == 0xFFFFFFFF:
                continue
            if raw.is_little_endian and raw.value_tell:
                head = 8 if raw.is_implicit_VR or raw.VR not in _LONG else 12
                start, end = raw.value_tell - head, raw.value_tell + raw.length
                found.append(_Element(int(tag), raw.VR, start, raw.value_tell, end))
    return [e for e in found if data[e.start : e.start + 2] == (e.tag >> 16).to_bytes(2, "little")]


def _made(folder: Path) -> list[Path]:
    """Pictures, arrays, volumes and archives of a disc."""
    import nibabel
    import tifffile
    from PIL import Image

    rows, columns = np.mgrid[:48, :48] - 23.5
    disc = np.where(np.hypot(rows, columns) < 20, 40.0, -1000.0).astype(np.float32)
    word = (disc + 1024).astype(np.uint16)
    volume = np.stack([disc, disc + 1, disc + 2])
    Image.fromarray(word).save(folder / "word.png")
    Image.fromarray((word >> 4).astype(np.uint8)).save(folder / "byte.png")
    tifffile.imwrite(folder / "float.tif", disc)
    tifffile.imwrite(folder / "pages.tif", volume, compression="zlib")
    tifffile.imwrite(folder / "word.tif", word, tile=(16, 16))
    np.save(folder / "disc.npy", disc)
    np.save(folder / "volume.npy", volume)
    image = nibabel.Nifti1Image(volume.T, np.diag([0.7, 0.7, 2, 1]))
    nibabel.save(image, folder / "volume.nii")
    (folder / "volume.nii.gz").write_bytes(
        gzip.compress((folder / "volume.nii").read_bytes(), mtime=0)
    )
    ct = next(Path(pydicom.__file__).parent.rglob("CT_small.dcm")).read_bytes()
    for name, method in (
        ("deflated.zip", zipfile.ZIP_DEFLATED),
        ("stored.zip", zipfile.ZIP_STORED),
    ):
        with zipfile.ZipFile(folder / name, "w", method) as archive:
            archive.writestr(zipfile.ZipInfo("folder/CT_small.dcm"), ct)
    return sorted(p for p in folder.iterdir() if p.is_file())
