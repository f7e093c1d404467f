"""Upright pictures, however they are stored."""

import numpy as np
import pytest

from ctdenoise.units import upright

STORED = np.arange(6).reshape(2, 3)


@pytest.mark.parametrize(
    ("cosines", "wanted"),
    [
        ((1, 0, 0, 0, 1, 0), STORED),  # axial, as most scanners write it
        ((-1, 0, 0, 0, -1, 0), STORED[::-1, ::-1]),  # prone: right to left, back to front
        ((1, 0, 0, 0, -1, 0), STORED[::-1]),
        ((0, 1, 0, 1, 0, 0), STORED.T),  # rows run from front to back
        ((1, 0, 0, 0, 0, 1), STORED[::-1]),  # coronal, feet up
        ((0, 1, 0, 0, 0, -1), STORED),  # sagittal
        ((0.98, 0.17, 0, -0.17, 0.98, 0), STORED),  # a tilted patient
        ((-0.66, 0.23, 0.72, 0.53, -0.54, 0.66), STORED[::-1, ::-1]),  # oblique: the nearest view
    ],
)
def test_left_is_right_and_front_or_head_is_up(cosines: tuple, wanted: np.ndarray) -> None:
    np.testing.assert_array_equal(upright(STORED, cosines), wanted)
