import subprocess
import sys
import threading
import zipfile
from dataclasses import replace

import nibabel
import numpy as np
import pydicom
import pytest
from derived import write_values
from phantoms import disc_phantom, write_ct_series, write_enhanced_ct
from planting import ATTRIBUTES, NEEDED, plant, traces

from ctdenoise.errors import Problem
from ctdenoise.scans.meaning import Unclear
from ctdenoise.scans.reading import read
from ctdenoise.workspace import ingest
from ctdenoise.workspace.ingest import read_guarded
from ctdenoise.workspace.library import Library


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "ws")


@pytest.fixture
def values():
    return np.rint(disc_phantom(32, slices=3, noise=5))


def limit(monkeypatch, **limits):
    changed = replace(ingest.settings(), **limits)
    monkeypatch.setattr(ingest, "settings", lambda: changed)


def test_an_upload_lands_in_the_library_without_its_identity(tmp_path, library, values):
    write_ct_series(tmp_path / "in", values, SeriesDescription="Low Dose Images")
    np.save(tmp_path / "in" / "x_full.npy", values[0] + 1024)
    (tmp_path / "in" / "note.txt").write_text("hello")
    said = []
    received = read_guarded(
        [tmp_path / "in"],
        library,
        meaning="HU+1024",
        progress=lambda fraction, sentence: said.append((fraction, sentence)),
    )
    assert [p.subject for p in received.problems] == ["note.txt"]
    low, image = received.scans
    assert low.facts.dose_word == "low" and low.patient.startswith("Patient ")
    np.testing.assert_array_equal(library.scan(low.id).values, values)
    np.testing.assert_array_equal(library.scan(image.id).values, values[:1])
    for source in library.sources(low.id):
        dataset = pydicom.dcmread(source.path)
        assert dataset.PatientName == dataset.PatientID == low.patient
        assert b"Doe" not in source.path.read_bytes()
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions) and len(said) > 6
    assert {p.name for p in library.root.iterdir()} == {"scans", "secret"}


def test_the_same_patient_in_two_uploads(tmp_path, library, values):
    write_ct_series(tmp_path / "a", values)
    write_ct_series(tmp_path / "b", values, series="1.9")
    first = read_guarded([tmp_path / "a"], library)
    second = read_guarded([tmp_path / "b"], library)
    assert first.scans[0].patient == second.scans[0].patient


def test_enhanced_ct(tmp_path, library, values):
    received = read_guarded([write_enhanced_ct(tmp_path / "enhanced", values)], library)
    [record] = received.scans
    np.testing.assert_array_equal(library.scan(record.id).values, values)
    sources = library.sources(record.id)
    assert len({source.path for source in sources}) == 1
    again = read([sources[0].path])  # de-identified, its functional groups still hold
    np.testing.assert_array_equal(again.scans[0].values, values)
    assert [s.frame for s in sources] == [s.frame for s in again.sources[0]] == [2, 1, 0]


CRASHER = """
import os, signal, sys
from ctdenoise.scans import pixels
from ctdenoise.workspace import ingest
decode = pixels.decode
def crash(path, frames):
    if path.read_bytes().find(b"CRASH") >= 0:
        os.kill(os.getpid(), signal.SIGSEGV)
    return decode(path, frames)
pixels.decode = crash
ingest.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_crashes_its_decoder_is_named_and_the_others_load(
    tmp_path, library, values, monkeypatch, packed
):
    paths = write_ct_series(tmp_path / "in", values)
    dataset = pydicom.dcmread(paths[1])
    dataset.ImageComments = "CRASH"
    dataset.save_as(paths[1])
    if packed:
        with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
            for path in paths:
                archive.write(path, path.name)
    popen = ingest.subprocess.Popen
    monkeypatch.setattr(
        ingest.subprocess,
        "Popen",
        lambda command, **options: popen([sys.executable, "-c", CRASHER], **options),
    )
    received = read_guarded([tmp_path / "in.zip" if packed else tmp_path / "in"], library)
    assert [str(p) for p in received.problems] == [
        f"{paths[1].name} crashed its reader: leave it out or export it again."
    ]
    assert [s.slices for s in library.scans()] == [2]


IMAGE_CRASHER = """
import os, signal
from dataclasses import replace
from ctdenoise.scans.readers import READERS
from ctdenoise.workspace import ingest
reader = READERS["nifti"]
def crash(path):
    if path.name == "bad.nii":
        os.kill(os.getpid(), signal.SIGSEGV)
    return reader.read(path)
READERS._entries["nifti"] = replace(reader, read=crash)
ingest.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_image_that_crashes_its_library_is_named_and_the_others_load(
    tmp_path, library, values, monkeypatch
):
    write_ct_series(tmp_path / "in", values)
    image = nibabel.Nifti1Image(values.T.astype(np.int16), np.eye(4))
    for name in ("bad.nii", "good.nii"):
        image.to_filename(tmp_path / "in" / name)
    popen = ingest.subprocess.Popen
    monkeypatch.setattr(
        ingest.subprocess,
        "Popen",
        lambda command, **options: popen([sys.executable, "-c", IMAGE_CRASHER], **options),
    )
    received = read_guarded([tmp_path / "in"], library)
    assert [p.subject for p in received.problems] == ["bad.nii"]
    assert sorted(scan.name for scan in received.scans)[-1] == "good"
    assert [scan.slices for scan in received.scans] == [3, 3]


