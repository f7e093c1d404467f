"""Bits, slope and intercept of a result: those of the source as far as they hold it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdenoise.scans.encoding import Encoding, store

SLOPES = [1, -1, 0.5, 0.1, -0.1, 0.33333333333333, 0.0625, 10, -10, 7, 2.5, -1.5, 1.1, 1000]
sources = st.builds(
    Encoding,
    bits=st.integers(12, 16),
    signed=st.booleans(),
    slope=st.sampled_from(SLOPES),
    intercept=st.sampled_from([0, -1024, -1000.5, 3071, -8192, -10240, 0.1]),
)


def read(stored):
    """As readers make HU of stored values: in float64, kept as float32."""
    encoding = stored.encoding
    hu = encoding.slope * stored.values.astype(np.float64) + encoding.intercept
    hu = hu.astype(np.float32)
    return np.where(stored.values == stored.padding, np.float32(-1024), hu)


def span(source, seed):
    """Stored values from the lowest to the highest, as far as these are within 10,000 HU."""
    reach = int(10_000 / abs(source.slope))
    low, high = max(source.lowest, -reach), min(source.highest, reach)
    return np.random.default_rng(seed).integers(low, high, (16, 16), endpoint=True)


@given(sources, st.integers(0, 99))
def test_what_the_source_can_say_comes_back_exactly(source, seed):
    image = (source.slope * span(source, seed) + source.intercept).astype(np.float32)
    found = store(image, source, hu=True)
    np.testing.assert_array_equal(read(found), image)
    assert abs(found.encoding.slope) <= 1
    if abs(source.slope) <= 1 and found.padding is None:
        assert found.encoding == source  # converters depend on it


@given(sources, st.integers(0, 99), st.floats(-10_000, 10_000, width=32))
def test_no_value_is_off_by_more_than_half_a_step(source, seed, far):
    image = (source.slope * span(source, seed) + source.intercept).astype(np.float32)
    image[3, 4:7] = far, far / 2, far + 0.3
    found = store(image, source, hu=True)
    step = max(min(1, abs(source.slope)), np.ptp(image) / 65534)
    np.testing.assert_allclose(read(found), image, atol=1.01 * step / 2 + 1e-3)
    assert found.values.dtype == (np.int16 if found.encoding.signed else np.uint16)
    bits = found.encoding
    assert bits.lowest <= found.values.min() and found.values.max() <= bits.highest
    assert bits.bits == 16 or bits.bits == source.bits


def test_values_beyond_the_bits_are_signed_first():
    """Some converters correct a tilted gantry of signed values alone."""
    source = Encoding(12, False, 1, -1024)
    below, inside = np.full((4, 4), -1100.0), np.full((4, 4), 3071.0)
    assert store(inside, source, hu=True).encoding == source
    assert store(below, source, hu=True).encoding == Encoding(16, True, 1, -1024)
    assert store(inside + 1, source, hu=True).encoding == Encoding(16, True, 1, -1024)
    assert store(inside + 30_000, source, hu=True).encoding == Encoding(16, False, 1, -1024)


@pytest.mark.parametrize("bits", [1, 8, 11, 17, 32])
def test_bits_that_ct_cannot_have_become_16(bits):
    assert store(np.zeros((4, 4)), Encoding(bits, False, 1, -1024), hu=True).encoding.bits == 16


def test_slices_of_values_that_were_no_whole_numbers_share_their_steps():
    random = np.random.default_rng(0)
    for top in (100, 1500, 3071):
        image = random.uniform(-1024, top, (8, 8)).astype(np.float32)
        found = store(image, None, hu=True)
        assert found.encoding == Encoding(16, True, 0.1, 0)
        np.testing.assert_allclose(read(found), image, atol=0.0501)
    far = np.array([[-1000.0, 20_000.5]])
    found = store(far, None, hu=True)
    assert found.encoding == Encoding(16, False, 0.5, -1000)
    np.testing.assert_array_equal(read(found), far)


def test_other_units_keep_the_step_of_their_source():
    source = Encoding(16, True, 10, 0)
    assert store(np.array([[70.0, 30]]), source, hu=False).encoding == source
    fine = np.array([[0.001, 0.002, -0.004]])
    np.testing.assert_allclose(read(store(fine, None, hu=False)), fine, atol=1e-7)
    assert store(np.full((2, 2), 7.5), None, hu=False).encoding.intercept == 7.5


@pytest.mark.parametrize("slope, intercept", [(1, -1000.5), (-1, 3000.5), (-0.3, 1000)])
def test_air_between_two_steps_is_padding(slope, intercept):
    image = np.array([[-1024.0, slope * 40 + intercept]])
    found = store(image, Encoding(12, True, slope, intercept), hu=True)
    assert found.padding is not None and found.values[0, 0] == found.padding
    assert read(found)[0, 0] == -1024
