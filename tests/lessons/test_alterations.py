"""What is put into a full dose on purpose."""

import numpy as np
import pytest

from ctdenoise.lessons.alterations import Disc, altered


def test_a_disc_lies_where_it_is_said_to_with_its_size_and_contrast() -> None:
    disc = Disc(centre=(20, 40), diameter=6, contrast=-30)
    full = np.full((2, 64, 64), 50, np.float32)
    made = altered(full, (0.5, 1.0), 0, disc)
    changed = (made - full)[1]
    assert changed[20, 40] == -30 and changed[20, 50] == changed[40, 40] == 0
    assert changed.sum() / -30 * 0.5 * 1.0 == pytest.approx(np.pi * 3**2, rel=0.02)
    rows, columns = np.nonzero(changed)
    assert np.ptp(rows) == pytest.approx(2 * np.ptp(columns), abs=2)  # mm, not pixels
    assert (full == 50).all() and (made[0] == made[1]).all()


def test_a_shift_moves_every_number_alike() -> None:
    full = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert (altered(full, (1.0, 1.0), -1024, None) == full - 1024).all()
