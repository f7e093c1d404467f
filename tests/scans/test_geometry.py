import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdenoise.scans.geometry import ROUNDING, even_step, even_steps, gaps

counts, starts = st.integers(2, 300), st.floats(-2000, 2000)


@given(counts, starts, st.floats(0.25, 20), st.booleans())
def test_positions_rounded_to_a_tenth_are_even(count, start, step, downwards):
    true = start + step * np.arange(count) * (-1 if downwards else 1)
    rounded = np.round(true, 1)
    found = even_step(rounded)
    beside = rounded - found * np.arange(count)
    assert np.ptp(beside) <= 2 * ROUNDING + 1e-5  # so some first position fits them all
    assert even_step(true) == pytest.approx((true[-1] - true[0]) / (count - 1), abs=1e-9)


@given(st.integers(3, 300), st.floats(0.05, 20), st.data())
def test_a_missing_slice_is_found_whatever_the_rounding(count, step, data):
    missing = data.draw(st.integers(1, count - 1))
    whole = step * np.arange(count + 1)
    rounded = np.round(whole, 1) if step >= 0.4 else whole
    positions = np.delete(rounded, missing)
    assert even_step(positions) is None
    assert gaps(positions) == {missing - 1: 1}


def test_what_is_uneven_is_neither_even_nor_a_gap():
    for positions in ([0, 2, 5], [0, 1, 2, 3.4, 4.4], [0, 3, 6.3, 9]):
        assert even_step(np.array(positions)) is None and gaps(np.array(positions)) == {}


def test_too_few_positions_have_no_distance():
    for positions in ([], [7.0], [7.0, 7.0], [7.0, 7.0, 7.0]):
        assert even_step(np.array(positions)) is None and gaps(np.array(positions)) == {}


def test_an_oblique_step_is_a_vector():
    step = np.array([0.31, -0.72, 2.13])
    places = np.array([-120.04, 35.5, 800.0]) + np.arange(40)[:, None] * step
    np.testing.assert_allclose(even_steps(places), step, atol=1e-12)
    np.testing.assert_allclose(even_steps(np.round(places, 1)), step, atol=0.1 / 39)
    assert even_steps(np.delete(places, 7, 0)) is None
