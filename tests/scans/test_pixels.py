"""From stored bits to HU, whatever the transfer syntax and whatever stands around the bits."""

import pathlib

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phantoms import ct_dataset, disc_phantom, write_enhanced_ct
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from ctdenoise.errors import Problem
from ctdenoise.scans import dicom, pixels

STORED = np.arange(64, dtype=np.int16).reshape(8, 8)
PLAIN = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]
COMPRESSED = [RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGLosslessSV1]


def save(dataset, path):
    dataset.save_as(path, enforce_file_format=True)
    return path


def decoded(path, frame=0):
    return dict(pixels.decode(path, [frame]))[frame]


def jpeg_lossless(source, target):
    """Compressed by GDCM, which pydicom cannot ask to encode."""
    gdcm = pytest.importorskip("gdcm")
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def in_syntax(dataset, syntax, path):
    """The dataset of 16 bit words in a file of this syntax."""
    if syntax in PLAIN:
        if syntax == ExplicitVRBigEndian:
            words = np.frombuffer(dataset.PixelData, "<u2")
            dataset.PixelData = words.astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset["PixelData"].VR = "OW"
        explicit = {"implicit_vr": syntax.is_implicit_VR, "little_endian": syntax.is_little_endian}
        pydicom.dcmwrite(path, dataset, enforce_file_format=True, **explicit)
    elif syntax == JPEGLosslessSV1:
        plain = path.with_name("plain.dcm")
        save(dataset, plain)
        jpeg_lossless(plain, path)
    else:
        dataset.compress(syntax, generate_instance_uid=False)
        save(dataset, path)
    return path


@settings(max_examples=120, deadline=None)
@given(
    syntax=st.sampled_from(PLAIN + COMPRESSED),
    bits=st.integers(8, 16),
    shift=st.integers(0, 8),
    signed=st.booleans(),
    around=st.booleans(),
    seed=st.integers(0, 99),
)
def test_stored_bits_become_the_same_numbers_in_every_syntax(
    tmp_path_factory, syntax, bits, shift, signed, around, seed
):
    """Words of 16 bits with anything, an overlay say, around the bits that are stored, compressed
    whole: the numbers are those of Bits Stored, High Bit and Pixel Representation."""
    shift = min(shift, 16 - bits)
    random = np.random.default_rng(seed)
    lowest = -(1 << (bits - 1)) if signed else 0
    values = random.integers(lowest, lowest + (1 << bits), (64, 40))
    words = (values & ((1 << bits) - 1)) << shift
    if around:
        words |= random.integers(0, 1 << 16, words.shape) & ~(((1 << bits) - 1) << shift) & 0xFFFF
    dataset = ct_dataset(words.astype(np.uint16), intercept=0, Modality="MR")
    path = in_syntax(dataset, syntax, tmp_path_factory.mktemp("bits") / "x.dcm")
    file = pydicom.dcmread(path)
    file.BitsStored, file.HighBit, file.PixelRepresentation = bits, bits + shift - 1, int(signed)
    file.save_as(path)
    np.testing.assert_array_equal(decoded(path), values)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
@pytest.mark.parametrize("syntax", COMPRESSED[1:])  # run lengths are of whole bytes
def test_codestreams_of_just_the_stored_bits(tmp_path, syntax, bits, signed):
    """As scanners compress: 12 bits, say, are a codestream of 12 bits, not of 16."""
    lowest = -(1 << (bits - 1)) if signed else 0
    kind = np.int16 if signed else np.uint16
    values = np.random.default_rng(bits).integers(lowest, lowest + (1 << bits), (64, 40))
    dataset = ct_dataset(values.astype(kind), intercept=0, Modality="MR")
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    if syntax == JPEGLosslessSV1 and signed and bits < 16:
        pytest.skip("GDCM's encoder takes words with their sign for 16 bits")
    path = in_syntax(dataset, syntax, tmp_path / "x.dcm")
    np.testing.assert_array_equal(decoded(path), values)


