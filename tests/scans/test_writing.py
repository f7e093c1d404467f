import errno

import numpy as np
import pydicom
import pytest
from derived import write_values
from hypothesis import given, settings
from hypothesis import strategies as st
from phantoms import ct_dataset, disc_phantom, write_ct_series, write_enhanced_ct

from ctdenoise.errors import Problem
from ctdenoise.scans import writing
from ctdenoise.scans.reading import read
from ctdenoise.scans.scan import SliceSource
from ctdenoise.scans.writing import write_arrays

SYNTAXES = [
    None,
    pydicom.uid.DeflatedExplicitVRLittleEndian,
    pydicom.uid.JPEGLSLossless,
    pydicom.uid.JPEG2000Lossless,
    pydicom.uid.RLELossless,
]
KEPT = (
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "PatientID",
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "KVP",
    "WindowWidth",
)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_identity_changes_no_value(tmp_path_factory, data):
    """Whatever slope, intercept, signedness, padding and transfer syntax the source has."""
    folder = tmp_path_factory.mktemp("identity")
    kind = data.draw(st.sampled_from([np.int16, np.uint16]))
    limits = np.iinfo(kind)
    low, high = sorted(data.draw(st.tuples(*[st.integers(limits.min, limits.max)] * 2)))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    stored = random.integers(low, high, (32, 32), kind, endpoint=True)
    dataset = ct_dataset(
        stored,
        slope=data.draw(st.sampled_from([1, -1, 0.25, -0.25, 0.1, -0.1, 2, 1.5, -1.5, 0.0625])),
        intercept=data.draw(st.sampled_from([0, -1024, -1000.5, 512, 3000.5, -8192])),
        PixelPaddingValue=data.draw(st.sampled_from([low, high, 0])),
    )
    syntax = data.draw(st.sampled_from(SYNTAXES))
    if syntax:
        if syntax.is_compressed and not syntax.is_deflated:
            dataset.compress(syntax, generate_instance_uid=False)
        dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(folder / "source", enforce_file_format=True)
    first = read([folder / "source"])
    write_values(first.scans[0].values, first.sources[0], folder / "out", description="Identity")
    again = read([folder / "out"])
    assert again.problems == []
    np.testing.assert_array_equal(again.scans[0].values, first.scans[0].values)


@pytest.mark.parametrize("slope, intercept", [(1, -1000.5), (-1, 3000.5), (-0.3, 1000)])
def test_padding_that_lies_between_two_steps_stays_air(tmp_path, slope, intercept):
    hu = np.array([[-3000.0, 40], [2900, -900]])  # below what tissue has: read as -1024
    stored = np.rint((hu - intercept) / slope).astype(np.int16)
    dataset = ct_dataset(stored, slope=slope, intercept=intercept)
    dataset.save_as(tmp_path / "source", enforce_file_format=True)
    first = read([tmp_path / "source"])
    write_values(first.scans[0].values, first.sources[0], tmp_path / "out", description="Identity")
    [again] = read([tmp_path / "out"]).scans
    assert again.values[0, 0, 0] == -1024
    np.testing.assert_array_equal(again.values, first.scans[0].values)


@pytest.fixture
def source(tmp_path):
    values = np.rint(disc_phantom(16, slices=3, noise=10))
    write_ct_series(
        tmp_path / "in", values, PixelPaddingValue=-2000, SeriesNumber=4, KVP=120, WindowCenter=40,
        WindowWidth=400, SmallestImagePixelValue=0,
    )  # fmt: skip
    return read([tmp_path / "in"])