def test_too_long(tmp_path, library, values, monkeypatch):
    write_ct_series(tmp_path / "in", values)
    limit(monkeypatch, decode_seconds=0.2)
    with pytest.raises(Problem, match="took longer than"):
        read_guarded([tmp_path / "in"], library)
    assert library.scans() == []
    assert not [p for p in library.root.iterdir() if p.name.startswith(".")]


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS binds on Linux alone")
def test_too_much_memory(tmp_path, library, monkeypatch):
    np.save(tmp_path / "large.npy", np.zeros((900, 512, 512), np.int8))
    monkeypatch.setattr(ingest, "shares", lambda machine_mb: (1, 800))
    received = read_guarded([tmp_path / "large.npy"], library, meaning="own units")
    assert received.scans == [] and "memory" in str(received.problems[0])


@pytest.mark.parametrize("meaning", [None, "HU"])
def test_numbers_that_may_mean_anything_are_told_and_nothing_is_stored(
    tmp_path, library, values, meaning
):
    write_ct_series(tmp_path / "in", values)
    np.save(tmp_path / "in" / "a.npy", (values + 1024) / 4096)
    with pytest.raises(Unclear) as unclear:
        read_guarded([tmp_path / "in"], library, meaning=meaning)
    assert unclear.value.suggestion == "0-1" and library.scans() == []
    received = read_guarded([tmp_path / "in"], library, meaning="0-1")
    np.testing.assert_allclose(library.scan(received.scans[1].id).values, values, atol=1e-3)


def test_readers_take_turns(tmp_path, library, values, monkeypatch):
    monkeypatch.setattr(ingest, "shares", lambda machine_mb: (1, 4096))
    write_ct_series(tmp_path / "in", values)
    waited, done = threading.Event(), []

    def told(fraction, sentence):
        if sentence == "Waiting until another upload has been read":
            waited.set()

    def second():
        done.append(read_guarded([tmp_path / "in"], library, progress=told))

    thread = threading.Thread(target=second)
    with ingest._turn(lambda fraction, sentence: None):
        thread.start()
        assert waited.wait(60) and not done
    thread.join(120)
    assert [scan.slices for scan in done[0].scans] == [3]


@pytest.mark.parametrize("machine_mb", [2**n + 7 for n in range(8, 20)])
def test_all_readers_together_leave_memory_to_others(machine_mb):
    number, memory_mb = ingest.shares(machine_mb)
    assert 1 <= number <= 2 and 0 < number * memory_mb <= 0.75 * machine_mb
    assert memory_mb <= ingest.settings().decode_memory_mb


def test_an_upload_of_too_many_files_is_one_sentence(tmp_path, library):
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(10_000):
            archive.writestr(str(number), b"")
    received = read_guarded([tmp_path / "many.zip"], library)
    assert [p.subject for p in received.problems] == ["many.zip"]


def test_the_server_loads_neither_torch_nor_pydicom():
    code = "import sys; from ctdenoise.scans import pairing; "
    code += "from ctdenoise.workspace import ingest, library, sample; "
    code += "print({'torch', 'pydicom', 'skimage'} & set(sys.modules))"
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_reader_loads_no_torch():
    code = "import sys; from ctdenoise.scans import reading, writing; print('torch' in sys.modules)"
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.filterwarnings("ignore")
def test_nothing_planted_reaches_the_library_or_an_export(tmp_path, library, values):
    """Texts in every attribute that a reader does not need, in names and reports too."""
    [path] = write_ct_series(tmp_path / "in", values[:1])
    dataset = pydicom.dcmread(path)
    refused = "Modality ImageType SOPClassUID BurnedInAnnotation RescaleType"
    plant(dataset, ATTRIBUTES, NEEDED | set(refused.split()))
    dataset.SeriesDescription = "Low dose ZQ1"
    dataset.SeriesNumber = "47110815"
    dataset.ConvolutionKernel = ["B30f", "ZQ2"]
    dataset.file_meta.ImplementationVersionName = "ZQ3"
    dataset.save_as(path)
    assert len(traces(path.read_bytes())) > 700
    received = read_guarded([path], library)
    assert received.problems == []
    [record] = received.scans
    assert record.name == "Series, B30f, low dose"
    assert traces(repr(record).encode()) == set() and "47110815" not in repr(record)
    files = [file for file in library.root.rglob("*") if file.is_file()]
    assert len(files) > 4
    for file in files:
        assert traces(file.read_bytes()) == set() and traces(str(file).encode()) == set()
    sources = library.sources(record.id)
    [written] = write_values(library.scan(record.id).values, sources, tmp_path / "out",
                             description="Denoised", deidentify=False)  # fmt: skip
    assert traces(written.read_bytes()) == set()


def test_a_series_that_cannot_be_de_identified_is_kept_without_its_files(tmp_path, values):
    """And the others with theirs: nothing of an upload is lost for one file."""
    write_ct_series(tmp_path / "in" / "a", values)
    write_ct_series(tmp_path / "in" / "b", values[:1], series="1.9")
    reading = read([tmp_path / "in"])
    bad = reading.sources[0][1].path
    library = Library(tmp_path / "ws")
    (tmp_path / "scratch").mkdir()

    def name(path):
        if path == bad:
            bad.write_bytes(b"gone meanwhile")
        return str(path)

    ids = ingest._store(reading, library, tmp_path / "scratch", lambda **said: None, name)
    assert [len(library.sources(id)) for id in ids] == [0, 1]
    assert [problem.subject for problem in reading.problems] == [bad.name]
    assert library.scan(ids[0]).values.shape[0] == 3
    assert list((tmp_path / "scratch").iterdir()) == []
