"""What a header says of slices, and what is refused with which reason."""

import numpy as np
import pydicom
import pytest
from phantoms import ct_dataset, disc_phantom, write_enhanced_ct
from pydicom.dataset import Dataset

from ctdenoise.errors import Problem
from ctdenoise.scans import dicom, pixels

STORED = np.arange(64, dtype=np.int16).reshape(8, 8)


def save(dataset, path):
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"BurnedInAnnotation": "YES"}, "burned"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "secondary capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "secondary capture"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "colour"),
        ({"Modality": "SEG"}, "SEG"),
        ({"Modality": "SEG", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "a segmentation"),
        ({"Rows": None}, "no image"),
        ({"Rows": 0}, "no pixels"),
        ({"Rows": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"}, "a structured report"),
        ({"Rows": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, "a document"),
        ({"Rows": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3"}, "outlines"),
        ({"RescaleSlope": 0}, "a rescale slope of 0"),
        ({"NumberOfFrames": 3_000_000}, "3,000,000 slices|cut off"),
        ({"Rows": 60_000, "Columns": 60_000}, "pixels"),
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
    ("tags", "unit", "words"),
    [
        ({}, "HU", None),
        ({"RescaleType": "HU"}, "HU", None),
        ({"RescaleType": "HOUNSFIELD"}, "HU", None),
        ({"RescaleType": "Hounsfield Units"}, "HU", None),
        ({"RescaleType": "US"}, "HU", 'calls its unit "US"'),
        ({"RescaleType": "US", "RescaleIntercept": 0}, "HU", 'calls its unit "US"'),  # with a sign
        ({"RescaleType": "US", "RescaleSlope": -1}, "", "how to come"),
        ({"RescaleType": "Z_EFF"}, "", '"Z_EFF"'),
        ({"RescaleType": "MGML"}, "", '"MGML"'),
        ({"RescaleType": "ED"}, "", '"ED"'),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "IODINE"]}, "", "a map"),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "ELECTRON_DENSITY"]}, "", "a map"),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "EFF_ATOMIC_NUM"]}, "", "a map"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"]}, "HU", None),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "VMI"]}, "HU", None),
        ({"RescaleSlope": None, "RescaleIntercept": None}, "", "how to come"),
        ({"RescaleIntercept": None}, "", "how to come"),
        ({"Modality": "MR"}, "", None),
    ],
)
def test_ct_is_in_hu_where_it_says_how_and_otherwise_says_why_not(tmp_path, tags, unit, words):
    found = dicom.slices(save(ct_dataset(STORED, **tags), tmp_path / "x"))[0]
    assert found.unit == unit
    said = " ".join(found.assumed)
    assert (words in said) if words else not said


def test_ct_without_a_sign_of_an_unspecified_unit_needs_an_intercept(tmp_path):
    unsigned = STORED.astype(np.uint16)
    for intercept, unit in ((-1024, "HU"), (0, "")):
        dataset = ct_dataset(unsigned, RescaleType="US", RescaleIntercept=intercept)
        assert dicom.slices(save(dataset, tmp_path / "x"))[0].unit == unit


def test_text_in_place_of_a_number_is_no_number(tmp_path):
    dataset = ct_dataset(STORED)
    dataset._dict[pydicom.tag.Tag("RescaleSlope")] = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag("RescaleSlope"), "DS", 4, b"one ", 0, False, True
    )
    path = save(dataset, tmp_path / "x.dcm")
    with pytest.raises(Problem, match=r"x\.dcm has a rescale slope that is no number"):
        dicom.slices(path)


@pytest.mark.parametrize("number", ["4a", "", "7"])
def test_a_series_number_may_be_text(tmp_path, number):
    dataset = ct_dataset(STORED)
    tag = pydicom.tag.Tag("SeriesNumber")
    dataset._dict[tag] = pydicom.dataelem.RawDataElement(
        tag, "IS", len(number), number.encode(), 0, False, True
    )
    found = dicom.slices(save(dataset, tmp_path / "x"))[0]
    assert found.facts.series.startswith(f"Series {number}".strip())


def test_cone_beam_ct_stored_as_secondary_capture_is_read(tmp_path):
    values = np.rint(disc_phantom(16, slices=3)).astype(np.int16)
    dataset = ct_dataset(values[0], intercept=0, NumberOfFrames=3, SpacingBetweenSlices=0.4)
    dataset.SOPClassUID = dicom.GREYSCALE_WORDS
    dataset.PixelData = values.tobytes()
    path = save(dataset, tmp_path / "cbct.dcm")
    found = dicom.slices(path)
    assert [slice.unit for slice in found] == ["HU"] * 3
    np.testing.assert_allclose([slice.origin[2] for slice in found], [0, 0.4, 0.8])
    decoded = dict(pixels.decode(path, [0, 1, 2]))
    np.testing.assert_array_equal([decoded[frame] for frame in range(3)], values)


@pytest.mark.parametrize("tags", [{"Modality": "OT"}, {"BitsStored": 8, "HighBit": 7}])
def test_other_multi_frame_secondary_captures_are_screenshots(tmp_path, tags):
    dataset = ct_dataset(STORED, SOPClassUID=dicom.GREYSCALE_WORDS, **tags)
    with pytest.raises(Problem, match="screenshot"):
        dicom.slices(save(dataset, tmp_path / "x.dcm"))


def test_an_enhanced_object_with_fewer_groups_than_frames_is_told(tmp_path):
    path = write_enhanced_ct(tmp_path / "x.dcm", np.zeros((3, 16, 16)))
    dataset = pydicom.dcmread(path)
    del dataset.PerFrameFunctionalGroupsSequence[2]
    dataset.save_as(path)
    with pytest.raises(Problem, match=r"x\.dcm has a header that contradicts itself"):
        dicom.slices(path)


