"""An index of a medium leads to its files, and to no others."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from phantoms import write_ct_series
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet

from ctdenoise.errors import Problem
from ctdenoise.scans.dicomdir import is_dicomdir, listed_files
from ctdenoise.scans.reading import read


def medium(tmp_path):
    """A medium that pydicom writes, with a series of three slices."""
    values = np.rint(np.linspace(-900, 900, 3 * 16 * 16)).reshape(3, 16, 16)
    files = FileSet()
    for path in write_ct_series(tmp_path / "in", values, StudyID="1", StudyDate="20200101",
                                StudyTime="1", SeriesNumber=1):  # fmt: skip
        files.add(path)
    files.write(tmp_path / "medium")
    return tmp_path / "medium" / "DICOMDIR", values


@pytest.mark.parametrize("name", ["DICOMDIR", "dicomdir", "index.dcm"])
def test_the_index_alone_reads_the_series(tmp_path, name):
    index, values = medium(tmp_path)
    index = index.rename(index.with_name(name))
    reading = read([index])
    np.testing.assert_array_equal(reading.scans[0].values, values)
    assert reading.problems == []


def test_files_that_are_not_there_are_counted(tmp_path):
    index, _ = medium(tmp_path)
    shutil.copy(index, tmp_path / "DICOMDIR")
    reading = read([tmp_path / "DICOMDIR"])
    assert [str(problem) for problem in reading.problems] == [
        "DICOMDIR lists 3 files that are not beside it: choose the whole folder or medium."
    ]


def test_an_index_uploaded_alone_says_what_it_is(tmp_path):
    index, _ = medium(tmp_path)
    (tmp_path / "upload").mkdir()
    shutil.copy(index, tmp_path / "upload" / "DICOMDIR")
    [problem] = read([tmp_path / "upload"]).problems
    assert "index of a medium" in str(problem)


def index_of(folder, *names, in_use=0xFFFF):
    """An index that lists these files, each as parts of its path."""
    folder.mkdir(exist_ok=True)
    index = Dataset()
    index.FileSetID = "X"
    index.DirectoryRecordSequence = []
    for parts in names:
        record = Dataset()
        record.RecordInUseFlag = in_use
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", parts
        index.DirectoryRecordSequence.append(record)
    index.file_meta = FileMetaDataset()
    index.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    index.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    index.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    index.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"


@pytest.mark.parametrize("names", [["..", "secret"], ["/etc", "passwd"], [".."], ["."]])
def test_an_index_leads_nowhere_else(tmp_path, names):
    (tmp_path / "secret").write_bytes(b"x")
    reading = read([index_of(tmp_path / "medium", names, ["A", *names])])
    assert reading.scans == [] and "not beside it" in str(reading.problems[0])


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators on Windows")
def test_nor_through_a_link(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    index = index_of(tmp_path / "medium", ["LINK"], ["OUT", "SECRET"])
    (tmp_path / "medium" / "LINK").symlink_to(tmp_path / "secret")
    (tmp_path / "medium" / "OUT").symlink_to(tmp_path)
    assert listed_files(index)[0] == []


@pytest.mark.parametrize("said", ["IM0001", "IM0001.DCM", "im0001", "IM0001;1", "IM0001.;1"])
@pytest.mark.parametrize("named", ["IM0001", "im0001", "IM0001.dcm", "im0001.DCM", "IM0001;1",
                                   "im0001.", "IM0001.DCM;1"])  # fmt: skip
@pytest.mark.parametrize("folder", ["SERIES", "Series"])
def test_names_as_copies_of_a_medium_have_them(tmp_path, said, named, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / named).write_bytes(b"x")
    files, problems = listed_files(index_of(tmp_path, ["SERIES", said]))
    assert problems == [] and [file.read_bytes() for file in files] == [b"x"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take these names for one")
def test_of_names_that_are_alike_the_very_name_is_meant(tmp_path):
    names = ["A", "A.dcm", "a.dcm", "A;1", "A.", "a"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    files, _ = listed_files(index_of(tmp_path, *names))
    assert [file.name for file in files] == names


def test_records_that_are_out_of_use_are_none(tmp_path):
    index = index_of(tmp_path, ["A"], in_use=0)
    (tmp_path / "A").write_bytes(b"x")
    files, [problem] = listed_files(index)
    assert files == [] and "lists no files" in str(problem)


@pytest.mark.parametrize("name", ["DICOMDIR", "dicomdir"])
@pytest.mark.parametrize("preamble", [0, 132])
def test_an_index_without_meta_information(tmp_path, name, preamble):
    index, values = medium(tmp_path)
    whole = index.read_bytes()
    meta = pydicom.dcmread(index).file_meta.FileMetaInformationGroupLength
    index.unlink()
    index.with_name(name).write_bytes(whole[:preamble] + whole[132 + 12 + meta :])
    reading = read([index.with_name(name)])
    np.testing.assert_array_equal(reading.scans[0].values, values)
    assert reading.problems == []


def test_what_is_only_called_so_is_none(tmp_path):
    for content in (b"", b"DICOMDIR", bytes(2000)):
        (tmp_path / "DICOMDIR").write_bytes(content)
        assert not is_dicomdir(tmp_path / "DICOMDIR")


@pytest.mark.parametrize("names, said", [("A", "1 file that is"), ("AB", "2 files that are")])
def test_how_many_are_not_there(tmp_path, names, said):
    [problem] = listed_files(index_of(tmp_path, *names))[1]
    assert f"DICOMDIR lists {said} not beside it" in str(problem)


def test_an_index_without_records_is_told():
    tests = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"
    reading = read([tests / "DICOMDIR-empty.dcm"])
    assert reading.scans == [] and all(isinstance(p, Problem) for p in reading.problems)
