import numpy as np
import pytest
from PIL import Image
from tifffile import imwrite

from ctdenoise.errors import Problem
from ctdenoise.scans.images import read_images
from ctdenoise.scans.reading import read

VALUES = np.arange(48).reshape(6, 8)


@pytest.mark.parametrize(
    ("meaning", "offset", "unit"), [("HU", 0, "HU"), ("HU+1024", -1024, "HU"), ("own units", 0, "")]
)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
def test_numbers_mean_what_was_said(tmp_path, suffix, meaning, offset, unit):
    path = tmp_path / f"a{suffix}"
    if suffix == ".png":
        Image.fromarray(VALUES.astype(np.uint16)).save(path)
    elif suffix == ".tif":
        imwrite(path, VALUES.astype(np.int16))
    else:
        np.save(path, VALUES.astype(float))
    [scan] = read([path], meaning=meaning).scans
    np.testing.assert_array_equal(scan.values, VALUES[None] + float(offset))
    assert (scan.unit, scan.spacing, scan.values.dtype) == (unit, None, np.float32)


def test_names_say_what_belongs_together(tmp_path):
    for dose in ("low", "full"):
        for number in (2, 10, 1):
            np.save(tmp_path / f"ct_{dose}_{number}.npy", np.full((4, 4), number))
    full, low = sorted(read([tmp_path]).scans, key=lambda s: s.facts.dose_word)
    assert (low.facts.dose_word, full.facts.dose_word) == ("low", "full")
    assert low.facts.series == full.facts.series
    for scan in (low, full):
        np.testing.assert_array_equal(scan.positions, [1, 2, 10])
        assert scan.numbers == (1, 2, 10) and not scan.located
        np.testing.assert_array_equal(scan.values[:, 0, 0], [1, 2, 10])


def test_folders_say_the_dose_and_a_stack_is_a_scan(tmp_path):
    for dose in ("low", "full"):
        (tmp_path / dose).mkdir()
        np.save(tmp_path / dose / "patient7.npy", np.zeros((3, 4, 4)))
    result = read([tmp_path])
    assert sorted(s.facts.dose_word for s in result.scans) == ["full", "low"]
    assert [s.frame for s in result.sources[0]] == [0, 1, 2]
    assert all(scan.numbers is None and not scan.located for scan in result.scans)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nan.npy", np.array([[np.nan, 1]]), "not numbers"),
        ("pickle.npy", np.array([[{}]], object), "damaged"),
        ("complex.npy", np.ones((2, 2), complex), "real numbers"),
        ("line.npy", np.ones(5), "shape 5"),
        ("none.npy", np.ones((0, 5)), "shape 0×5"),
    ],
)
def test_bad_arrays_are_told(tmp_path, name, content, words):
    np.save(tmp_path / name, content)
    result = read([tmp_path])
    assert result.scans == []
    assert str(result.problems[0]).startswith(name) and words in str(result.problems[0])


def test_colour_and_damage_are_told(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "rgb.png")
    imwrite(tmp_path / "rgb.tif", np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    for name in ("bad.png", "bad.tif", "bad.npy"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    reasons = {p.subject: p.reason for p in read([tmp_path]).problems}
    assert reasons.pop("rgb.png") == reasons.pop("rgb.tif") == "is a colour image"
    assert set(reasons) == {"bad.png", "bad.tif", "bad.npy"}


def test_an_unknown_meaning_is_told():
    with pytest.raises(Problem, match="is no meaning of image values"):
        read_images([], "volts", [])
