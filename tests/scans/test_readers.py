"""File formats: whose a file is by its name, and what one added at run time becomes."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctdenoise.cli import main
from ctdenoise.scans import readers
from ctdenoise.scans.images import is_image
from ctdenoise.scans.readers import READERS, ImageStack, Reader, reader_of, stem
from ctdenoise.scans.reading import read
from ctdenoise.scans.scan import SliceSource
from ctdenoise.scans.writing import write_arrays

VALUES = np.arange(2 * 4 * 5, dtype=np.float32).reshape(2, 4, 5)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def read_vol(path: Path) -> ImageStack:
    said = json.loads(gzip.decompress(path.read_bytes()))
    return ImageStack(
        np.array(said["values"]),
        spacing=(0.5, 0.7),
        orientation=SAGITTAL,
        origins=np.array(said["origins"]),
        unit=said["unit"],
    )


def write_vol(values: np.ndarray, path: Path, unit: str | None = "HU") -> None:
    stack = values if values.ndim == 3 else values[None]
    origins = [[2.5 * n, 3, 4] for n in range(len(stack))]  # against the slice normal
    said = json.dumps({"values": stack.tolist(), "origins": origins, "unit": unit})
    path.write_bytes(gzip.compress(said.encode()))


VOL = Reader("vol", 9, "VOL", (".vol.gz", ".vol"), read_vol, write_vol)


@pytest.fixture
def vol() -> Iterator[Reader]:
    with READERS.added(VOL):
        yield VOL


@pytest.mark.parametrize(
    ("name", "reader", "without"),
    [
        ("a.png", "png", "a"),
        ("b 1.TIFF", "tiff", "b 1"),
        ("c.d.tif", "tiff", "c.d"),
        ("e.NPY", "npy", "e"),
        ("f.vol.gz", "vol", "f"),
        ("g.gz", None, "g"),
        (".png", None, ".png"),
        ("h.npy.dcm", None, "h.npy"),
        ("IM0001", None, "IM0001"),
    ],
)
def test_a_file_is_told_by_its_name(
    vol: Reader, name: str, reader: str | None, without: str
) -> None:
    found = reader_of(Path("folder.npy") / name)
    assert (found and found.name) == reader
    assert is_image(Path(name)) == (reader is not None)
    assert stem(Path("folder.npy") / name) == without


def test_a_file_that_says_all_becomes_a_scan_in_order(vol: Reader, tmp_path: Path) -> None:
    write_vol(VALUES, tmp_path / "a.vol.gz")
    found = read([tmp_path], meaning="HU+1024")  # not asked of a file that says it
    assert not found.problems
    [scan], [sources] = found.scans, found.sources
    assert (scan.name, scan.unit, scan.spacing) == ("a", "HU", (0.5, 0.7))
    assert scan.orientation == SAGITTAL
    np.testing.assert_array_equal(scan.values, VALUES[::-1])
    np.testing.assert_array_equal(scan.origins, [[2.5, 3, 4], [0, 3, 4]])
    np.testing.assert_allclose(np.diff(scan.positions), 2.5)
    assert [source.frame for source in sources] == [1, 0]


def test_files_of_one_slice_each_are_put_together_by_place_and_unit(
    vol: Reader, tmp_path: Path
) -> None:
    for number in range(3):
        write_vol(VALUES[:1] + number, tmp_path / f"s{number}.vol")
    write_vol(VALUES[:1], tmp_path / "s7.vol", unit="")
    scans = sorted(read([tmp_path]).scans, key=lambda scan: len(scan.values))
    assert [(len(scan.values), scan.unit) for scan in scans] == [(1, ""), (3, "HU")]


def test_where_the_file_does_not_say_the_unit_the_meaning_counts(
    vol: Reader, tmp_path: Path
) -> None:
    write_vol(VALUES, tmp_path / "a.vol", unit=None)
    [scan] = read([tmp_path], meaning="HU+1024").scans
    assert scan.unit == "HU" and scan.values.max() == VALUES.max() - 1024


def test_a_damaged_file_is_told(vol: Reader, tmp_path: Path) -> None:
    (tmp_path / "a.vol").write_bytes(b"nothing of the kind")
    one_place = ImageStack(VALUES, origins=np.zeros((1, 3)), unit="HU")
    short = replace(VOL, name="short", suffixes=(".short",), read=lambda path: one_place)
    with READERS.added(short):
        (tmp_path / "b.short").touch()
        told = [str(problem) for problem in read([tmp_path]).problems]
    assert told == [
        f"{name} is cut off or damaged: copy or export it again." for name in ("a.vol", "b.short")
    ]


def test_a_result_is_written_back_in_its_format_or_as_tiff(vol: Reader, tmp_path: Path) -> None:
    sources = [SliceSource(tmp_path / "a.vol.gz", n) for n in (1, 0)]
    [path] = write_arrays(VALUES, sources, tmp_path / "out")
    assert path.name == "a.vol.gz"
    np.testing.assert_array_equal(read_vol(path).values, VALUES[::-1])
    with READERS.added(replace(VOL, name="old", suffixes=(".old.gz",), write=None)):
        [path] = write_arrays(VALUES[:1], [SliceSource(tmp_path / "b.old.gz")], tmp_path / "other")
    assert path.name == "b.tif"


def test_the_help_of_the_commands_names_it(vol: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("denoise", "low-dose"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        told = " ".join(capsys.readouterr().out.split())
        assert ".png, .tif, .npy, .nii.gz, .mha, .nrrd or .vol.gz images" in told
        assert "--scale" in told and "0 to 1 for -1024 to 3072 HU" in told
    with pytest.raises(SystemExit):
        main(["denoise", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert ".tif gives .tif, .npy gives .npy, .nii.gz gives .nii.gz" in told
    assert ".nrrd gives .nrrd and .vol.gz gives .vol.gz" in told
    assert "PNG, TIFF, NPY, NIfTI, MetaImage, NRRD and VOL are written whole" in told


def test_the_command_line_denoises_it(vol: Reader, tmp_path: Path) -> None:
    write_vol(VALUES[::-1], tmp_path / "a.vol")
    assert main(["denoise", "gaussian", str(tmp_path / "a.vol"), "--out", str(tmp_path / "o")]) == 0
    stack = read_vol(tmp_path / "o" / "a.vol")
    assert stack.values.shape == VALUES.shape and np.ptp(stack.values) < np.ptp(VALUES)


def test_the_list_of_formats_needs_no_heavy_library() -> None:
    assert readers.titles().startswith("PNG, TIFF") and readers.suffixes().startswith(".png, .tif")
    code = (
        "import sys; from ctdenoise.scans.readers import READERS; assert {*READERS}; "
        "print({'torch', 'PIL', 'tifffile', 'pydicom', 'scipy', 'nibabel', 'SimpleITK'} "
        "& set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
