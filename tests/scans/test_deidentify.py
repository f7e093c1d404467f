import copy
import datetime
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from phantoms import ct_dataset
from pydicom.dataset import Dataset

from ctdenoise.scans.deidentify import Pseudonyms, deidentify

SECRET = "SECRET"
PLANTED = {
    "PatientName": SECRET,
    "PatientID": SECRET,
    "PatientBirthDate": "19501231",
    "OtherPatientIDs": SECRET,
    "PatientAddress": SECRET,
    "PatientTelephoneNumbers": SECRET,
    "AccessionNumber": SECRET,
    "StudyID": SECRET,
    "InstitutionName": SECRET,
    "InstitutionAddress": SECRET,
    "ReferringPhysicianName": SECRET,
    "OperatorsName": SECRET,
    "StationName": SECRET,
    "DeviceSerialNumber": SECRET,
    "StudyDescription": SECRET,
    "SeriesDescription": f"Low Dose {SECRET}",
    "ImageComments": SECRET,
    "PatientComments": SECRET,
    "ProtocolName": SECRET,
    "StudyDate": "20191231",
    "AcquisitionDate": "20191231",
    "ContentTime": "235958",
    "PatientAge": "069Y",
}


def planted():
    dataset = ct_dataset(np.zeros((4, 4), np.int16), **PLANTED)
    dataset.StudyInstanceUID = "1.2.3.777"
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.2.3.777.1"
    item.PatientName = SECRET
    item.add_new(0x00091001, "LO", SECRET)
    dataset.ReferencedImageSequence = [item]
    deeper = Dataset()
    deeper.RequestingPhysician = SECRET
    deeper.ReferencedImageSequence = [copy.deepcopy(item)]
    dataset.add_new(0x00181111, "DS", "500")
    dataset.CTExposureSequence = [deeper]  # a sequence that no rule names
    block = dataset.private_block(0x0009, SECRET, create=True)
    block.add_new(1, "LO", SECRET)
    dataset.add_new(0x60000022, "LO", SECRET)  # overlay description
    dataset.add_new(0xFFFCFFFC, "OB", SECRET.encode())
    dataset.preamble = SECRET.encode().ljust(128, b"\0")
    dataset.file_meta.SourceApplicationEntityTitle = SECRET
    return dataset


@pytest.fixture
def pseudonyms():
    return Pseudonyms(b"key")


def test_nothing_planted_is_left(pseudonyms, tmp_path):
    dataset = planted()
    deidentify(dataset, pseudonyms, SECRET)
    dataset.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    raw = (tmp_path / "x.dcm").read_bytes()
    for trace in (b"SECRET", b"19501231", b"20191231", b"235958", b"069Y", b"1.2.3.777"):
        assert trace not in raw
    back = pydicom.dcmread(tmp_path / "x.dcm")
    assert back.PatientIdentityRemoved == "YES" and back.DeidentificationMethod
    assert back.PatientID == pseudonyms.patient(SECRET)
    assert back.file_meta.MediaStorageSOPInstanceUID == back.SOPInstanceUID


def test_what_the_picture_needs_stays(pseudonyms):
    dataset, before = planted(), planted()
    deidentify(dataset, pseudonyms, SECRET)
    for keyword in (
        "PixelData", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "Modality",
        "SliceThickness", "RescaleSlope", "RescaleIntercept", "ImageType", "SOPClassUID",
        "DistanceSourceToPatient",
    ):  # fmt: skip
        assert dataset[keyword].value == before[keyword].value
    reference = dataset.ReferencedImageSequence[0].ReferencedSOPInstanceUID
    assert reference == pseudonyms.uid("1.2.3.777.1")


def test_what_is_left_is_valid(pseudonyms):
    """No date of the year 1, which a PACS refuses, and no sequence with emptied references."""
    study = Dataset()
    study.ReferencedSOPClassUID = study.ReferencedSOPInstanceUID = "1.2.3.777"
    dataset = ct_dataset(
        np.zeros((4, 4), np.int16), StudyDate="20191231", AcquisitionDateTime="20191231235958",
        ReferencedStudySequence=[study],
    )  # fmt: skip
    deidentify(dataset, pseudonyms, SECRET)
    assert (dataset.StudyDate, dataset.AcquisitionDateTime) == ("19000101", "19000101000000")
    assert "ReferencedStudySequence" not in dataset


def test_equal_within_a_workspace_even_in_another_process(tmp_path):
    here = Pseudonyms.of(tmp_path)
    code = (
        "import sys, pathlib; from ctdenoise.scans.deidentify import Pseudonyms;"
        "p = Pseudonyms.of(pathlib.Path(sys.argv[1])); print(p.patient('A'), p.uid('1.2'))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    ).stdout
    assert there.strip() == f"{here.patient('A')} {here.uid('1.2')}"
    other = Pseudonyms.of(tmp_path / "other")
    assert other.patient("A") != here.patient("A") != here.patient("B")
    assert other.uid("1.2") != here.uid("1.2") and pydicom.uid.UID(here.uid("1.2")).is_valid
    assert here.patient("") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owner-only file modes")
def test_the_key_is_its_owners(tmp_path):
    Pseudonyms.of(tmp_path)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


def test_unreadable_elements_go(pseudonyms, tmp_path):
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    dataset = planted()
    tag = Tag(0x0008, 0x0012)
    dataset._dict[tag] = RawDataElement(tag, "??", 6, SECRET.encode(), 0, False, True)
    deidentify(dataset, pseudonyms, SECRET)
    assert tag not in dataset


def test_dates_are_no_todays_either(pseudonyms):
    dataset = planted()
    deidentify(dataset, pseudonyms, SECRET)
    assert datetime.date.today().strftime("%Y%m%d") not in str(dataset)
