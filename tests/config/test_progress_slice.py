"""What is kept of the progress slice: the body, and in it the test band."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from phantoms import disc_phantom

from ctdenoise.config import progress_slice
from ctdenoise.config.split import Part
from ctdenoise.metrics.metric import Sample, measure, viewing
from ctdenoise.scans.scan import Pair
from ctdenoise.units import Window

SOFT = viewing(Window(40, 400))


def pair(full: np.ndarray, unit: str = "HU") -> Pair:
    low = full[None] + np.float32(10)
    return Pair("pair", low, full, (0.7, 0.8), np.arange(float(len(full))), unit=unit)


def test_the_box_holds_the_largest_tissue_and_leaves_out_table_and_air() -> None:
    image = np.full((100, 120), -1000, np.float32)
    image[20:60, 30:90] = 40
    image[95:97, :] = 200  # a table: longer, but thinner
    assert progress_slice.body(image) == (slice(12, 68), slice(22, 98))


def test_an_image_without_tissue_is_kept_whole() -> None:
    assert progress_slice.body(np.full((30, 40), -1000, np.float32)) == (slice(0, 30), slice(0, 40))


def test_score_is_that_of_the_test_band_inside_the_box() -> None:
    full = disc_phantom(128)
    kept = progress_slice.ProgressSlice([pair(full)], Part(0, (0,), (50, 80)))
    rows = np.arange(128)[progress_slice.body(full[0])[0]]
    in_band = (rows >= 50) & (rows < 80)
    image = kept.low + np.float32(7)
    assert kept.score(image) == measure(Sample(image[in_band], SOFT, kept.full[in_band]))
    outside = image.copy()
    outside[~in_band] = 3000
    assert kept.score(outside) == kept.score(image)


def test_a_band_beside_the_body_is_scored_on_the_whole_image() -> None:
    full = np.full((1, 100, 100), -1000, np.float32)
    full[0, 10:40, 10:40] = 40
    kept = progress_slice.ProgressSlice([pair(full)], Part(0, (0,), (70, 95)))
    assert kept.full.shape == (100, 100)
    assert kept.rows == slice(70, 95)


def test_images_in_other_units_are_kept_whole() -> None:
    kept = progress_slice.ProgressSlice([pair(disc_phantom(64), "")], Part(0, (0,)))
    assert kept.full.shape == (64, 64)


def test_what_is_kept_beside_the_pictures_reads_back(tmp_path: Path) -> None:
    kept = progress_slice.ProgressSlice([pair(disc_phantom(64))], Part(0, (0,)))
    kept.keep(tmp_path)
    assert tifffile.imread(tmp_path / progress_slice.LOW) == pytest.approx(kept.low)
    assert tifffile.imread(tmp_path / progress_slice.FULL) == pytest.approx(kept.full)
    assert progress_slice.facts(tmp_path).spacing == (0.7, 0.8)


def test_own_units_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    full = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(1, 64, 64)
    full[0, 3, 3] = 50_000
    kept = progress_slice.ProgressSlice([pair(full, "")], Part(0, (0,)))
    kept.keep(tmp_path)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / progress_slice.FULL), kept.full)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / progress_slice.LOW), kept.low)
    assert progress_slice.facts(tmp_path).unit == ""


def test_hu_are_kept_as_int16(tmp_path: Path) -> None:
    progress_slice.write(np.array([[0.4, 99.6]], np.float32), tmp_path / "a.tif", "HU")
    stored = tifffile.imread(tmp_path / "a.tif")
    assert stored.dtype == np.int16 and stored.tolist() == [[0, 100]]
