"""The real slices that come with the program, and what is made of them."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import JPEG2000Lossless

from ctdenoise.config.presets import PRESETS
from ctdenoise.config.split import outline, split
from ctdenoise.scans.deidentify import Pseudonyms, deidentify
from ctdenoise.scans.reading import read
from ctdenoise.scans.sample import ATTRIBUTION, DRAWS, FOLDER, SERIES, sample_scans
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.sample import IDS

FILES = sorted(FOLDER.glob("*.dcm"))
ORIGINALS = {
    "abdomen": "totalseg_example_ct_j2k",
    "heart": "kits_00072",
    "chest": "rider_pilot_0117",
}
PEOPLE = {
    "abdomen": "TotalSegmentator-example",
    "heart": "KiTS-00072",
    "chest": "1.3.6.1.4.1.9328.50.1.0117",
}
"""What the public collections call their patients."""
UNIFORM = {"Abdomen": (4, 236, 131), "Liver and heart": (0, 262, 350), "Chest": (4, 226, 48)}
"""Slice, row and column of 32 x 32 pixels without structure."""
RENAMED = {"PatientName", "PatientID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"}
RENAMED |= {"FrameOfReferenceUID"}


def test_the_files_are_few_and_small_and_whose_they_are_is_told() -> None:
    assert [len(series.files) for series in SERIES] == [8, 8, 8] and len(FILES) == 24
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 8e6
    readme = (FOLDER / "README.md").read_text()
    for text in (readme, ATTRIBUTION):
        for licence in ("Apache-2.0", "CC BY 3.0", "CC BY 4.0"):
            assert licence in text
        for doi in ("10.7937/TCIA.2019.IX49E8NX", "10.7937/m87f-mz83", "10.1007/s10278-013-9622-7"):
            assert doi in text
    for series, line in zip(SERIES, readme.split("|---")[-1].splitlines()[1:4], strict=True):
        places = [round(float(pydicom.dcmread(f).ImagePositionPatient[2]), 3) for f in series.files]
        told = line.split("|")[4].replace(" and", ",").split(",")
        assert line.startswith(f"| {series.prefix}-1 to -8") and list(map(float, told)) == places


def test_no_file_says_who_it_was() -> None:
    for file in FILES:
        held, allowed = pydicom.dcmread(file), pydicom.dcmread(file)
        assert held.file_meta.TransferSyntaxUID == JPEG2000Lossless
        assert held.PatientName == held.PatientID == PEOPLE[file.stem.partition("-")[0]]
        deidentify(allowed, Pseudonyms(b"key"), str(held.PatientID))
        assert {element.tag for element in held} == {element.tag for element in allowed}
        meta = {element.keyword for element in held.file_meta}
        assert meta - {"ImplementationVersionName"} == {e.keyword for e in allowed.file_meta}
        for element in held:
            if element.keyword not in RENAMED:
                assert (allowed[element.tag].value or None) == (element.value or None), element


def test_the_pixels_are_those_of_the_collections(shared_data: Path) -> None:
    for series, scan in zip(SERIES, sample_scans(), strict=True):
        (whole,) = read([shared_data / "ct" / ORIGINALS[series.prefix]]).scans
        where = [whole.positions.tolist().index(place) for place in scan.positions]
        np.testing.assert_array_equal(whole.values[where], scan.values)
        assert (whole.spacing, whole.orientation) == (scan.spacing, scan.orientation)
        np.testing.assert_array_equal(whole.origins[where], scan.origins)


def test_the_first_run_of_a_newcomer_is_honest(made_sample: Path) -> None:
    library = Library(made_sample / "sample")
    pairs = [library.pair(id) for id in IDS]
    for pair, scan in zip(pairs, sample_scans(), strict=True):
        assert pair.low.shape == (DRAWS, 8, 512, 512) and pair.simulated
        np.testing.assert_array_equal(pair.full, scan.values)
        added = pair.low - pair.full
        assert np.isfinite(pair.low).all()
        slice_, row, column = UNIFORM[pair.name]
        where = np.s_[slice_, row : row + 32, column : column + 32]
        noise = np.mean([draw[where].std() for draw in pair.low])
        assert 1.8 < noise / pair.full[where].std() < 2.2, pair.name  # a quarter of the photons
        assert abs(np.corrcoef(added[0].ravel(), added[1].ravel())[0, 1]) < 0.05
    division = split([outline(pair) for pair in pairs], PRESETS["recommended"].seed)
    told = "1 patient to train on, 1 other for validation and 1 for the test."
    assert (division.sentence, division.flatters) == (told, False)
    learned, validated, tested = division.train, division.validation, division.test
    assert [pairs[part.pair].name for part in (*learned, *validated, *tested)] == [
        "Liver and heart", "Chest", "Abdomen",
    ]  # fmt: skip
