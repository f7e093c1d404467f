"""What a derived object says, whatever its source said or left out."""

import copy

import numpy as np
import pydicom
import pytest
from derived import write_values
from dicom_validator import errors, has_validator
from phantoms import ct_dataset, disc_phantom, write_enhanced_ct
from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRBigEndian, ImplicitVRLittleEndian

from ctdenoise.errors import Problem
from ctdenoise.scans import derived as module
from ctdenoise.scans import writing
from ctdenoise.scans.dataset import open_dataset
from ctdenoise.scans.derived import DerivedSeries, complete, derive, describe, widen
from ctdenoise.scans.dicom import GREYSCALE_WORDS
from ctdenoise.scans.pixels import decode
from ctdenoise.scans.reading import read
from ctdenoise.scans.scan import SliceSource

VALUES = np.rint(disc_phantom(16, noise=10))[0]
TAGS = {"KVP": 120, "PatientPosition": "HFS"}


def derived(dataset, values=VALUES, frame=0, recipe="R", path="in/a.dcm"):
    source = SliceSource(module.Path(path), frame)
    series = DerivedSeries.of(dataset, source, recipe, "Denoised")
    made = derive(dataset, source, values, series)
    made.InstanceNumber = 1
    describe(made, series)
    complete(made)
    return made


def ct(**tags):
    return ct_dataset((VALUES + 1024).astype(np.uint16), **{**TAGS, **tags})


def again(dataset, path, syntax=pydicom.uid.ExplicitVRLittleEndian):
    """Written to a file and read from it, without pixels as the writer reads it."""
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path, enforce_file_format=True)
    return open_dataset(path, pixels=False)


@pytest.mark.parametrize(
    "kinds, rest",
    [
        (None, ["AXIAL"]),
        ("", ["AXIAL"]),
        ("ORIGINAL", ["AXIAL"]),
        (["ORIGINAL", "PRIMARY"], ["AXIAL"]),
        (["ORIGINAL", "PRIMARY", ""], ["AXIAL"]),
        (["ORIGINAL", "PRIMARY", "", "CT_SOM5 SPI"], ["AXIAL", "CT_SOM5 SPI"]),
        (["ORIGINAL", "PRIMARY", "OTHER"], ["OTHER"]),
        (["DERIVED", "SECONDARY", "AXIAL", "CT_SOM5 SPI", "A"], ["AXIAL", "CT_SOM5 SPI", "A"]),
    ],
)
def test_the_image_type_has_its_three_values(tmp_path, kinds, rest):
    source = again(ct(ImageType=kinds), tmp_path / "a.dcm")
    made = again(derived(source), tmp_path / "b.dcm")
    assert list(made.ImageType) == ["DERIVED", "SECONDARY", *rest]


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, ImplicitVRLittleEndian, None])
def test_tables_and_words_keep_their_numbers(tmp_path, syntax):
    """Of any byte order, in any depth."""
    table = np.arange(256, dtype=np.uint16) * 250
    source = ct()
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    item, inner = Dataset(), Dataset()
    item.add_new("LUTDescriptor", "SS", [256, -800, 16])
    item.add_new("LUTData", "OW", table.astype(f"{order}u2").tobytes())
    inner.add_new("TrackPointIndexList", "OL", np.arange(3, dtype=f"{order}u4").tobytes())
    inner.add_new("RealWorldValueLUTData", "FD", [1.5, -2.5])
    inner.add_new("PointCoordinatesData", "OF", np.arange(3, dtype=f"{order}f4").tobytes())
    inner.add_new("DoublePointCoordinatesData", "OD", np.arange(3, dtype=f"{order}f8").tobytes())
    item.RelatedSeriesSequence = [inner]
    source.VOILUTSequence = [item]
    whole = copy.deepcopy(source)
    read = again(whole, tmp_path / "a.dcm", syntax or pydicom.uid.ExplicitVRLittleEndian)
    made = again(derived(read), tmp_path / "b.dcm").VOILUTSequence[0]
    assert np.frombuffer(made.LUTData, "<u2").tolist() == table.tolist()
    assert list(made.LUTDescriptor) == [256, -800, 16]
    inner = made.RelatedSeriesSequence[0]
    assert np.frombuffer(inner.TrackPointIndexList, "<u4").tolist() == [0, 1, 2]
    assert np.frombuffer(inner.PointCoordinatesData, "<f4").tolist() == [0, 1, 2]
    assert np.frombuffer(inner.DoublePointCoordinatesData, "<f8").tolist() == [0, 1, 2]
    assert inner.RealWorldValueLUTData == [1.5, -2.5]


