"""Pixel data shows the same pixels before and after, and holds nothing else."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from phantoms import ct_dataset, disc_phantom
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import apply_modality_lut
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from ctdenoise.scans.deidentify import Pseudonyms, deidentify
from ctdenoise.scans.hidden import take_out_hidden
from ctdenoise.scans.pixels import decode

TEXT = b"SECRET^NAME"
NATIVE = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian,
          DeflatedExplicitVRLittleEndian]  # fmt: skip
COMPRESSED = [JPEG2000Lossless, JPEGLSLossless, RLELossless]
HU = np.rint(disc_phantom(32, noise=5))[0]


def stored_as(syntax, stored, bits, high, sign, drawn=0, frames=1):
    """A dataset of these values in ``bits`` of 16 up to bit ``high``, all other bits ``drawn``."""
    low = high + 1 - bits
    field = (1 << bits) - 1
    words = (stored.astype(np.int64) & field) << low | drawn & ~(field << low) & 0xFFFF
    dataset = ct_dataset(words.astype(np.uint16), intercept=-1024 if not sign else 0)
    if frames > 1:
        dataset.NumberOfFrames = frames
        dataset.PixelData = dataset.PixelData * frames
    if syntax in COMPRESSED:
        dataset.compress(syntax, generate_instance_uid=False)
    elif syntax == ExplicitVRBigEndian:
        dataset["PixelData"].VR = "OW"
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, high, sign
    return dataset


def deidentified(dataset, path):
    deidentify(dataset, Pseudonyms(b"key"), "")
    dataset.save_as(path)
    return pydicom.dcmread(path)


@pytest.mark.parametrize("syntax", NATIVE + COMPRESSED)
@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize(("bits", "high"), [(12, 11), (12, 15), (13, 13), (16, 15)])
def test_pixels_stay_and_what_is_drawn_beside_them_goes(tmp_path, syntax, sign, bits, high):
    stored = HU.astype(np.int16) + (0 if sign else 1024)
    drawn = np.random.default_rng(0).integers(0, 65536, stored.shape)
    dataset = stored_as(syntax, stored, bits, high, sign, drawn, frames=2)
    after = deidentified(dataset, tmp_path / "x")
    assert (after.BitsStored, after.HighBit, after.PixelRepresentation) == (bits, bits - 1, sign)
    np.testing.assert_array_equal(after.pixel_array[1], stored)
    if syntax in NATIVE:
        assert after.file_meta.TransferSyntaxUID == syntax
    [(_, image)] = decode(tmp_path / "x", [1])
    np.testing.assert_array_equal(image, HU)


PIECES = {
    JPEG2000Lossless: {
        "comment": b"\xff\x64", "registration": b"\xff\x63", "lengths": b"\xff\x57",
        "reserved": b"\xff\x6f", "extension": b"\xff\x74", "unknown": b"\xff\x02",
    },
    JPEGLSLossless: {
        "comment": b"\xff\xfe", "application": b"\xff\xe8", "quantization": b"\xff\xdb",
        "Huffman": b"\xff\xc4", "reserved": b"\xff\xf0", "hierarchy": b"\xff\xde",
        "unknown": b"\xff\x02", "preset": b"\xff\xf8", "mapping": b"\xff\xf8",
    },
}  # fmt: skip
KINDS = {"preset": b"\x20", "mapping": b"\2"}


@pytest.mark.parametrize(
    "syntax, piece", [(syntax, piece) for syntax, each in PIECES.items() for piece in each]
)
def test_a_codestream_loses_what_pixels_do_not_need(tmp_path, syntax, piece):
    dataset = stored_as(syntax, HU.astype(np.int16) + 1024, 16, 15, 0, frames=2)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=2))
    content = KINDS.get(piece, b"") + TEXT
    segment = PIECES[syntax][piece] + (len(content) + 2).to_bytes(2, "big") + content
    # After the first segment: JPEG 2000 wants SIZ at the beginning.
    at = 4 + int.from_bytes(frames[0][4:6], "big") if syntax == JPEG2000Lossless else 2
    said = [frame[:at] + segment + frame[at:].rstrip(b"\0") + TEXT for frame in frames]
    dataset.PixelData = encapsulate(said)
    after = deidentified(dataset, tmp_path / "x")
    assert after.file_meta.TransferSyntaxUID == syntax
    assert TEXT not in (tmp_path / "x").read_bytes()
    np.testing.assert_array_equal(apply_modality_lut(after.pixel_array[1], after), HU)


def test_a_tile_loses_what_pixels_do_not_need(tmp_path):
    """JPEG 2000 has a header for each tile-part, too, which tells its length."""
    dataset = stored_as(JPEG2000Lossless, HU.astype(np.int16) + 1024, 16, 15, 0)
    [frame] = generate_frames(dataset.PixelData, number_of_frames=1)
    at = frame.index(b"\xff\x90")
    segment = b"\xff\x58" + (len(TEXT) + 2).to_bytes(2, "big") + TEXT
    told = int.from_bytes(frame[at + 6 : at + 10], "big")
    told = (told + len(segment) if told else 0).to_bytes(4, "big")
    dataset.PixelData = encapsulate(
        [frame[: at + 6] + told + frame[at + 10 : at + 12] + segment + frame[at + 12 :]]
    )
    after = deidentified(dataset, tmp_path / "x")
    assert TEXT not in (tmp_path / "x").read_bytes()
    np.testing.assert_array_equal(apply_modality_lut(after.pixel_array, after), HU)


@pytest.mark.parametrize("name", ["SC_rgb_jpeg_gdcm.dcm", "SC_rgb_jpeg_dcmtk.dcm"])
@pytest.mark.parametrize("marker", [0xFE, 0xE1, 0xDB, 0xDE, 0xDF, 0xF0, 0xC8, 0x02])
def test_so_does_jpeg(name, marker):
    """Without a loss, and with one, where a quantization table (0xDB) is needed."""
    dataset = pydicom.dcmread(Path(pydicom.__file__).parent / "data" / "test_files" / name)
    before = dataset.pixel_array
    [frame] = generate_frames(dataset.PixelData, number_of_frames=1)
    segment = bytes((0xFF, marker)) + (len(TEXT) + 2).to_bytes(2, "big") + TEXT
    needed = marker == 0xDB and dataset.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    dataset.PixelData = encapsulate([frame[:2] + (b"" if needed else segment) + frame[2:]])
    take_out_hidden(dataset)
    out = io.BytesIO()
    dataset.save_as(out)
    assert TEXT not in out.getvalue()
    after = pydicom.dcmread(io.BytesIO(out.getvalue()))
    np.testing.assert_array_equal(after.pixel_array, before)


@pytest.mark.parametrize("syntax", NATIVE[:3])
def test_nothing_follows_the_pixels(tmp_path, syntax):
    dataset = stored_as(syntax, HU.astype(np.int16) + 1024, 16, 15, 0)
    dataset.PixelData += TEXT + b" "
    after = deidentified(dataset, tmp_path / "x")
    assert len(after.PixelData) == 32 * 32 * 2 and TEXT not in (tmp_path / "x").read_bytes()


def test_float_pixels_stay(tmp_path):
    dataset = ct_dataset(np.zeros((32, 32), np.int16))
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(dataset, keyword)
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = HU.astype("<f4").tobytes() + TEXT + b" "
    dataset.FloatPixelPaddingValue = float("nan")
    after = deidentified(dataset, tmp_path / "x")
    np.testing.assert_array_equal(after.pixel_array, HU)
    assert np.isnan(after.FloatPixelPaddingValue)


@pytest.mark.parametrize("damage", [b"\1" * 64, TEXT * 9, b"\xff\xd8\xff\xfe\x00"])
def test_a_frame_that_nobody_can_read_goes(tmp_path, damage):
    dataset = stored_as(JPEGLSLossless, HU.astype(np.int16) + 1024, 16, 15, 0)
    [whole] = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.NumberOfFrames = 2
    dataset.PixelData = encapsulate([damage, whole])
    deidentified(dataset, tmp_path / "x")
    assert damage not in (tmp_path / "x").read_bytes()
    [(_, image)] = decode(tmp_path / "x", [1])
    np.testing.assert_array_equal(image, HU)


@pytest.mark.parametrize("syntax", COMPRESSED[:2])
def test_a_frame_without_its_end_stays(syntax):
    dataset = stored_as(syntax, HU.astype(np.int16) + 1024, 16, 15, 0)
    [whole] = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([whole[:-20]])
    take_out_hidden(dataset)
    [after] = generate_frames(dataset.PixelData, number_of_frames=1)
    assert after.rstrip(b"\0")[-200:] == whole[:-20].rstrip(b"\0")[-200:]


def test_every_compressed_file_of_pydicom_shows_the_same(tmp_path):
    tried = 0
    for path in sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm")):
        try:
            dataset = pydicom.dcmread(path)
            before = dataset.pixel_array
        except Exception:
            continue
        if dataset.get("SamplesPerPixel") != 1:
            continue
        if (
            dataset.get("BitsAllocated") == 1
            or not dataset.file_meta.TransferSyntaxUID.is_compressed
        ):
            continue
        again = pydicom.dcmread(path)
        out = io.BytesIO()
        take_out_hidden(again)
        again.save_as(out)
        np.testing.assert_array_equal(
            pydicom.dcmread(io.BytesIO(out.getvalue())).pixel_array, before
        )
        tried += 1
    assert tried > 5
