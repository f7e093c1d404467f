import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import profile_line

from ctdenoise.metrics.profile import line_profile

RAMP = (3.0 * np.arange(20)[:, None] - 2.0 * np.arange(30)).astype(np.float32)
point = st.tuples(st.floats(0, 19), st.floats(0, 29))


@given(point, point)
def test_a_plane_is_read_exactly_anywhere(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    distance, values = line_profile(RAMP, start, end, None)
    along = np.linspace(0, 1, len(values))
    rows = start[0] + along * (end[0] - start[0])
    columns = start[1] + along * (end[1] - start[1])
    np.testing.assert_allclose(values, 3 * rows - 2 * columns, atol=1e-4)
    assert distance[-1] == pytest.approx(np.hypot(end[0] - start[0], end[1] - start[1]))


def test_distance_follows_unequal_spacing() -> None:
    distance, values = line_profile(RAMP, (0, 0), (3, 4), (2.0, 0.5))
    assert len(values) == 11  # 5 pixels, one sample every half pixel, both ends
    assert distance[-1] == pytest.approx(np.hypot(6, 2))
    assert np.ptp(np.diff(distance)) < 1e-12


def test_it_agrees_with_scikit_image() -> None:
    image = np.random.default_rng(0).normal(size=(20, 30))
    _, values = line_profile(image, (4, 3), (4, 13), None)
    np.testing.assert_allclose(values[::2], profile_line(image, (4, 3), (4, 13), order=1))


def test_a_point_and_a_line_beyond_the_edge() -> None:
    _, values = line_profile(RAMP, (5, 5), (5, 5), None)
    np.testing.assert_allclose(values, [5, 5])
    _, outside = line_profile(RAMP, (0, 28), (0, 34), None)
    assert outside[-1] == RAMP[0, 29]
