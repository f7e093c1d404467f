"""What changes from step to step: the learning rate, and where the dial stands."""

import numpy as np
import pytest

from ctdenoise.config.config import Config
from ctdenoise.training.schedule import ENDS, WARM_UP, dial_setting, learning_rate


def test_schedules() -> None:
    constant, cosine, cycle = (
        Config(learning_rate=0.01, schedule=s) for s in ("constant", "cosine", "one_cycle")
    )
    assert {learning_rate(constant, d) for d in (0, 0.5, 1)} == {0.01}
    assert learning_rate(cosine, 0) == pytest.approx(0.01)
    assert learning_rate(cosine, 0.5) == pytest.approx(0.01 * 1.001 / 2)
    assert learning_rate(cycle, 0) == pytest.approx(0.0025)
    assert learning_rate(cycle, WARM_UP) == pytest.approx(0.01)
    assert learning_rate(cycle, 1) == pytest.approx(1e-5)
    assert learning_rate(cycle, 1.5) == pytest.approx(1e-5)  # a last step over a time budget


@pytest.mark.parametrize("dials", [1, 2])
def test_it_covers_the_range_evenly_and_comes_back_to_its_ends(dials: int) -> None:
    drawn = np.array([dial_setting(step, dials) for step in range(2000)])
    assert drawn.shape == (2000, dials)
    for axis in drawn.T:
        assert (axis == 0).mean() == pytest.approx(ENDS, abs=0.01)
        assert (axis == 1).mean() == pytest.approx(ENDS, abs=0.01)
        inner = axis[(axis > 0) & (axis < 1)]
        counts, _ = np.histogram(inner, 10, (0, 1))
        assert counts.min() > 0.8 * counts.mean()


def test_two_dials_reach_all_corners() -> None:
    drawn = {tuple(dial_setting(step, 2)) for step in range(100)}
    assert {(a, b) for a in (0, 1) for b in (0, 1)} <= drawn


def test_no_dial_no_setting() -> None:
    assert dial_setting(3, 0) == []