def test_what_a_derived_file_says(source, tmp_path):
    values = source.scans[0].values + np.float32(3)
    paths = write_values(values, source.sources[0], tmp_path / "out", description="Denoised by X")
    assert [p.name for p in paths] == ["slice_0001.dcm", "slice_0002.dcm", "slice_0003.dcm"]
    written = [pydicom.dcmread(p) for p in paths]
    originals = [pydicom.dcmread(s.path) for s in source.sources[0]]
    assert len({d.SOPInstanceUID for d in written}) == 3
    assert len({d.SeriesInstanceUID for d in written}) == 1
    for new, old in zip(written, originals, strict=True):
        assert list(new.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
        assert new.SeriesDescription == new.DerivationDescription == "Denoised by X"
        assert new.SourceImageSequence[0].ReferencedSOPInstanceUID == old.SOPInstanceUID
        assert new.file_meta.MediaStorageSOPInstanceUID == new.SOPInstanceUID != old.SOPInstanceUID
        assert new.SeriesInstanceUID != old.SeriesInstanceUID
        for kept in KEPT:
            assert new[kept].value == old[kept].value
        assert "PixelPaddingValue" not in new and "SmallestImagePixelValue" not in new
    back = read([tmp_path / "out"])
    np.testing.assert_array_equal(back.scans[0].values, values)
    np.testing.assert_array_equal(back.scans[0].positions, source.scans[0].positions)


def test_nested_text_keeps_its_letters_under_another_character_set(tmp_path):
    region = pydicom.Dataset()
    region.CodeMeaning = "Schädel"
    dataset = ct_dataset(
        np.zeros((16, 16), np.int16), SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg",
        AnatomicRegionSequence=pydicom.Sequence([region]),
    )  # fmt: skip
    dataset.save_as(tmp_path / "source.dcm", enforce_file_format=True)
    source = read([tmp_path / "source.dcm"])
    values, sources = source.scans[0].values, source.sources[0]
    for n, description in enumerate(("Denoised", "Entrauscht, ± 5 %")):
        [path] = write_values(values, sources, tmp_path / str(n), description=description)
        derived = pydicom.dcmread(path)
        assert derived.AnatomicRegionSequence[0].CodeMeaning == "Schädel"
        assert (derived.PatientName, derived.SeriesDescription) == ("Müller^Jörg", description)


def test_what_the_source_left_out_is_said_to_be_unknown(tmp_path):
    dataset = ct_dataset(np.zeros((16, 16), np.int16), ExposureInmAs=12.5)
    dataset.SOPInstanceUID = ""
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2"
    dataset.save_as(tmp_path / "source.dcm")
    source = read([tmp_path / "source.dcm"])
    values, sources = source.scans[0].values, source.sources[0]
    [path] = write_values(values, sources, tmp_path / "o", description="")
    derived = pydicom.dcmread(path)
    assert derived.KVP is None and derived.PatientSex == "" and derived.ExposureInuAs == 12500
    assert "SourceImageSequence" not in derived  # it has no name to be called by
    assert read([path]).scans[0].facts.exposure_mas == 12.5


def test_written_twice_it_is_the_same_and_another_recipe_makes_another_series(source, tmp_path):
    values = source.scans[0].values
    written = []
    for n, (changed, recipe) in enumerate(
        ((values, "A"), (values, "A"), (values, "B"), (values + 1, "A"))
    ):
        out = tmp_path / str(n)
        paths = write_values(changed, source.sources[0], out, description="D", recipe=recipe)
        written.append(pydicom.dcmread(paths[0]))
    series = [each.SeriesInstanceUID for each in written]
    assert series[0] == series[1] == series[3] != series[2]
    # Two files with other pixels never share an instance UID, whatever made them.
    assert len({each.SOPInstanceUID for each in written}) == 3
    assert (tmp_path / "0/slice_0001.dcm").read_bytes() == (
        tmp_path / "1/slice_0001.dcm"
    ).read_bytes()


def test_each_slice_is_written_before_the_next_is_asked_for(source, tmp_path):
    def slices():
        for n, pair in enumerate(zip(source.sources[0], source.scans[0].values, strict=True)):
            [making] = tmp_path.glob(".out-*")
            assert len(list(making.iterdir())) == n and not (tmp_path / "out").exists()
            yield pair

    assert len(writing.write_series(slices(), tmp_path / "out", description="D", recipe="R")) == 3


def test_an_interruption_while_the_earlier_result_is_replaced_keeps_it(
    source, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    before = write_values(source.scans[0].values, source.sources[0], out, description="D")
    contents = [path.read_bytes() for path in before]
    (out / "notes.txt").write_text("mine")
    renaming = writing.Path.rename

    def interrupted(path, target):
        if target == out and path.name.startswith(".out-") and not path.name.endswith("-old"):
            raise KeyboardInterrupt
        return renaming(path, target)

    monkeypatch.setattr(writing.Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_values(
            source.scans[0].values + 1, source.sources[0], out, description="E", overwrite=True
        )
    assert [path.read_bytes() for path in before] == contents
    assert (out / "notes.txt").read_text() == "mine" and not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, ValueError, Problem("a", "b", "c")])
def test_slices_that_stop_coming_leave_nothing(source, tmp_path, trouble):
    def slices():
        yield source.sources[0][0], source.scans[0].values[0]
        raise trouble

    before = sorted(tmp_path.iterdir())
    with pytest.raises(trouble if isinstance(trouble, type) else Problem):
        writing.write_series(slices(), tmp_path / "out", description="D", recipe="R")
    assert sorted(tmp_path.iterdir()) == before


def test_a_series_without_slices_is_told(tmp_path):
    with pytest.raises(Problem, match="has no slice"):
        writing.write_series(iter(()), tmp_path / "out", description="D", recipe="R")
    assert list(tmp_path.iterdir()) == []


def test_values_beyond_the_source_are_kept(source, tmp_path):
    values = source.scans[0].values.copy()
    values[0, 0] = -1900  # below what 0 stands for in an unsigned source
    values[1, 0] = 40_000
    write_values(values, source.sources[0], tmp_path / "out", description="D")
    np.testing.assert_allclose(read([tmp_path / "out"]).scans[0].values, values, atol=1)


def test_enhanced_becomes_single_slices(tmp_path):
    values = np.rint(disc_phantom(16, slices=3, noise=5))
    source = read([write_enhanced_ct(tmp_path / "enhanced", values)])
    paths = write_values(values, source.sources[0], tmp_path / "out", description="D")
    first = pydicom.dcmread(paths[0])
    assert first.SOPClassUID == pydicom.uid.CTImageStorage and "NumberOfFrames" not in first
    assert first.SourceImageSequence[0].ReferencedFrameNumber == 3
    back = read([tmp_path / "out"]).scans[0]
    np.testing.assert_array_equal(back.values, values)
    np.testing.assert_array_equal(back.positions, source.scans[0].positions)


def test_deidentified_on_request(source, tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setattr(writing, "settings", lambda: type("S", (), {"home": home})())
    paths = write_values(
        source.scans[0].values, source.sources[0], tmp_path / "out", description="Low dose 25 %",
        deidentify=True,
    )  # fmt: skip
    for path in paths:
        assert b"Doe" not in path.read_bytes()
    back = read([tmp_path / "out"]).scans[0]
    assert back.facts.patient.startswith("Patient ") and back.facts.dose_word == "low"
    np.testing.assert_array_equal(back.values, source.scans[0].values)


def test_a_folder_that_is_not_empty_is_kept(source, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("do not lose me")
    (out / "slice_0009.dcm").write_text("of an earlier, longer series")
    write = lambda **options: write_values(  # noqa: E731
        source.scans[0].values, source.sources[0], out, description="D", **options
    )
    with pytest.raises(Problem, match="out is not empty"):
        write()
    assert len(list(out.iterdir())) == 2
    write(overwrite=True)
    assert sorted(p.name for p in out.iterdir()) == [
        "slice_0001.dcm", "slice_0002.dcm", "slice_0003.dcm", "thesis.txt",
    ]  # fmt: skip


def test_a_full_disk_leaves_what_was_there(source, tmp_path, monkeypatch):
    out = tmp_path / "out"
    before = write_values(source.scans[0].values, source.sources[0], out, description="D")
    contents = [p.read_bytes() for p in before]

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pydicom.Dataset, "save_as", full)
    with pytest.raises(Problem, match="disk is full"):
        write_values(
            source.scans[0].values, source.sources[0], out, description="E", overwrite=True
        )
    assert [p.read_bytes() for p in before] == contents
    assert not list(tmp_path.glob(".out*"))


def test_wrong_sizes_are_told(source, tmp_path):
    with pytest.raises(Problem, match="is cut off or damaged"):
        write_values(
            source.scans[0].values[:, 1:], source.sources[0], tmp_path / "o", description="D"
        )


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_arrays_come_back_under_their_names(tmp_path, suffix):
    values = disc_phantom(8, slices=3, noise=1)
    sources = [
        SliceSource(tmp_path / f"a{suffix}", 0),
        SliceSource(tmp_path / f"b{suffix}", 0),
        SliceSource(tmp_path / f"b{suffix}", 1),
    ]
    paths = write_arrays(values, sources, tmp_path / "out")
    assert [p.name for p in paths] == [f"a{suffix}", f"b{suffix}"]
    scans = read([tmp_path / "out"]).scans
    np.testing.assert_array_equal(np.concatenate([s.values for s in scans]), values)


def test_real_scans_come_back_exactly(shared_data, tmp_path):
    source = read([shared_data / "ct"])
    for n, (scan, sources) in enumerate(zip(source.scans, source.sources, strict=True)):
        write_values(scan.values[:3], sources[:3], tmp_path / str(n), description="Identity")
        [back] = read([tmp_path / str(n)]).scans
        np.testing.assert_array_equal(back.values, scan.values[:3])
        np.testing.assert_array_equal(back.positions, scan.positions[:3])
