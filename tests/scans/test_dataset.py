"""Files that lack what the standard asks for, read as other programs read them."""

import numpy as np
import pydicom
import pytest
from phantoms import ct_dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from ctdenoise.errors import Problem
from ctdenoise.scans.dataset import opened
from ctdenoise.scans.dicom import slices
from ctdenoise.scans.pixels import decode

STORED = np.arange(64 * 64).reshape(64, 64).astype(np.uint16) % 4096
EXPECTED = STORED - 1024.0


def dataset_of(syntax=ExplicitVRLittleEndian, **tags):
    dataset = ct_dataset(STORED, **tags)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = STORED.astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def decoded(path):
    return dict(decode(path, [0]))[0]


def assumed(path):
    return slices(path)[0].assumed


@pytest.mark.parametrize("meta", ["none", "without syntax", "preamble alone", "none at all"])
@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_files_without_meta_information(tmp_path, syntax, meta):
    bare = pydicom.Dataset()
    bare.update(dataset_of(syntax))
    bare["PixelData"].VR = "OW"
    encoding = {"implicit_vr": syntax.is_implicit_VR, "little_endian": syntax.is_little_endian}
    pydicom.dcmwrite(tmp_path / "bare", bare, **encoding)
    content = (tmp_path / "bare").read_bytes()
    assert content[128:132] != b"DICM"
    if meta == "preamble alone":
        content = bytes(128) + b"DICM" + content
    if meta == "without syntax":
        information = b"\x02\0\x12\0UI\x04\0" + b"1.2\0"
        length = len(information).to_bytes(4, "little")
        group = b"\x02\0\0\0UL\x04\0" + length
        content = bytes(128) + b"DICM" + group + information + content
    (tmp_path / "x.dcm").write_bytes(content)
    np.testing.assert_array_equal(decoded(tmp_path / "x.dcm"), EXPECTED)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_compressed_files_without_transfer_syntax(tmp_path, syntax):
    dataset = dataset_of()
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(tmp_path / "whole", enforce_file_format=True)
    content = (tmp_path / "whole").read_bytes()
    start = content.index(b"\x08\0\x08\0CS")
    (tmp_path / "x.dcm").write_bytes(content[start:])
    np.testing.assert_array_equal(decoded(tmp_path / "x.dcm"), EXPECTED)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian,
                                    ExplicitVRBigEndian, RLELossless, JPEGLSLossless,
                                    JPEG2000Lossless])  # fmt: skip
@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("SamplesPerPixel", "SamplesPerPixel"),
        ("PhotometricInterpretation", "PhotometricInterpretation"),
        ("BitsStored", "BitsStored"),
        ("HighBit", None),
        ("PixelRepresentation", "PixelRepresentation"),
        ("BitsAllocated", "BitsAllocated"),
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_what_the_header_lacks_is_completed_and_said(tmp_path, syntax, missing, words, empty):
    dataset = dataset_of(syntax)
    if syntax.is_encapsulated:
        dataset = dataset_of()
        dataset.compress(syntax, generate_instance_uid=False)
    if empty:
        setattr(dataset, missing, None)
    else:
        delattr(dataset, missing)
    dataset["PixelData"].VR = "OW"
    path = tmp_path / "x.dcm"
    encoding = {"implicit_vr": syntax.is_implicit_VR, "little_endian": syntax.is_little_endian}
    pydicom.dcmwrite(path, dataset, enforce_file_format=True, **encoding)
    np.testing.assert_array_equal(decoded(path), EXPECTED)
    assert [words in clause for clause in assumed(path)] == [True] * bool(words)


@pytest.mark.parametrize("intercept", [0, -1024])
def test_a_missing_sign_follows_the_intercept(tmp_path, intercept):
    hu = (STORED.astype(np.int32) - 1024).clip(-1024, 3071)
    stored = (hu - intercept).astype(np.int16 if intercept == 0 else np.uint16)
    dataset = ct_dataset(stored, intercept=intercept, PixelRepresentation=None)
    dataset.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(decoded(tmp_path / "x.dcm"), hu)


