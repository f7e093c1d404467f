"""Windows and the rounding to what a DICOM file holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ctdenoise.units import WINDOWS, Window, to_int16

IMAGES = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=3, max_side=8),
    elements=st.floats(-5000, 5000, width=32),
)


def test_a_window_spans_its_width_around_its_level() -> None:
    assert (Window(40, 400).lower, Window(40, 400).upper) == (-160, 240)


def test_the_presets_are_those_of_the_viewer() -> None:
    assert {name: (w.level, w.width) for name, w in WINDOWS.items()} == {
        "soft tissue": (40, 400),
        "bone": (480, 2500),
        "lung": (-600, 1500),
    }


def test_the_automatic_window_is_mean_and_three_sd_however_small() -> None:
    image = np.zeros((10, 10), np.float32)
    image[:5], image[5:] = 0.02, 0.06  # mean 0.04, SD 0.02
    window = Window.automatic(image)
    assert window.level == pytest.approx(0.04)
    assert window.width == pytest.approx(0.12)


def test_the_automatic_window_of_an_even_picture_is_still_a_window() -> None:
    assert Window.automatic(np.full((8, 8), -1000, np.float32)) == Window(-1000, 1)


def test_rounding_is_to_the_nearest_hu_and_saturates() -> None:
    values = np.array([-40000, -0.6, 0.4, 12.6, 40000], np.float32)
    assert to_int16(values).tolist() == [-32768, -1, 0, 13, 32767]


@given(IMAGES)
def test_rounding_moves_no_value_by_more_than_half(image: np.ndarray) -> None:
    assert np.abs(to_int16(image) - image).max() <= 0.5
