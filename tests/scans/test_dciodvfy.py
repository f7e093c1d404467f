"""What a PACS may check on receipt, by an independent validator."""

from pathlib import Path

import data_store
import numpy as np
import pydicom
import pytest
from derived import write_values
from dicom_validator import errors, has_validator
from phantoms import disc_phantom, write_ct_series, write_enhanced_ct
from pydicom.uid import CTImageStorage

from ctdenoise.scans import writing
from ctdenoise.scans.dataset import open_dataset
from ctdenoise.scans.deidentify import Pseudonyms, deidentify
from ctdenoise.scans.reading import read

pytestmark = has_validator

REAL = (
    "covid19_ny_sbu_axial",
    "kits_00072",
    "lung_pet_ct_dx_A0002",
    "rider_pilot_0117",
    "totalseg_example_ct_j2k",
)
PACKAGED = ("eCT_Supplemental.dcm", "explicit_VR-UN.dcm", "bad_sequence.dcm")
"""Of pydicom-data: a real Enhanced CT and two real slices."""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "settings", lambda: type("S", (), {"home": tmp_path / "home"})())


def changed(folder: Path, source, deidentify: bool, number: int = 0) -> list[Path]:
    """Two slices of a scan, their values changed as denoising would, as a derived series."""
    values = source.scans[number].values[:2] * np.float32(0.97)
    return write_values(values, source.sources[number][:2], folder, description="Denoised by a CNN",
                        deidentify=deidentify)  # fmt: skip


@pytest.mark.parametrize("deidentify", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"PixelPaddingValue": -2000, "SmallestImagePixelValue": 0, "PixelPaddingRangeLimit": -1999},
        {"slope": 0.3, "intercept": -1000.5},
        {"syntax": pydicom.uid.JPEG2000Lossless, "StudyDate": "20191231", "PatientAge": "069Y"},
    ],
)
def test_a_phantom_series_has_no_error(tmp_path, options, deidentify):
    write_ct_series(tmp_path / "in", disc_phantom(32, slices=2, noise=5), **options)
    for path in changed(tmp_path / "out", read([tmp_path / "in"]), deidentify):
        assert errors(path) == set()


@pytest.mark.parametrize("deidentify", [False, True])
def test_slices_of_an_enhanced_object_have_no_error(tmp_path, deidentify):
    source = read([write_enhanced_ct(tmp_path / "enhanced", disc_phantom(32, slices=3))])
    for path in changed(tmp_path / "out", source, deidentify):
        assert errors(path) == set()


def test_values_that_need_a_slope_of_their_own_have_no_error(tmp_path):
    write_ct_series(tmp_path / "in", disc_phantom(32, slices=2), slope=0.01)
    source = read([tmp_path / "in"])
    values = source.scans[0].values * np.float32(300)
    for path in write_values(values, source.sources[0], tmp_path / "out", description="D"):
        assert errors(path) == set()


@pytest.mark.parametrize("deidentify", [False, True])
def test_any_words_can_describe_a_series(tmp_path, deidentify):
    """People name their networks as they like; a name in the source keeps its letters."""
    write_ct_series(
        tmp_path / "in", disc_phantom(32), SpecificCharacterSet="ISO_IR 100", PatientName="Ångström"
    )
    source, words = read([tmp_path / "in"]), "Größe 雑音 − 5\\8\n" + "viel " * 400
    [path] = write_values(source.scans[0].values, source.sources[0], tmp_path / "out",
                          description=words, deidentify=deidentify)  # fmt: skip
    assert errors(path) == set()
    written = pydicom.dcmread(path)
    assert str(written.SeriesDescription).startswith("Größe 雑音 − 5/8 viel viel")
    assert len(written.SeriesDescription) <= 64 < 900 < len(written.DerivationDescription) <= 1024
    assert deidentify or str(written.PatientName) == "Ångström"


def known(path: Path, folder: Path) -> set[str]:
    """The errors of a source; none counts for Enhanced CT, of which other things are asked."""
    source = open_dataset(path)
    if source.get("SOPClassUID") == pydicom.uid.EnhancedCTImageStorage:
        return set()
    source.SOPClassUID = CTImageStorage  # where it is missing, the validator checks nothing else
    source.file_meta.MediaStorageSOPClassUID = CTImageStorage
    source.save_as(folder / "source.dcm")
    return errors(folder / "source.dcm")


def assert_no_new_errors(source, folder: Path) -> None:
    for number, sources in enumerate(source.sources):
        before = known(sources[0].path, folder)
        for without in (False, True):
            path, *_ = changed(folder / f"{number} {without}", source, without, number)
            assert errors(path) - before == set()


@pytest.mark.parametrize("name", REAL)
def test_a_real_series_gets_no_error_that_its_source_had_not(shared_data, tmp_path, name):
    assert_no_new_errors(read([shared_data / "ct" / name]), tmp_path)


@pytest.mark.parametrize("name", PACKAGED)
def test_nor_does_a_packaged_one(tmp_path, name):
    assert_no_new_errors(read([Path(data_store.__file__).parent / "data" / name]), tmp_path)


@pytest.mark.parametrize("name", PACKAGED)
def test_a_source_without_identity_has_no_error_that_it_had_not(tmp_path, name):
    path = Path(data_store.__file__).parent / "data" / name
    assert_taking_identity_out_adds_no_error(path, tmp_path)


@pytest.mark.parametrize("name", REAL)
def test_nor_has_a_real_one(shared_data, tmp_path, name):
    path = next(p for p in sorted((shared_data / "ct" / name).rglob("*")) if p.is_file())
    assert_taking_identity_out_adds_no_error(path, tmp_path)


def assert_taking_identity_out_adds_no_error(path: Path, folder: Path) -> None:
    source = open_dataset(path)
    source.SOPClassUID = source.get("SOPClassUID") or CTImageStorage  # what to check against
    source.save_as(folder / "before.dcm")
    deidentify(source, Pseudonyms(b"key"), "P")
    source.save_as(folder / "after.dcm")
    assert errors(folder / "after.dcm") - errors(folder / "before.dcm") == set()


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_the_validator_finds_what_is_wrong(tmp_path):
    """Otherwise all of the above would prove nothing."""
    write_ct_series(tmp_path / "in", disc_phantom(32))
    [path] = changed(tmp_path / "out", read([tmp_path / "in"]), False)
    broken = pydicom.dcmread(path)
    broken.SourceImageSequence[0].ReferencedSOPInstanceUID = "19.dcm"
    del broken.ImagePositionPatient
    broken.save_as(path)
    found = " ".join(errors(path))
    assert "ImagePositionPatient" in found and "ReferencedSOPInstanceUID" in found