@pytest.mark.parametrize("said", [None, "", "19.dcm"])
def test_a_series_without_a_frame_of_reference_gets_one(said):
    sources = [ct(FrameOfReferenceUID=said, number=n, position=n) for n in range(3)]
    found = {derived(each).FrameOfReferenceUID for each in sources}
    assert len(found) == 1 and UID(found.pop()).is_valid
    assert derived(ct(FrameOfReferenceUID="1.2.4")).FrameOfReferenceUID == "1.2.4"


SIDES = {
    "of a pair": ({"BodyPartExamined": "KNEE"}, ""),
    "written small": ({"BodyPartExamined": "knee "}, ""),
    "of which there is one": ({"BodyPartExamined": "CHEST"}, None),
    "told": ({"BodyPartExamined": "HIP", "Laterality": "L"}, "L"),
    "told of the image": ({"BodyPartExamined": "HIP", "ImageLaterality": "L"}, None),
    "unknown": ({"BodyPartExamined": ""}, ""),
    "nothing said": ({}, ""),
}


@has_validator
@pytest.mark.parametrize("case", SIDES)
def test_the_side_is_said_where_the_body_part_asks_for_it(tmp_path, case):
    tags, side = SIDES[case]
    made = again(derived(ct(**tags)), tmp_path / "a.dcm")
    assert made.get("Laterality") == side
    assert not [error for error in errors(tmp_path / "a.dcm") if "Laterality" in error]


def pixels(made):
    names = ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")
    return tuple(made[name].value for name in names)


@pytest.mark.parametrize(
    "bits, signed, written",
    [(12, 0, 12), (13, 0, 13), (16, 0, 16), (12, 1, 12), (16, 1, 16), (32, 1, 16)],
)
def test_bits_and_sign_follow_the_source(bits, signed, written):
    source = ct(BitsStored=bits, HighBit=bits - 1, PixelRepresentation=signed)
    values = np.clip(VALUES, -1024, 1000)
    assert pixels(derived(source, values)) == (16, written, written - 1, signed)


@pytest.mark.parametrize("top", [3000, 60_000])
@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"RescaleSlope": 0.5},
        {"RescaleIntercept": -1000.5},  # air lies between two steps: padding
        {"RescaleSlope": None, "RescaleIntercept": None},
    ],
)
def test_any_slice_can_be_widened(tmp_path, tags, top):
    """To what the others of its series are stored in, whatever its own values."""
    values = VALUES.copy()
    values[0, :3] = -1024, -400, top
    values -= 0.5 if tags.get("RescaleIntercept") else 0
    values[0, 0] = -1024
    values = values if tags.get("RescaleSlope", 1) else np.abs(values)
    derived(ct(**tags), values).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    before = next(decode(tmp_path / "a.dcm", [0]))[1]
    widen(tmp_path / "a.dcm")
    assert pixels(pydicom.dcmread(tmp_path / "a.dcm")) == (16, 16, 15, 1)
    np.testing.assert_array_equal(next(decode(tmp_path / "a.dcm", [0]))[1], before)
    np.testing.assert_allclose(before, values, atol=0.51)


ODD = {
    "high bit above": {"BitsStored": 12, "HighBit": 15},
    "packed": {"BitsAllocated": 12, "BitsStored": 12, "HighBit": 11},
    "no bits": {"BitsStored": None, "HighBit": None},
    "no sign": {"PixelRepresentation": None},
    "no photometric interpretation": {"PhotometricInterpretation": None},
    "no samples": {"SamplesPerPixel": None},
    "floating point": {"BitsAllocated": 32, "BitsStored": None, "HighBit": None,
                       "PixelRepresentation": None},
    "no scale": {"RescaleSlope": None, "RescaleIntercept": None},
    "an empty slope": {"RescaleSlope": ""},
    "a word of its own": {"RescaleType": "HOUNSFIELD"},
    "unspecified": {"RescaleType": "US"},
    "planes of colours": {"PlanarConfiguration": 0},
    "a wide step": {"RescaleSlope": 10, "RescaleIntercept": -10240},
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ODD)
def test_odd_sources_give_sound_objects(tmp_path, monkeypatch, case):
    """What a reader makes of them is HU; what is written says so and is right."""
    monkeypatch.setattr(module, "unit_of", lambda dataset: "HU")
    made = derived(ct(**ODD[case]))
    made.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    read = pydicom.dcmread(tmp_path / "a.dcm")
    allocated, stored, high, _ = pixels(read)
    assert (allocated, high) == (16, stored - 1) and 12 <= stored <= 16
    assert (read.SamplesPerPixel, read.PhotometricInterpretation) == (1, "MONOCHROME2")
    assert read.RescaleType == "HU" and abs(read.RescaleSlope) <= 1
    hu = pydicom.pixels.apply_modality_lut(read.pixel_array, read)
    np.testing.assert_allclose(hu, VALUES, atol=1e-3)