@settings(max_examples=30, deadline=None)
@given(
    bits=st.sampled_from([9, 10, 12, 14]),
    signed=st.booleans(),
    frames=st.integers(1, 3),
    big=st.booleans(),
    seed=st.integers(0, 9),
)
def test_packed_pixels_are_unpacked(tmp_path_factory, bits, signed, frames, big, seed):
    lowest = -(1 << (bits - 1)) if signed else 0
    values = np.random.default_rng(seed).integers(lowest, lowest + (1 << bits), (frames, 8, 6))
    stream = 0  # by arithmetic: pixel n begins at bit n times its width
    for n, value in enumerate(values.ravel().tolist()):
        stream |= (value & ((1 << bits) - 1)) << (bits * n)
    packed = stream.to_bytes(-(-values.size * bits // 16) * 2, "little")
    dataset = ct_dataset(STORED, intercept=0, Modality="MR", Rows=8, Columns=6)
    dataset.NumberOfFrames = frames
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, int(signed)
    dataset.PixelData = np.frombuffer(packed, "<u2").byteswap().tobytes() if big else packed
    dataset["PixelData"].VR = "OW"
    path = tmp_path_factory.mktemp("packed") / "x.dcm"
    syntax = ExplicitVRBigEndian if big else ExplicitVRLittleEndian
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, dataset, enforce_file_format=True, implicit_vr=False,
                     little_endian=not big)  # fmt: skip
    for frame in range(frames):
        np.testing.assert_array_equal(decoded(path, frame), values[frame])


@pytest.mark.parametrize(("slope", "intercept"), [(1, -1024), (1, 0), (0.5, 12.25), (2, -1500)])
def test_values_are_slope_times_stored_plus_intercept(tmp_path, slope, intercept):
    path = save(ct_dataset(STORED, slope=slope, intercept=intercept), tmp_path / "a.dcm")
    np.testing.assert_array_equal(decoded(path), STORED * slope + intercept)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("little", [False, True])
@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("first", [-3, 0, 10])
def test_a_modality_table_is_applied(tmp_path, signed, little, implicit, first):
    if (implicit and not little) or (first < 0 and not signed):
        pytest.skip("no such file")
    stored = np.array([[-5, -3, 0, 2], [5, 11, 15, 70]], np.int16).clip(None if signed else 0)
    outputs = np.arange(16) * 100 - 1000
    table = Dataset()
    table.LUTDescriptor = [16, first, 16]
    table.ModalityLUTType = "HU"
    table.add_new("LUTData", "US", [int(n) & 0xFFFF for n in outputs])
    dataset = ct_dataset(
        stored.astype(np.int16 if signed else np.uint16), RescaleSlope=None, RescaleIntercept=None
    )
    dataset.ModalityLUTSequence = [table]
    syntax = {(True, True): ImplicitVRLittleEndian, (False, True): ExplicitVRLittleEndian}.get(
        (implicit, little), ExplicitVRBigEndian
    )
    dataset.file_meta.TransferSyntaxUID = syntax
    if not little:
        dataset.PixelData = stored.astype(">i2").tobytes()
    pydicom.dcmwrite(
        tmp_path / "x.dcm",
        dataset,
        enforce_file_format=True,
        implicit_vr=implicit,
        little_endian=little,
    )
    assert dicom.slices(tmp_path / "x.dcm")[0].unit == "HU"
    expected = outputs[np.clip(stored - first, 0, 15)]
    np.testing.assert_array_equal(decoded(tmp_path / "x.dcm"), expected)


def test_a_modality_table_of_bytes_in_a_big_endian_file(tmp_path):
    outputs = np.arange(64) * 10
    table = Dataset()
    table.LUTDescriptor = [64, 0, 16]
    table.ModalityLUTType = "HU"
    table.add_new("LUTData", "OW", outputs.astype(">u2").tobytes())
    dataset = ct_dataset(STORED.astype(np.uint16), RescaleSlope=None, RescaleIntercept=None)
    dataset.ModalityLUTSequence = [table]
    path = in_syntax(dataset, ExplicitVRBigEndian, tmp_path / "x.dcm")
    np.testing.assert_array_equal(decoded(path), outputs.reshape(8, 8))


@pytest.mark.parametrize(
    ("padding", "intercept"), [(-2000, -1024), (-2048, 0), (-1500, 0), (-1024, 0)]
)
def test_padding_becomes_air(tmp_path, padding, intercept):
    stored = STORED.copy()
    stored[0] = padding
    path = save(ct_dataset(stored, intercept=intercept, PixelPaddingValue=padding), tmp_path / "a")
    assert (decoded(path)[0] == -1024).all()
    np.testing.assert_array_equal(decoded(path)[1:], STORED[1:] + float(intercept))


def test_padding_without_a_tag_becomes_air(tmp_path):
    stored = STORED.copy()
    stored[0] = -3024
    path = save(ct_dataset(stored, intercept=0), tmp_path / "a")
    assert (decoded(path)[0] == -1024).all()


@pytest.mark.parametrize("limit", [-1100, -3000, None])
def test_a_range_of_padding_becomes_air(tmp_path, limit):
    stored = STORED.copy()
    stored[0] = np.linspace(-1900, limit or -1900, 8)
    tags = {"PixelPaddingValue": -1900}
    if limit:
        tags["PixelPaddingRangeLimit"] = limit
    path = save(ct_dataset(stored, intercept=0, **tags), tmp_path / "a")
    assert (decoded(path)[0] == -1024).all()
    np.testing.assert_array_equal(decoded(path)[1:], STORED[1:])


def test_padding_with_the_wrong_sign_in_the_file_is_understood(tmp_path):
    stored = STORED.copy()
    stored[0] = -1500
    dataset = ct_dataset(stored, intercept=0)
    dataset.add_new("PixelPaddingValue", "US", 65536 - 1500)
    assert (decoded(save(dataset, tmp_path / "a"))[0] == -1024).all()


@pytest.mark.parametrize("padding", [4095, 4000 + 1024, 32767])
def test_padding_above_tissue_is_air_at_the_edge_and_metal_inside(tmp_path, padding):
    stored = np.full((32, 32), 1024, np.uint16)
    stored[:4] = stored[:, -3:] = padding
    stored[12:16, 12:16] = padding  # a screw that reaches the same number
    path = save(ct_dataset(stored, PixelPaddingValue=padding), tmp_path / "a")
    values = decoded(path)
    assert (values[:4] == -1024).all() and (values[:, -3:] == -1024).all()
    assert (values[12:16, 12:16] == padding - 1024).all()
    assert (values == 0).sum() == 28 * 29 - 16


def test_a_padding_value_that_tissue_can_have_is_not_believed(tmp_path):
    path = save(ct_dataset(STORED, intercept=0, PixelPaddingValue=40), tmp_path / "a")
    np.testing.assert_array_equal(decoded(path), STORED)


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("padding", [np.nan, -5000.0, 1e30])
def test_floats_with_padding(tmp_path, double, padding):
    kind, word = (np.float64, "DoubleFloat") if double else (np.float32, "Float")
    values = STORED.astype(kind) / 4 - 7
    shown = values.copy()
    values[0] = padding
    shown[0] = -1024
    dataset = ct_dataset(STORED, intercept=0, BitsStored=None, HighBit=None, PixelData=None,
                         PixelRepresentation=None, BitsAllocated=8 * values.itemsize)  # fmt: skip
    setattr(dataset, f"{word}PixelData", values.tobytes())
    setattr(dataset, f"{word}PixelPaddingValue", padding)
    np.testing.assert_array_equal(decoded(save(dataset, tmp_path / "a")), shown)


def test_values_that_are_not_numbers_are_told_where_they_are_no_padding(tmp_path):
    values = STORED.astype(np.float32)
    values[0, 0] = np.nan
    dataset = ct_dataset(STORED, intercept=0, BitsStored=None, HighBit=None, PixelData=None,
                         PixelRepresentation=None, BitsAllocated=32)  # fmt: skip
    dataset.FloatPixelData = values.tobytes()
    with pytest.raises(Problem, match="not numbers"):
        decoded(save(dataset, tmp_path / "a"))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_compressed_equals_uncompressed(tmp_path, syntax):
    plain = ct_dataset(np.rint(disc_phantom(64)[0] + 1024).astype(np.uint16))
    reference = decoded(save(plain, tmp_path / "plain"))
    plain.compress(syntax, generate_instance_uid=False)
    np.testing.assert_array_equal(decoded(save(plain, tmp_path / "packed")), reference)


def test_jpeg_lossless_of_a_real_scanner():
    path = get_testdata_file("bad_sequence.dcm", download=False)
    values = decoded(pathlib.Path(path))
    assert values.shape == (512, 512)
    assert values.min() >= -1024 and 1000 < values.max() < 3072
    assert dicom.slices(pathlib.Path(path))[0].spacing == (0.287109375, 0.287109375)


def test_enhanced_ct_applies_each_frames_own_rescale(tmp_path):
    values = np.rint(disc_phantom(32, slices=3, noise=5.0))
    path = write_enhanced_ct(tmp_path / "enhanced", values)
    found = dicom.slices(path)
    assert [s.origin[2] for s in found] == [4.0, 2.0, 0.0]
    assert {s.facts.kernel for s in found} == {"B30f"}
    assert {s.facts.exposure_mas for s in found} == {50.0}
    for slice in found:
        here = decoded(path, slice.source.frame)
        np.testing.assert_array_equal(here, values[int(slice.origin[2] / 2)])


def test_a_file_that_is_encoded_otherwise_than_it_says(tmp_path):
    dataset = ct_dataset(STORED)
    path = tmp_path / "x.dcm"
    pydicom.dcmwrite(path, dataset, enforce_file_format=True, implicit_vr=False, little_endian=True)
    path.write_bytes(
        path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0")
    )
    np.testing.assert_array_equal(decoded(path), STORED - 1024)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("syntax", [None, JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_a_file_that_is_cut_off_is_told(tmp_path, syntax, share):
    dataset = ct_dataset(np.rint(disc_phantom(64, noise=20)[0] + 1024).astype(np.uint16))
    if syntax:
        dataset.compress(syntax, generate_instance_uid=False)
    path = save(dataset, tmp_path / "cut.dcm")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(Problem, match=r"cut\.dcm (is cut off|holds no image|is not a DICOM)"):
        dicom.slices(path)
        decoded(path)


def test_what_no_decoder_here_knows_is_not_called_damaged(tmp_path):
    dataset = ct_dataset(np.zeros((64, 64), np.uint16))
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEGExtended12Bit
    path = save(dataset, tmp_path / "x.dcm")
    with pytest.raises(Problem, match="JPEG Extended with 12 bits, which cannot be read here"):
        decoded(path)


def test_a_panic_in_a_decoder_is_told(tmp_path, monkeypatch):
    class PanicException(BaseException):
        """What Rust decoders raise (pylibjpeg-rle, on a corrupted segment table)."""

    def panic(*arguments, **options):
        raise PanicException

    dataset = ct_dataset(STORED.astype(np.uint16))
    dataset.compress(RLELossless, generate_instance_uid=False)
    monkeypatch.setattr(pixels, "iter_pixels", panic)
    with pytest.raises(Problem, match=r"x\.dcm is compressed as RLE Lossless and cannot be"):
        decoded(save(dataset, tmp_path / "x.dcm"))


def test_random_damage_is_told_or_harmless(tmp_path):
    """Bytes changed at random in header and pixels: a problem or an image, nothing else."""
    original = pathlib.Path(get_testdata_file("MR_small_RLE.dcm", download=False)).read_bytes()
    random = np.random.default_rng(5)
    path = tmp_path / "x.dcm"
    for _ in range(60):
        content = bytearray(original)
        for position in random.integers(132, len(content), 20):
            content[position] = random.integers(256)
        path.write_bytes(content)
        try:
            for slice in dicom.slices(path):
                assert decoded(path, slice.source.frame).ndim == 2
        except Problem as problem:
            assert problem.subject == "x.dcm"


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_frames_of_different_precision(tmp_path, syntax, signed):
    """Encoders take as many bits as a frame's largest number needs."""
    from pydicom.encaps import encapsulate, generate_frames

    values = np.random.default_rng(1).integers(0, 500, (2, 64, 64))
    values[1] *= 8
    frames = []
    for image, bits in zip(values, (9, 12), strict=True):
        one = ct_dataset(image.astype(np.uint16))
        one.BitsStored, one.HighBit = bits, bits - 1
        one.compress(syntax, generate_instance_uid=False)
        frames += list(generate_frames(one.PixelData, number_of_frames=1))
    dataset = ct_dataset(values[0].astype(np.uint16), intercept=0, Modality="MR", NumberOfFrames=2)
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 13, 12, int(signed)
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    path = save(dataset, tmp_path / "x.dcm")
    decoded = dict(pixels.decode(path, [0, 1]))
    np.testing.assert_array_equal(decoded[1] % (1 << 12), values[1])
    if not signed:
        np.testing.assert_array_equal([decoded[0], decoded[1]], values)