@pytest.mark.parametrize(
    "tags", [{"BitsStored": 20}, {"BitsStored": 0}, {"HighBit": 3}, {"PixelRepresentation": 7}]
)
def test_impossible_bits_are_replaced(tmp_path, tags):
    dataset_of(**tags).save_as(tmp_path / "x.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(decoded(tmp_path / "x.dcm"), EXPECTED)


@pytest.mark.parametrize("implicit", [False, True])
def test_decimal_commas_are_read_as_points(tmp_path, implicit):
    dataset = dataset_of(PixelSpacing=None, SliceThickness=None, RescaleIntercept=None)
    raw = {"PixelSpacing": b"0,5\\0,75", "SliceThickness": b"1,5 ", "RescaleIntercept": b"-1024,0"}
    for keyword, text in raw.items():
        tag = pydicom.tag.Tag(keyword)
        dataset._dict[tag] = pydicom.dataelem.RawDataElement(
            tag, "DS", len(text), text, 0, implicit, True
        )
    path = tmp_path / "x.dcm"
    pydicom.dcmwrite(path, dataset, enforce_file_format=True, implicit_vr=False, little_endian=True)
    found = slices(path)[0]
    assert found.spacing == (0.5, 0.75) and found.facts.thickness_mm == 1.5
    np.testing.assert_array_equal(decoded(path), EXPECTED)
    assert len(found.assumed) == 1 and "decimal comma" in found.assumed[0]


def test_an_empty_slope_is_1_and_said(tmp_path):
    dataset_of(RescaleSlope="").save_as(tmp_path / "x.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(decoded(tmp_path / "x.dcm"), EXPECTED)
    assert "slope" in assumed(tmp_path / "x.dcm")[0]


def test_a_whole_file_needs_no_assumption(tmp_path):
    dataset_of().save_as(tmp_path / "x.dcm", enforce_file_format=True)
    assert opened(tmp_path / "x.dcm")[1] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "is a text, not a DICOM"),
        (b"\0" * 200, "is not a DICOM"),
        (b"%PDF-1.7 ...", "is a PDF document, not"),
        (b"\xff\xd8\xff\xe0 JFIF", "is a JPEG picture, not"),
        (b'{"a": 1}', "is a JSON file, not"),
        (bytes(range(256)) * 9, "is not a DICOM"),
        (b"", "is empty"),
    ],
)
def test_other_files_say_what_they_are(tmp_path, content, words):
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(Problem, match=rf"other\.bin {words}"):
        opened(path)


def test_a_deflated_file_that_inflates_to_more_than_a_scan_is_refused(tmp_path, monkeypatch):
    import zlib

    dataset_of().save_as(tmp_path / "whole", enforce_file_format=True)
    meta = (tmp_path / "whole").read_bytes()
    meta = meta[: meta.index(b"\x08\0\x08\0CS")]
    meta = meta.replace(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.1.99")
    length = int.from_bytes(meta[140:144], "little") + 2
    meta = meta[:140] + length.to_bytes(4, "little") + meta[144:]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    path = tmp_path / "bomb.dcm"
    path.write_bytes(meta + packed)

    def never(*arguments, **options):
        raise AssertionError("pydicom must not inflate this")

    monkeypatch.setattr(pydicom, "dcmread", never)
    with pytest.raises(Problem, match=r"bomb\.dcm unpacks to more than"):
        opened(path)


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("damage", ["representation", "doubled", "an earlier element after it"])
def test_an_element_of_pixels_that_libraries_read_differently_is_refused(tmp_path, damage, frames):
    dataset = dataset_of(NumberOfFrames=frames)
    dataset.PixelData = frames * dataset.PixelData
    path = tmp_path / "x.dcm"
    dataset.save_as(path, enforce_file_format=True)
    content = path.read_bytes()
    at = content.index(b"\xe0\x7f\x10\0OW")
    if damage == "representation":
        content = content[: at + 4] + b"XW" + content[at + 6 :]
    elif damage == "doubled":
        content += content[at:]
    else:
        content += b"\x28\0\x53\x10DS\2\0" + b"2 "
    path.write_bytes(content)
    with pytest.raises(Problem, match="contradicts itself"):
        decoded(path)


@pytest.mark.parametrize("after", [bytes(512), b"\xfc\xff\xfc\xffOB\0\0\4\0\0\0abcd"])
def test_what_may_stand_after_the_pixels_is_no_fault(tmp_path, after):
    path = tmp_path / "x.dcm"
    dataset_of().save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes() + after)
    np.testing.assert_array_equal(decoded(path), EXPECTED)


@pytest.mark.parametrize("empty", [True, False])
def test_defaults_look_into_functional_groups(tmp_path, empty):
    from phantoms import write_enhanced_ct

    values = np.rint(np.linspace(-1000, 1000, 3 * 256)).reshape(3, 16, 16)
    path = write_enhanced_ct(tmp_path / "e.dcm", values)
    dataset = pydicom.dcmread(path)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        item = group.PixelValueTransformationSequence[0]
        if empty:
            item.RescaleSlope = ""
        else:
            del item.RescaleSlope
    dataset.save_as(path)
    found = slices(path)
    assert {slice.unit for slice in found} == {"HU"}
    assert any("slope" in clause for clause in found[0].assumed)


def test_pixels_that_are_not_there_are_said_so(tmp_path):
    dataset = dataset_of()
    del dataset.PixelData
    dataset.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    with pytest.raises(Problem, match=r"holds no pixels|is cut off"):
        decoded(tmp_path / "x.dcm")
