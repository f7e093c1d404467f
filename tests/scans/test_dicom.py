import pathlib

import numpy as np
import pydicom
import pytest
from phantoms import ct_dataset, disc_phantom, write_enhanced_ct
from pydicom.data import get_testdata_file

from ctdenoise.errors import Problem
from ctdenoise.scans import dicom


def save(dataset, path):
    dataset.save_as(path, enforce_file_format=True)
    return path


def pixels(path, frame=0):
    return dict(dicom.decode(path, [frame]))[frame]


STORED = np.arange(64, dtype=np.int16).reshape(8, 8)


@pytest.mark.parametrize(("slope", "intercept"), [(1, -1024), (1, 0), (0.5, 12.25), (2, -1500)])
def test_values_are_slope_times_stored_plus_intercept(tmp_path, slope, intercept):
    path = save(ct_dataset(STORED, slope=slope, intercept=intercept), tmp_path / "a.dcm")
    np.testing.assert_array_equal(pixels(path), STORED * slope + intercept)


@pytest.mark.parametrize(("padding", "intercept"), [(-2000, -1024), (-2048, 0), (-1500, 0)])
def test_padding_becomes_air(tmp_path, padding, intercept):
    stored = STORED.copy()
    stored[0] = padding
    path = save(ct_dataset(stored, intercept=intercept, PixelPaddingValue=padding), tmp_path / "a")
    assert (pixels(path)[0] == -1024).all()
    np.testing.assert_array_equal(pixels(path)[1:], STORED[1:] + float(intercept))


def test_padding_without_a_tag_becomes_air(tmp_path):
    stored = STORED.copy()
    stored[0] = -3024
    path = save(ct_dataset(stored, intercept=0), tmp_path / "a")
    assert (pixels(path)[0] == -1024).all()


def test_a_padding_value_that_tissue_can_have_is_not_believed(tmp_path):
    path = save(ct_dataset(STORED, intercept=0, PixelPaddingValue=40), tmp_path / "a")
    np.testing.assert_array_equal(pixels(path), STORED)


@pytest.mark.parametrize(
    "syntax", [pydicom.uid.JPEGLSLossless, pydicom.uid.JPEG2000Lossless, pydicom.uid.RLELossless]
)
def test_compressed_equals_uncompressed(tmp_path, syntax):
    plain = ct_dataset(np.rint(disc_phantom(64)[0] + 1024).astype(np.uint16))
    reference = pixels(save(plain, tmp_path / "plain"))
    plain.compress(syntax, generate_instance_uid=False)
    np.testing.assert_array_equal(pixels(save(plain, tmp_path / "packed")), reference)


def test_jpeg_lossless_of_a_real_scanner():
    path = get_testdata_file("bad_sequence.dcm", download=False)
    values = pixels(pathlib.Path(path))
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
        here = pixels(path, slice.source.frame)
        np.testing.assert_array_equal(here, values[int(slice.origin[2] / 2)])


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"BurnedInAnnotation": "YES"}, "burned"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "secondary capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "secondary capture"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "colour"),
        ({"Modality": "SEG"}, "SEG"),
        ({"Rows": None}, "no image"),
    ],
)
def test_refuses_what_is_no_scan(tmp_path, tags, words):
    path = save(ct_dataset(STORED, **tags), tmp_path / "x.dcm")
    with pytest.raises(Problem, match=words) as caught:
        dicom.slices(path)
    assert str(caught.value).startswith("x.dcm ")


def test_a_derived_image_is_welcome(tmp_path):
    path = save(ct_dataset(STORED, ImageType=["DERIVED", "SECONDARY", "AXIAL"]), tmp_path / "x")
    assert dicom.slices(path)[0].unit == "HU"


@pytest.mark.parametrize(
    "tags", [{"Modality": "MR"}, {"RescaleIntercept": None}, {"RescaleType": "US"}]
)
def test_only_ct_that_says_so_is_in_hu(tmp_path, tags):
    path = save(ct_dataset(STORED, **tags), tmp_path / "x")
    assert dicom.slices(path)[0].unit == ""


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    "syntax",
    [None, pydicom.uid.JPEGLSLossless, pydicom.uid.JPEG2000Lossless, pydicom.uid.RLELossless],
)
def test_a_file_that_is_cut_off_is_told(tmp_path, syntax, share):
    dataset = ct_dataset(np.rint(disc_phantom(64, noise=20)[0] + 1024).astype(np.uint16))
    if syntax:
        dataset.compress(syntax, generate_instance_uid=False)
    path = save(dataset, tmp_path / "cut.dcm")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(Problem, match=r"cut\.dcm (is cut off|holds no image|is not a DICOM)"):
        dicom.slices(path)
        pixels(path)


def test_an_empty_file_is_told(tmp_path):
    (tmp_path / "nothing.dcm").touch()
    with pytest.raises(Problem, match=r"nothing\.dcm is empty"):
        dicom.slices(tmp_path / "nothing.dcm")


def test_a_file_without_preamble_is_read(tmp_path):
    bare = pydicom.Dataset()
    bare.update(pydicom.dcmread(save(ct_dataset(STORED), tmp_path / "x")))
    headless = tmp_path / "headless"
    pydicom.dcmwrite(headless, bare, implicit_vr=True, little_endian=True)
    assert headless.read_bytes()[128:132] != b"DICM"
    np.testing.assert_array_equal(pixels(headless), STORED - 1024.0)


@pytest.mark.parametrize("content", [b"hello", b"\0" * 200, b"\x89PNG\r\n", bytes(range(256)) * 9])
def test_other_files_are_not_dicom(tmp_path, content):
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(Problem, match=r"other\.bin is not a DICOM"):
        dicom.slices(path)


def test_a_panic_in_a_decoder_is_a_damaged_file(tmp_path, monkeypatch):
    class PanicException(BaseException):
        """What Rust decoders raise (pylibjpeg-rle, on a corrupted segment table)."""

    def panic(path, frames):
        raise PanicException

    monkeypatch.setattr(dicom, "_decoded", panic)
    with pytest.raises(Problem, match=r"x\.dcm is cut off or damaged"):
        list(dicom.decode(tmp_path / "x.dcm", [0]))


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
                assert pixels(path, slice.source.frame).ndim == 2
        except Problem as problem:
            assert problem.subject == "x.dcm"
