"""``ctdenoise denoise`` with every kind of method, mixed, and told in JSON."""

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from phantoms import disc_phantom, write_ct_series

from ctdenoise.cli import main
from ctdenoise.denoising.filters import FILTERS, Filter
from ctdenoise.metrics.noise import noise_level
from ctdenoise.scans.reading import read


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    write_ct_series(tmp_path / "scan", np.rint(disc_phantom(96, slices=3, noise=25)))
    return tmp_path / "scan"


def denoise(*argv: object) -> None:
    assert main(["denoise", *map(str, argv)]) == 0


def values(folder: Path) -> np.ndarray:
    return read([folder]).scans[0].values


def test_a_filter_of_ones_own_is_in_the_help_and_applied(
    scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shrink = Filter("shrink", 9, "Shrink", "factor", "px", 2, 1, 4, "Less of it.",
                    lambda image, factor: image / factor)  # fmt: skip
    with FILTERS.added(shrink):
        with pytest.raises(SystemExit):
            main(["denoise", "--help"])
        told = " ".join(capsys.readouterr().out.split())
        assert "wavelet, shrink." in told and "shrink factor in px (default 2)" in told
        denoise("shrink", scan, "--out", tmp_path / "out")
    np.testing.assert_array_equal(values(tmp_path / "out"), [
        np.rint((image - image.min()) / 2 + image.min()) for image in values(scan)
    ])  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_by_name_at_its_usual_and_at_another_strength(
    scan: Path, tmp_path: Path, name: str
) -> None:
    denoise(name, scan, "--out", tmp_path / "usual")
    denoise(name, scan, "--out", tmp_path / "strong", "--strength", 2 * FILTERS[name].default)
    for folder, strength in (("usual", 1), ("strong", 2)):
        wanted = [
            FILTERS[name].apply(image, strength * FILTERS[name].default) for image in values(scan)
        ]
        np.testing.assert_array_equal(values(tmp_path / folder), np.rint(wanted))
    header = pydicom.dcmread(next((tmp_path / "usual").iterdir()))
    assert FILTERS[name].title in header.SeriesDescription


def test_the_mix_leaves_a_share_of_the_input(scan: Path, tmp_path: Path) -> None:
    for mix in (0, 0.5, 1):
        denoise("gaussian", scan, "--out", tmp_path / str(mix), "--mix", mix)
    np.testing.assert_array_equal(values(tmp_path / "0"), values(scan))
    half = (values(tmp_path / "0") + values(tmp_path / "1")) / 2
    np.testing.assert_allclose(values(tmp_path / "0.5"), half, atol=1)
    series = {
        pydicom.dcmread(next((tmp_path / each).iterdir())).SeriesInstanceUID
        for each in ("0", "0.5", "1")
    }
    assert len(series) == 3


def test_json_tells_one_object_a_series(
    scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ct_series(scan / "other", np.rint(disc_phantom(64, slices=2)), series="1.2.9")
    denoise("gaussian", scan, "--out", tmp_path / "out", "--json")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(row["slices"] for row in rows) == [2, 3]
    [row] = [row for row in rows if row["slices"] == 3]
    assert (row["input"], row["method"], row["unit"]) == (str(scan), "gaussian", "HU")
    assert row["seconds"] >= 0
    assert len(values(Path(row["output"]))) == 3
    given = np.rint(disc_phantom(96, slices=3, noise=25))
    usual = FILTERS["gaussian"]
    filtered = [usual.apply(image, usual.default) for image in given]
    before, after = (np.mean([noise_level(i) for i in each]) for each in (given, filtered))
    assert row["noise_sd_before"] == pytest.approx(before)
    assert row["noise_sd_after"] == pytest.approx(after)
    assert row["noise_sd_after"] < 0.6 * row["noise_sd_before"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("best", "scan"), "best is no run, checkpoint or filter"),
        (("gaussian", "scan", "--strength", "-1"), "The strength -1"),
        (("gaussian", "scan", "--mix", "2"), "The mix of 2"),
        (("gaussian", "scan", "--dial", "0.5"), "has no dial"),
        (("gaussian", "nowhere"), "nowhere does not exist"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_written(
    scan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    argv: tuple[str, ...], words: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(scan.parent)
    assert main(["denoise", *argv, "--out", "out"]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert [path.name for path in scan.parent.iterdir()] == ["scan"]


def test_a_damaged_slice_is_told_and_the_others_are_written(
    scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = sorted(scan.iterdir())
    paths[0].write_bytes(paths[0].read_bytes()[:-500])
    denoise("gaussian", scan, "--out", tmp_path / "out")
    told = capsys.readouterr()
    assert f"{paths[0].name} is cut off or damaged" in told.err and "2 slices" in told.out
    for path in paths:
        path.write_bytes(path.read_bytes()[:-500])
    assert main(["denoise", "gaussian", str(scan), "--out", str(tmp_path / "none")]) == 1
    assert "has no slice that can be read" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
