"""Real pairs from the archive: which there are, and how they come into the library."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from mayo import FULL, LOW, STEP_MM, Mayo, slice_hu

from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.download import fetch
from ctdenoise.scans import ldct
from ctdenoise.scans.scan import Pair
from ctdenoise.workspace.library import Library, sweep

BOTH = sorted({*LOW["L004"]} & {*FULL["L004"]})


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "ws")


def assert_slices(pair: Pair, numbers: list[int]) -> None:
    np.testing.assert_array_equal(pair.positions, [STEP_MM * n for n in numbers])
    np.testing.assert_array_equal(pair.full, [slice_hu("full", n) for n in numbers])
    np.testing.assert_array_equal(pair.low[0], [slice_hu("low", n) for n in numbers])


def assert_untouched(library: Library) -> None:
    assert library.scans() == [] and library.pairs() == []


def test_the_collection_is_100_patients_at_two_doses() -> None:
    patients = ldct.patients().values()
    doses = Counter((patient.region, patient.fraction) for patient in patients)
    assert doses == {("chest", 0.1): 50, ("abdomen", 0.25): 50}
    series = [each for patient in patients for each in (patient.low, patient.full)]
    assert len({each.uid for each in series}) == len({each.url for each in series}) == 200
    assert all(each.url.startswith("s3://idc-open-data/") for each in series)
    sizes = [each.size_mb for each in series]
    assert (round(min(sizes), 1), round(max(sizes), 1)) == (47.9, 208.5)
    for each in series:  # uncompressed 512 x 512 slices of two bytes, and a small header
        assert 512 * 512 * 2 < 1e6 * each.size_mb / each.slices < 512 * 512 * 2 + 10_000
    assert {patient.licence for patient in patients} == {"CC BY 4.0"}


def test_what_a_download_weighs() -> None:
    patient = ldct.patient("L004")  # twice 99 slices in 52 MB
    assert patient.download_mb() == pytest.approx(104.3, abs=0.1)
    assert patient.download_mb(10) == pytest.approx(104.3 * 10 / 99, abs=0.1)


def test_a_patient_becomes_a_pair(library: Library, mayo: Mayo) -> None:
    said: list[tuple[float, str]] = []
    record = fetch(ldct.patient("L004"), library, progress=lambda *told: said.append(told))
    assert_slices(library.pair(record.id), BOTH)
    assert (record.name, record.dose_fraction, record.simulated) == (
        "Mayo L004, abdomen", 0.25, False,
    )  # fmt: skip
    assert f"{len(BOTH)} slices matched by position." in record.matched
    assert "10.7937/9npb-2637, CC BY 4.0" in record.matched
    assert record.patient.startswith("Patient ")
    names = {scan.id: scan.name for scan in library.scans()}
    assert names[record.low_scan] == "Mayo L004, abdomen, low dose"
    assert names[record.full_scan] == "Mayo L004, abdomen, full dose"
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1)
    assert {path.name for path in library.root.iterdir()} == {"scans", "pairs", "secret", "uploads"}
    assert not list((library.root / "uploads").iterdir())


def test_every_third_slice_at_both_doses(library: Library, mayo: Mayo) -> None:
    record = fetch(ldct.patient("L004"), library, every=3)
    assert_slices(library.pair(record.id), BOTH[::3])
    assert len(mayo.whole()) == 2 * len(BOTH[::3])


def test_a_download_goes_on_where_it_was(library: Library, mayo: Mayo) -> None:
    patient = ldct.patient("L004")
    mayo.lasts = 5
    with pytest.raises(Problem, match="cannot be reached"):
        fetch(patient, library)
    assert_untouched(library)
    assert len(mayo.whole()) == 5
    mayo.lasts = None
    record = fetch(patient, library)
    assert_slices(library.pair(record.id), BOTH)
    assert len(set(mayo.whole())) == len(mayo.whole()) == 2 * len(BOTH)


def test_a_download_is_not_swept_away_while_it_goes_on(tmp_path: Path, mayo: Mayo) -> None:
    """Its folder was begun long ago, and only those below it change when a slice arrives."""
    folder = tmp_path / "ann" / "uploads" / "ldct-C002-1"
    folder.mkdir(parents=True)

    def grown_old(fraction: float, sentence: str) -> None:
        if "downloading" in sentence:
            sweep(tmp_path)
        os.utime(folder, (0, 0))

    ldct.download(ldct.patient("C002"), folder, progress=grown_old)
    assert len(list(folder.rglob("*.dcm"))) == 2 * len(FULL["C002"])


def test_a_file_that_was_cut_off_or_altered_comes_again(tmp_path: Path, mayo: Mayo) -> None:
    patient = ldct.patient("C002")
    ldct.download(patient, tmp_path)
    whole = {path: path.read_bytes() for path in tmp_path.rglob("*.dcm")}
    cut, altered, *_ = whole
    cut.write_bytes(whole[cut][:-100])
    altered.write_bytes(whole[altered][:-100] + bytes(100))
    mayo.asked.clear()
    ldct.download(patient, tmp_path)
    assert len(mayo.whole()) == 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == whole


def test_what_is_no_slice_is_named_and_nothing_stays(library: Library, mayo: Mayo) -> None:
    key = mayo.keys("C002", "full")[2]
    mayo.put(key, b"a text")
    with pytest.raises(Problem, match=f"{key} is no CT slice"):
        fetch(ldct.patient("C002"), library)
    assert not library.root.exists()


def test_a_slice_that_lies_cut_off_in_the_archive(library: Library, mayo: Mayo) -> None:
    key = mayo.keys("C002", "full")[2]
    mayo.put(key, mayo.content(key)[:-1000])
    with pytest.raises(Problem, match=Path(key).name):
        fetch(ldct.patient("C002"), library)
    assert_untouched(library)


def test_a_series_with_fewer_slices_than_the_table_says(library: Library, mayo: Mayo) -> None:
    mayo.client.delete_object(Bucket="stand-in", Key=mayo.keys("C002", "low")[0])
    with pytest.raises(Problem, match="C002 at low dose has 3 slices in the archive instead of 4"):
        fetch(ldct.patient("C002"), library)


def test_unknown_patients_and_no_slices_at_all(tmp_path: Path, mayo: Mayo) -> None:
    with pytest.raises(Problem, match='"L999" is not in LDCT-and-Projection-data'):
        ldct.patient("L999")
    with pytest.raises(Problem, match="Every 0th slice cannot be chosen"):
        ldct.download(ldct.patient("L004"), tmp_path / "out", every=0)
    assert not (tmp_path / "out").exists() and not mayo.asked


def test_the_server_loads_no_client() -> None:
    code = "import sys; from ctdenoise.scans import ldct; ldct.patients()\n"
    code += "print({'boto3', 'torch', 'pydicom'} & set(sys.modules))"
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "set()\n"
