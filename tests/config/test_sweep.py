"""The grid of a sweep."""

import pytest

from ctdenoise.config.presets import PRESETS
from ctdenoise.config.sweep import Axis, grid, spread
from ctdenoise.errors import Problem


def test_values_are_evenly_spread_with_both_ends() -> None:
    assert spread(0, 100, 3) == (0, 50, 100)
    assert spread(20, 20, 1) == (20,)


def test_cells_differ_in_the_chosen_weights_alone() -> None:
    base = PRESETS["recommended"]
    cells = grid(base, [Axis("texture", (0, 50)), Axis("vgg", (0, 30, 60))])
    assert [values for values, _ in cells] == [
        (0, 0),
        (0, 30),
        (0, 60),
        (50, 0),
        (50, 30),
        (50, 60),
    ]
    for (texture, vgg), config in cells:
        assert (config.loss.texture, config.loss.vgg, config.loss.mse) == (texture, vgg, 100)
        assert config.epochs * config.steps_per_epoch >= 150
        same = {"loss": base.loss, "epochs": base.epochs, "steps_per_epoch": base.steps_per_epoch}
        assert config.model_copy(update=same) == base


def test_a_cell_without_any_loss_is_told_before_anything_starts() -> None:
    with pytest.raises(Problem, match="at least one loss weight"):
        grid(PRESETS["recommended"], [Axis("mse", (0, 100))])
