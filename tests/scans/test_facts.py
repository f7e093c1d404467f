import numpy as np
from phantoms import ct_dataset

from ctdenoise.scans import dicom

STORED = np.zeros((8, 8), np.int16)


def save(dataset, path):
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_facts_come_from_whichever_tags_are_filled(tmp_path):
    dataset = ct_dataset(STORED, SeriesDescription="Low Dose Images", KVP=100, SeriesNumber=3)
    dataset.XRayTubeCurrent, dataset.ExposureTime, dataset.ConvolutionKernel = (
        200,
        500,
        ["I31f", "3"],
    )
    facts = dicom.slices(save(dataset, tmp_path / "x"))[0].facts
    assert (facts.exposure_mas, facts.tube_kv, facts.kernel) == (100.0, 100.0, "I31f/3")
    assert (facts.dose_word, facts.patient) == ("low", "P1")
    assert facts.series == "Series 3, I31f/3, 2 mm, low dose"


def test_a_blank_patient_is_one_per_study(tmp_path):
    paths = [
        save(ct_dataset(STORED, PatientID="", StudyInstanceUID=study), tmp_path / f"{n}")
        for n, study in enumerate(["1.2", "1.2", "1.3"])
    ]
    patients = [dicom.slices(path)[0].facts.patient for path in paths]
    assert patients[0] == patients[1] != patients[2] != ""


def test_the_description_goes_before_the_protocol(tmp_path):
    told = {"SeriesDescription": "Full Dose Images", "ProtocolName": "ThoraxLowDose"}
    (full,) = dicom.slices(save(ct_dataset(STORED, **told), tmp_path / "x"))
    assert full.facts.dose_word == "full"
