"""Small files that would take gigabytes: each ends in a sentence, in little memory and disk."""

import gzip
import io
import json
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from phantoms import ct_dataset
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless
from tifffile import imwrite

MB = 1 << 20
ATTACKS: dict[str, Callable[[Path], object]] = {}


def attack(name: str) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    def added(write: Callable[[Path], object]) -> Callable[[Path], object]:
        ATTACKS[name] = write
        return write

    return added


def zeros(megabytes: int, wbits: int = 15) -> bytes:
    """So many of them, deflated."""
    deflater = zlib.compressobj(1, wbits=wbits)
    pieces = [deflater.compress(bytes(MB)) for _ in range(megabytes)]
    return b"".join([*pieces, deflater.flush()])


@attack("stack.tif")
def tiff(path: Path) -> None:
    page = zlib.compress(bytes(8 * MB), 9)
    imwrite(path, (page for _ in range(900)), shape=(900, 2048, 2048), dtype="uint16",
            compression="zlib", rowsperstrip=2048)  # fmt: skip


@attack("wide.tif")
def wide_tiff(path: Path) -> None:
    imwrite(path, iter([zlib.compress(bytes(MB))]), shape=(60_000, 60_000), dtype="uint8",
            compression="zlib", rowsperstrip=60_000)  # fmt: skip


@attack("strip.tif")
def tiff_whose_strip_is_larger_than_it_says(path: Path) -> None:
    imwrite(path, iter([zeros(300)]), shape=(8, 8), dtype="uint8", compression="zlib",
            rowsperstrip=8)  # fmt: skip


@attack("large.png")
def png(path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 43_000, 43_000, 16, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zeros(70)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@attack("promise.npy")
def npy(path: Path) -> None:
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f8", "fortran_order": False, "shape": (4000, 4000, 400)}
        )


@attack("one.npy")
def npy_of_one_slice(path: Path) -> None:
    np.lib.format.open_memmap(path, "w+", np.uint8, (32_768, 32_768))  # takes no disk: it has holes


@attack("zeros.zip")
def zeros_in_a_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("IM0001", bytes(300 * MB))


@attack("zips.zip")
def zips_in_a_zip(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("IM0001", bytes(100 * MB))
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(4):
            archive.writestr(f"{n}.zip", inner.getvalue())


@attack("IM0001.gz")
def zeros_in_gzip(path: Path) -> None:
    path.write_bytes(zeros(300, 31))


@attack("zeros.tar.gz")
def zeros_in_a_tar(path: Path) -> None:
    member = tarfile.TarInfo("IM0001")
    member.size = 300 * MB
    path.write_bytes(gzip.compress(member.tobuf()) + zeros(301, 31))


@attack("names.tgz")
def a_name_of_gigabytes_in_a_tar(path: Path) -> None:
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 3 << 30
    path.write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT)) + zeros(300, 31))


@attack("sparse.tar")
def a_sparse_file_in_a_tar(path: Path) -> None:
    info = tarfile.TarInfo("IM0001")
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"%011o\0%011o\0" % (0, 0)
    block[483:495] = b"%011o\0" % (900 * MB)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    path.write_bytes(bytes(block) + bytes(1024))


def nifti(shape: tuple[int, ...]) -> bytes:
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(shape)
    header["magic"], header["vox_offset"] = b"n+1", 352
    return bytes(header.binaryblock) + bytes(4)


@attack("more.nii.gz")
def nifti_with_more_than_it_says(path: Path) -> None:
    path.write_bytes(gzip.compress(nifti((4, 4, 4))) + zeros(300, 31))


@attack("promise.nii.gz")
def nifti_that_promises(path: Path) -> None:
    path.write_bytes(gzip.compress(nifti((2000, 2000, 1000))) + zeros(20, 31))


@attack("promise.nii")
def nifti_that_is_short(path: Path) -> None:
    path.write_bytes(nifti((2000, 2000, 1000)))


@attack("promise.mha")
def metaimage(path: Path) -> None:
    text = "ObjectType = Image\nNDims = 3\nDimSize = 2000 2000 1000\nElementType = MET_SHORT\n"
    path.write_bytes(f"{text}CompressedData = True\nElementDataFile = LOCAL\n".encode() + zeros(20))