@has_validator
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ODD)
def test_nor_does_the_validator_find_fault(tmp_path, monkeypatch, case):
    monkeypatch.setattr(module, "unit_of", lambda dataset: "HU")
    derived(ct(**ODD[case])).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert errors(tmp_path / "a.dcm") == set()


def test_values_that_are_not_what_they_should_be_go(tmp_path):
    source = ct(SeriesNumber=3, AcquisitionNumber=1)
    path = tmp_path / "a.dcm"
    source.save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes().replace(b"\x20\x00\x11\x00IS\x02\x003 ",
                                               b"\x20\x00\x11\x00IS\x02\x004a"))  # fmt: skip
    made = derived(open_dataset(path, pixels=False))
    assert 10_000 <= made.SeriesNumber < 100_000 and made.AcquisitionNumber == 1


def test_what_described_the_old_pixels_is_gone(tmp_path):
    table = Dataset()
    table.RealWorldValueSlope = 2.0
    source = ct(SmallestImagePixelValue=0, RealWorldValueMappingSequence=[table])
    source.add_new(0x60003000, "OW", b"\0\0")
    source.add_new("DigitalSignaturesSequence", "SQ", [])
    made = derived(source)
    for gone in ("SmallestImagePixelValue", "RealWorldValueMappingSequence",
                 "DigitalSignaturesSequence", 0x60003000):  # fmt: skip
        assert gone not in made


def test_phases_of_one_source_series_are_told_apart():
    """By the slice that each begins with; the rest of what makes a series is the same."""
    first, later = (DerivedSeries.of(ct(number=n), SliceSource(module.Path("in/a.dcm")), "R", "D")
                    for n in (1, 61))  # fmt: skip
    assert first.uid != later.uid and first.number != later.number
    assert first.frame_of_reference == later.frame_of_reference and first.study == later.study


def test_frames_of_one_file_are_told_apart(tmp_path):
    path = write_enhanced_ct(tmp_path / "a.dcm", np.repeat(VALUES[None], 3, 0))
    dataset = open_dataset(path, pixels=False)
    made = [derived(dataset, frame=frame) for frame in range(3)]
    assert len({each.SeriesInstanceUID for each in made}) == 3  # each begins a series of its own
    assert [each.SourceImageSequence[0].ReferencedFrameNumber for each in made] == [1, 2, 3]
    assert [each.ImagePositionPatient[2] for each in made] == [4, 2, 0]


@pytest.fixture
def framed(tmp_path, monkeypatch):
    """What is read of four frames of which the file tells the first's place and their distance,
    and the files of what is written of them."""
    monkeypatch.setattr(writing, "settings", lambda: type("S", (), {"home": tmp_path / "home"})())

    def make(sop_class, step, deidentify=False):
        values = np.stack([VALUES + n for n in range(4)])
        source = ct_dataset((values + 1024).astype(np.uint16), **TAGS, SOPClassUID=sop_class,
                            SpacingBetweenSlices=step, SliceLocation=0)  # fmt: skip
        source.save_as(tmp_path / "a.dcm", enforce_file_format=True)
        reading = read([tmp_path / "a.dcm"])
        return reading, write_values(reading.scans[0].values, reading.sources[0], tmp_path / "out",
                                     description="D", deidentify=deidentify)  # fmt: skip

    return make


@pytest.mark.parametrize("sop_class", [GREYSCALE_WORDS, CTImageStorage])
@pytest.mark.parametrize("step", [3.0, -3.0])
@pytest.mark.parametrize("deidentify", [False, True])
def test_frames_lie_where_they_are_read(tmp_path, framed, sop_class, step, deidentify):
    reading, paths = framed(sop_class, step, deidentify)
    for path, slice in zip(paths, reading.sources[0], strict=True):
        made = pydicom.dcmread(path)
        assert list(made.ImagePositionPatient) == [-10, -20, step * slice.frame]
        assert made.get("SliceLocation") == (None if slice.frame else 0)
        assert made.get("SpacingBetweenSlices") == (3 if step > 0 else None)
        number = slice.frame + 1 if sop_class == GREYSCALE_WORDS else None
        assert made.SourceImageSequence[0].get("ReferencedFrameNumber") == number
    again = read([tmp_path / "out"]).scans[0]
    np.testing.assert_array_equal(again.values, reading.scans[0].values)
    np.testing.assert_array_equal(again.origins, reading.scans[0].origins)


@has_validator
@pytest.mark.parametrize("sop_class", [GREYSCALE_WORDS, CTImageStorage])
@pytest.mark.parametrize("step", [3.0, -3.0])
def test_what_is_said_of_frames_is_valid(framed, sop_class, step):
    for path in framed(sop_class, step)[1]:
        assert not [error for error in errors(path) if "Frame" in error or "Spacing" in error]


def test_a_wrong_size_is_told():
    with pytest.raises(Problem, match=r"a.dcm is cut off or damaged"):
        derived(ct(), VALUES[1:])
