"""An index of a medium leads to its files, and to no others."""

import shutil
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from phantoms import write_ct_series
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet

from ctdenoise.errors import Problem
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


@pytest.mark.parametrize("names", [["..", "secret"], ["/etc", "passwd"], [".."], ["."]])
def test_an_index_leads_nowhere_else(tmp_path, names):
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "medium").mkdir()
    record, index = Dataset(), Dataset()
    record.DirectoryRecordType = "IMAGE"
    record.ReferencedFileID = names
    index.DirectoryRecordSequence = [record]
    index.file_meta = FileMetaDataset()
    index.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    index.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    index.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    index.save_as(tmp_path / "medium" / "DICOMDIR", enforce_file_format=True)
    reading = read([tmp_path / "medium" / "DICOMDIR"])
    assert reading.scans == [] and "not beside it" in str(reading.problems[0])


def test_an_index_without_records_is_told():
    tests = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"
    reading = read([tests / "DICOMDIR-empty.dcm"])
    assert reading.scans == [] and all(isinstance(p, Problem) for p in reading.problems)
