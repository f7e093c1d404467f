"""A network that has collapsed is told, with the likely cause; one that is well is not."""

import numpy as np
import pytest
from phantoms import disc_phantom

from ctdenoise.config import events
from ctdenoise.config.config import Config, override
from ctdenoise.config.loss import Loss
from ctdenoise.config.presets import PRESETS
from ctdenoise.scans.scan import Pair
from ctdenoise.training.collapse import collapsed
from ctdenoise.training.trainer import train

FULL = disc_phantom(96)[0]
RNG = np.random.default_rng(1)
LOW = FULL + RNG.normal(0, 30, FULL.shape).astype(np.float32)
GREY = np.full_like(FULL, -300)
QUICK = {"epochs": "4", "steps_per_epoch": "8", "patch": "24", "batch": "4", "filters": "8",
         "layers": "4", "validation_patches": "16"}  # fmt: skip


def error(image: np.ndarray) -> float:
    return float(np.mean((image - FULL) ** 2))


def told(config: Config, epoch: int, image: np.ndarray, before: float = np.inf) -> str:
    return collapsed(config, epoch, image, FULL, (error(image), error(LOW)), before)


def test_a_grey_picture_is_told_with_its_error() -> None:
    sentence = told(Config(residual=False), 5, GREY)
    times = error(GREY) / error(LOW)
    assert "same grey everywhere" in sentence and f"{times:,.0f} times the low dose's" in sentence
    assert "learning rate of 0.002" in sentence and "leaky ReLU" in sentence
    assert "leaky" not in told(Config(residual=False, activation="gelu"), 5, GREY)


def test_a_loss_that_does_not_hold_the_ct_number_is_the_cause() -> None:
    sentence = told(Config(residual=False, loss=Loss(mse=0, vgg=20)), 5, GREY)
    assert "VGG16 features" in sentence and "squared or absolute error" in sentence
    assert "learning rate" not in sentence


def test_a_picture_far_off_is_told_where_it_comes_no_nearer() -> None:
    far = LOW + 1000
    assert "far from the full dose" in told(Config(), 2, far, before=error(LOW))
    assert "ReLU" not in told(Config(), 2, far, before=error(LOW))
    assert told(Config(), 2, far, before=2 * error(far))  # it began as the unchanged picture
    direct = Config(residual=False)
    assert told(direct, 4, far, before=error(far)) and not told(direct, 4, far, 2 * error(far))


@pytest.mark.parametrize("residual", [True, False])
def test_a_picture_that_is_well_is_not_told(residual) -> None:
    for image in (LOW, FULL, (LOW + FULL) / 2):
        assert told(Config(residual=residual), 9, image, before=error(image)) == ""


def test_a_network_that_starts_from_nothing_is_given_time() -> None:
    article = PRESETS["article"]
    assert [bool(told(article, epoch, GREY, error(GREY))) for epoch in (0, 1, 2, 3)] == [
        False, False, False, True]  # fmt: skip


def test_where_the_full_dose_is_flat_a_flat_picture_is_right() -> None:
    flat, noisy = np.zeros((20, 20), np.float32), RNG.normal(0, 5, (20, 20))
    assert collapsed(Config(), 3, flat + 0.1, flat, (0.01, float(np.var(noisy))), 1.0) == ""


def trained(tmp_path, preset: str, **settings: str) -> list[events.Event]:
    low = np.stack([LOW] * 5)[None]
    pair = Pair("phantom", low, np.stack([FULL] * 5), None, np.arange(5.0), (1, 0, 0, 0, 1, 0))
    train(override(PRESETS[preset], QUICK | settings), [pair], tmp_path / "run")
    return events.read(tmp_path / "run")


def test_a_training_that_collapses_says_so_once_and_at_its_end(tmp_path) -> None:
    wild = {"residual": "false", "learning_rate": "0.1", "schedule": "constant"}
    said = trained(tmp_path, "recommended", **wild)
    notices = [e.sentence for e in said if isinstance(e, events.Notice)]
    assert len(notices) == 1 and "collapsed" in notices[0] and "learning rate of 0.1" in notices[0]
    assert said[-1].how == "finished" and "collapsed" in said[-1].sentence


@pytest.mark.parametrize("preset", ["recommended", "article"])
def test_the_recipes_do_not_collapse(tmp_path, preset) -> None:
    patches = {"patches": "32"} if preset == "article" else {}
    said = trained(tmp_path, preset, **patches)
    assert not [e for e in said if isinstance(e, events.Notice)]
    assert said[-1].sentence == "Finished after 4 epochs."
