import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phantoms import disc_phantom, write_ct_series, write_enhanced_ct

from ctdenoise.errors import Problem
from ctdenoise.scans import reading
from ctdenoise.scans.reading import find, read


@pytest.fixture
def values():
    return np.rint(disc_phantom(32, slices=5, noise=10))


@pytest.mark.parametrize("suffix", [".dcm", "", ".IMA"])
def test_slices_come_in_order_of_position(tmp_path, values, suffix):
    write_ct_series(tmp_path, values, suffix=suffix)
    result = read([tmp_path])
    [scan] = result.scans
    np.testing.assert_array_equal(scan.values, values)
    np.testing.assert_array_equal(scan.positions, [0, 2, 4, 6, 8])
    assert (scan.unit, scan.spacing, result.problems) == ("HU", (0.7, 0.7), [])
    assert scan.values.dtype == np.float32
    assert len(result.sources[0]) == 5


def test_the_same_through_a_zip_with_a_zip_inside(tmp_path, values):
    folder = tmp_path / "scan"
    write_ct_series(folder, values)
    inner = shutil.make_archive(str(tmp_path / "inner"), "zip", folder)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.write(inner, "inner.zip")
    result = read([tmp_path / "outer.zip"])
    np.testing.assert_array_equal(result.scans[0].values, values)
    assert all(source.path.exists() for source in result.sources[0])


def test_enhanced_ct(tmp_path, values):
    result = read([write_enhanced_ct(tmp_path / "enhanced", values)])
    np.testing.assert_array_equal(result.scans[0].values, values)
    assert [s.frame for s in result.sources[0]] == [4, 3, 2, 1, 0]


def test_what_is_mapped_is_held_where_it_is_read_and_not_where_it_is_found(tmp_path, monkeypatch):
    for name in "abc":
        np.save(tmp_path / f"{name}.npy", np.full((4, 512, 512), -1000, np.int16))
    changed = replace(reading.settings(), decoded_mb=9)
    monkeypatch.setattr("ctdenoise.scans.budget.settings", lambda: changed)
    finding = find([tmp_path], meaning="HU")
    assert len(finding.series) == 3 and finding.problems == []
    result = read([tmp_path], meaning="HU")
    assert [scan.name for scan in result.scans] == ["a", "b"]
    [problem] = result.problems
    assert str(problem).startswith("c.npy takes 12 MB of memory")


@pytest.mark.parametrize("kind", ["files", "enhanced", "stack"])
def test_slice_by_slice_it_is_the_same(tmp_path, values, kind):
    if kind == "files":
        write_ct_series(tmp_path, values)
    elif kind == "enhanced":
        write_enhanced_ct(tmp_path / "enhanced", values)
    else:
        np.save(tmp_path / "stack.npy", values)
    [series], whole = find([tmp_path]).series, read([tmp_path])
    sources, images = zip(*series.images(), strict=True)
    np.testing.assert_array_equal(np.stack(images), whole.scans[0].values)
    assert list(sources) == series.sources == whole.sources[0]
    assert (series.name, series.unit) == (whole.scans[0].name, "HU")


def test_pixels_are_decoded_when_they_are_asked_for(tmp_path, values):
    paths = write_ct_series(tmp_path, values)
    finding = find([tmp_path])
    [series] = finding.series
    images = series.images()
    first, _ = next(images)
    [last] = [path for path in paths if path == series.sources[-1].path]
    last.unlink()  # it was not open yet
    assert len(list(images)) == 3 and first == series.sources[0]
    assert [problem.subject for problem in finding.problems] == [last.name]


def test_two_series_in_one_folder_are_two_scans(tmp_path, values):
    write_ct_series(tmp_path / "a", values, series="1.1", SeriesDescription="Low Dose Images")
    write_ct_series(tmp_path / "b", values + 1, series="1.2", SeriesDescription="Full Dose Images")
    assert [s.facts.dose_word for s in read([tmp_path]).scans] == ["low", "full"]