@attack("promise.nrrd")
def nrrd(path: Path) -> None:
    text = "NRRD0004\ntype: short\ndimension: 3\nsizes: 2000 2000 1000\nencoding: gzip\n"
    path.write_bytes(f"{text}endian: little\n\n".encode() + zeros(20, 31))


def dicom(path: Path, syntax: str | None = None, **tags: object) -> Dataset:
    """A slice of 64 x 64, compressed where a transfer syntax is given."""
    dataset = ct_dataset(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) % 4096)
    if syntax:
        dataset.compress(syntax, generate_instance_uid=False)
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path, enforce_file_format=True)
    return dataset


def with_frame(path: Path, syntax: str, change: Callable[[bytes], bytes]) -> None:
    """The same with its one compressed frame changed."""
    dataset = dicom(path, syntax)
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([change(frame)])
    dataset.save_as(path, enforce_file_format=True)


@attack("claims.dcm")
def dicom_that_claims_65535_squared(path: Path) -> None:
    dicom(path, Rows=65_535, Columns=65_535)


@attack("frames.dcm")
def dicom_that_claims_a_million_frames(path: Path) -> None:
    dicom(path, RLELossless, NumberOfFrames=1_000_000)


@attack("claims-rle.dcm")
def run_lengths_that_claim_65535_squared(path: Path) -> None:
    dicom(path, RLELossless, Rows=65_535, Columns=65_535)


@attack("longer-rle.dcm")
def run_lengths_of_much_more_than_the_picture(path: Path) -> None:
    with_frame(path, RLELossless, lambda frame: frame[:64] + b"\x81\0" * (5 * MB))


@attack("deflated.dcm")
def deflated_dicom(path: Path) -> None:
    dicom(path)
    whole = path.read_bytes()
    meta = whole[: whole.index(b"\x08\0\x08\0CS")]
    meta = meta.replace(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.1.99")
    length = int.from_bytes(meta[140:144], "little") + 2
    path.write_bytes(meta[:140] + length.to_bytes(4, "little") + meta[144:] + zeros(300, -15))


@attack("claims-j2k.dcm")
def jpeg_2000_larger_than_its_header(path: Path) -> None:
    def larger(frame: bytes) -> bytes:
        """Xsiz, Ysiz, XTsiz, YTsiz of the marker SIZ (ISO/IEC 15444-1 A.5.1)."""
        side = struct.pack(">2I", 60_000, 60_000)
        return frame[:8] + side + frame[16:24] + side + frame[32:]

    with_frame(path, JPEG2000Lossless, larger)


@attack("claims-jls.dcm")
def jpeg_ls_larger_than_its_header(path: Path) -> None:
    def larger(frame: bytes) -> bytes:
        at = frame.index(b"\xff\xf7") + 5  # lines and samples a line (ISO/IEC 14495-1 C.2.2)
        return frame[:at] + b"\xff\xff\xff\xff" + frame[at + 4 :]

    with_frame(path, JPEGLSLossless, larger)


READ = """
import json, resource, sys
from pathlib import Path
from ctdenoise.scans.reading import read
import SimpleITK, nibabel, tifffile, PIL.PngImagePlugin  # what they take is not the files' fault
def mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
folder = Path(sys.argv[1])
for path in sorted(folder.iterdir()):
    before, unpacked = mb(), folder.parent / f"unpacked {path.name}"
    reading = read([path], meaning="own units", unpack_into=unpacked)
    on_disk = sum(f.stat().st_size for f in unpacked.rglob("*") if f.is_file()) >> 20
    told = [str(problem) for problem in reading.problems]
    print(json.dumps([path.name, len(reading.scans), mb() - before, on_disk, told]), flush=True)
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """By the name of each attack: scans that came out, MB of memory, MB on the disk, sentences."""
    folder = tmp_path_factory.mktemp("attacks") / "files"
    folder.mkdir()
    for name, write in ATTACKS.items():
        write(folder / name)
        assert (folder / name).stat().st_blocks * 512 < 12 * MB
    command = [sys.executable, "-c", READ, str(folder)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name: rest for name, *rest in map(json.loads, out.splitlines())}


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux counts it")
@pytest.mark.parametrize("name", ATTACKS)
def test_a_small_file_takes_little(told: dict[str, list[Any]], name: str) -> None:
    scans, memory, disk, (sentence,) = told[name]
    assert scans == 0 and sentence.startswith((name, "IM0001", "1.zip"))
    assert memory < 300 and disk <= 260