def test_a_slope_of_0_in_one_frame_is_told(tmp_path):
    path = write_enhanced_ct(tmp_path / "x.dcm", np.zeros((3, 16, 16)))
    dataset = pydicom.dcmread(path)
    group = dataset.PerFrameFunctionalGroupsSequence[1]
    group.PixelValueTransformationSequence[0].RescaleSlope = 0
    dataset.save_as(path)
    with pytest.raises(Problem, match="slope of 0"):
        dicom.slices(path)


def test_deep_nesting_is_told(tmp_path):
    dataset = ct_dataset(STORED)
    item = Dataset()
    for _ in range(2000):
        outer = Dataset()
        outer.add_new(0x00081140, "SQ", [item])
        outer[0x00081140].is_undefined_length = True
        item = outer
    try:
        dataset.add_new(0x00081140, "SQ", [item])
        save(dataset, tmp_path / "x.dcm")
    except RecursionError:
        start, end = b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\x0d\xe0\0\0\0\0"
        sequence = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff"
        nested = (sequence + start) * 2000 + (end + b"\xfe\xff\xdd\xe0\0\0\0\0") * 2000
        del dataset[0x00081140]
        path = save(dataset, tmp_path / "x.dcm")
        content = path.read_bytes()
        at = content.index(b"\x10\0\x10\0PN")
        path.write_bytes(content[:at] + nested + content[at:])
    with pytest.raises(Problem, match=r"x\.dcm is nested too deeply"):
        dicom.slices(tmp_path / "x.dcm")


def test_the_issue_of_one_uid_for_all_files_loses_no_slice(tmp_path):
    found = []
    for number in (1, 2):
        path = tmp_path / f"{number}.dcm"
        dataset = ct_dataset(STORED, number=number, SOPInstanceUID="1.2.3.4")
        found += dicom.slices(save(dataset, path))
    assert len({slice.instance for slice in found}) == 2


@pytest.mark.parametrize(
    ("written", "moment"),
    [("20260131120000.5", 20260131120000.5), ("20260131120000+0100", 20260131120000.0)],
)
def test_times_with_a_zone_tell_phases_apart(tmp_path, written, moment):
    path = save(ct_dataset(STORED, AcquisitionDateTime=written), tmp_path / "x.dcm")
    moments = dict(zip(dicom.MOMENTS, dicom.slices(path)[0].moments, strict=True))
    assert moments["AcquisitionDateTime"] == moment


@pytest.mark.parametrize("other", [False, True])
def test_slices_that_say_they_are_one_are_so_where_their_pixels_are(tmp_path, other):
    from ctdenoise.scans.ordering import in_order

    found = []
    for number, stored in enumerate((STORED, STORED + other)):
        path = save(ct_dataset(stored, SOPInstanceUID="1.2.3"), tmp_path / f"{number}.dcm")
        found += dicom.slices(path)
    assert sum(len(scan) for scan in in_order(found, [])) == 1 + other


@pytest.mark.parametrize("modality", [None, "", "ct", " CT ", "CT"])
def test_ct_by_its_class_or_in_other_letters(tmp_path, modality):
    dataset = ct_dataset(STORED)
    del dataset.Modality
    if modality is not None:
        tag = pydicom.tag.Tag("Modality")
        raw = modality.encode()
        dataset._dict[tag] = pydicom.dataelem.RawDataElement(
            tag, "CS", len(raw), raw, 0, False, True
        )
    found = dicom.slices(save(dataset, tmp_path / "x.dcm"))[0]
    assert found.unit == "HU" and found.facts.modality == "CT"


@pytest.mark.parametrize("tags", [{"RescaleSlope": "1e-30"}, {"RescaleSlope": "1e30"},
                                  {"RescaleIntercept": "-1e30"}])  # fmt: skip
def test_a_rescale_that_no_ct_has_is_refused(tmp_path, tags):
    with pytest.raises(Problem, match="as no CT has"):
        dicom.slices(save(ct_dataset(STORED, **tags), tmp_path / "x.dcm"))


@pytest.mark.parametrize("kind", ["1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.2"])
def test_a_class_that_is_no_scan_is_none_with_the_modality_of_ct(tmp_path, kind):
    with pytest.raises(Problem, match="which is not a scan"):
        dicom.slices(save(ct_dataset(STORED, SOPClassUID=kind), tmp_path / "x.dcm"))


@pytest.mark.parametrize("image_type", ["Z EFFECTIVE", "PERF_MTT", "ELEC DENSITY"])
def test_maps_by_other_names(tmp_path, image_type):
    tags = {"ImageType": ["DERIVED", "PRIMARY", "AXIAL", image_type]}
    assert dicom.slices(save(ct_dataset(STORED, **tags), tmp_path / "x"))[0].unit == ""


def test_frames_that_nobody_counted_are_counted(tmp_path):
    values = np.rint(disc_phantom(16, slices=3)).astype(np.int16)
    dataset = ct_dataset(values[0], intercept=0, SOPClassUID=dicom.GREYSCALE_WORDS)
    dataset.PixelData = values.tobytes()
    found = dicom.slices(save(dataset, tmp_path / "x.dcm"))
    assert len(found) == 3 and "3 slices" in found[0].assumed[0]
    path = write_enhanced_ct(tmp_path / "e.dcm", np.zeros((3, 16, 16)))
    enhanced = pydicom.dcmread(path)
    enhanced.NumberOfFrames = 2
    enhanced.save_as(path)
    assert len(dicom.slices(path)) == 3