@pytest.mark.parametrize("change", ["size", "spacing", "direction"])
def test_a_mixed_series_becomes_several_scans(tmp_path, values, change):
    write_ct_series(tmp_path / "a", values)
    options = {
        "size": {},
        "spacing": {"spacing": 0.9},
        "direction": {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]},
    }[change]
    write_ct_series(
        tmp_path / "b", values[:, :16] if change == "size" else values, step=3, **options
    )
    for number, path in enumerate((tmp_path / "b").iterdir()):
        _retag(path, SOPInstanceUID=f"1.9.{number}")
        if change == "direction":  # sagittal slices: they lie apart along x
            _retag(path, ImagePositionPatient=[number, 0, 0])
    result = read([tmp_path])
    assert len(result.scans) == 2 and result.problems == []
    assert any("was loaded as 2 scans" in note for note in result.notes)


def test_repeats_of_the_same_positions_become_scans(tmp_path, values):
    write_ct_series(tmp_path / "a", values)
    write_ct_series(tmp_path / "b", values + 7, AcquisitionNumber=2)
    for number, path in enumerate(sorted((tmp_path / "b").iterdir())):
        _retag(path, SOPInstanceUID=f"1.9.{number}")
    first, second = read([tmp_path]).scans
    np.testing.assert_array_equal(first.values, values)
    np.testing.assert_array_equal(second.values, values + 7)


def test_duplicates_count_once(tmp_path, values):
    paths = write_ct_series(tmp_path, values)
    shutil.copy(paths[0], tmp_path / "copy.dcm")
    result = read([tmp_path])
    assert result.scans[0].values.shape[0] == 5
    assert result.notes == ["1 slice came twice and counts once."]


def test_bad_files_are_told_and_the_others_load(tmp_path, values):
    paths = write_ct_series(tmp_path, values)
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / ".DS_Store").write_text("junk is passed over quietly")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    paths[2].write_bytes(paths[2].read_bytes()[:-500])
    result = read([tmp_path, tmp_path / "missing"])
    assert result.scans[0].values.shape[0] == 4
    assert len(result.sources[0]) == 4
    told = {problem.subject for problem in result.problems}
    assert told == {"note.txt", "broken.zip", paths[2].name, "missing"}


def test_limits(tmp_path, values, monkeypatch):
    paths = write_ct_series(tmp_path, values)
    small = replace(reading.settings(), upload_files=4)
    monkeypatch.setattr(reading, "settings", lambda: small)
    with pytest.raises(Problem, match="5 files are more than the 4"):
        read(paths)
    monkeypatch.setattr(
        reading, "settings", lambda: replace(small, upload_files=9, upload_file_mb=0)
    )
    result = read(paths)
    assert result.scans == [] and "is larger than 0 MB" in str(result.problems[0])


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)), st.sampled_from([(1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1)]))
def test_order_of_files_does_not_matter(tmp_path_factory, order, cosines):
    folder = tmp_path_factory.mktemp("order")
    values = np.rint(disc_phantom(16, slices=6, noise=20))
    paths = write_ct_series(folder, values, ImageOrientationPatient=list(cosines))
    if cosines[4] == 0:  # coronal slices: they lie apart along y
        for path in paths:
            z = _read(path).ImagePositionPatient[2]
            _retag(path, ImagePositionPatient=[0, z, 0])
    [scan] = read([paths[i] for i in order]).scans
    np.testing.assert_array_equal(scan.values, values)


def test_all_shared_slices_load(shared_data):
    result = read([shared_data / "ct"])
    assert result.problems == []
    assert sum(len(scan.values) for scan in result.scans) == 111
    assert len({scan.facts.patient for scan in result.scans}) == 11
    for scan in result.scans:
        assert scan.unit == "HU" and scan.values.min() >= -1200
        assert (np.diff(scan.positions) > 0).all()


def _read(path):
    import pydicom

    return pydicom.dcmread(path)


def _retag(path, **tags):
    dataset = _read(path)
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
