"""Training with a dial, and what comes out of it."""

from pathlib import Path

import numpy as np
import pytest
from phantoms import disc_phantom

from ctdenoise.config.config import Config, parse
from ctdenoise.config.loss import Loss
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Pair
from ctdenoise.training.trainer import train

LOSS = Loss(texture=900, dial=("texture",))
TINY = Config(layers=2, filters=6, epochs=2, steps_per_epoch=15, validation_patches=4, loss=LOSS)


@pytest.fixture(scope="module")
def pair() -> Pair:
    full = disc_phantom(64, slices=6)
    low = np.random.default_rng(0).normal(full, 40, (2, *full.shape)).astype(np.float32)
    return Pair("P", low, full, (0.7, 0.7), np.arange(6.0))


@pytest.fixture(scope="module")
def trained(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    assert train(TINY, [pair], out).how == "finished"
    return out


def test_ends_differ_and_what_is_not_set_is_the_smooth_end(trained: Path, pair: Pair) -> None:
    low = pair.low[0, :1]
    plain, smooth, grainy = (
        Denoiser.load(trained, setting=setting).denoise(low) for setting in ((), (0.0,), (1.0,))
    )
    np.testing.assert_array_equal(plain, smooth)
    assert np.std(grainy - smooth) > 0.05


def test_stopped_and_resumed_it_ends_as_without_the_pause(
    trained: Path, pair: Pair, tmp_path: Path
) -> None:
    asked = iter(range(1000))
    assert train(TINY, [pair], tmp_path, should_stop=lambda: next(asked) == 20).how == "stopped"
    train(TINY, [pair], tmp_path, resume=True)
    whole, pausing = (
        Denoiser.load(run, setting=(1.0,)).denoise(pair.low[0, :1]) for run in (trained, tmp_path)
    )
    np.testing.assert_array_equal(whole, pausing)


@pytest.mark.parametrize(
    ("setting", "told"),
    [((0.5, 0.5), "one number from 0 to 1"), ((1.5,), "one number"), ((-0.1,), "one number")],
)
def test_a_setting_that_does_not_fit_is_told(trained: Path, setting: tuple, told: str) -> None:
    with pytest.raises(Problem, match=told):
        Denoiser.load(trained, setting=setting)


def test_factors_follow_the_dial_and_no_setting_weighs_more() -> None:
    loss = Loss(mse=100, vgg=300, vgg_layers=("block1_conv1", "block1_conv2"), dial=("vgg",))
    factors = {"mse": 1.0, "vgg_block1_conv1": 8.0, "vgg_block1_conv2": 4.0}
    assert loss.dialled(factors, [0.0]) == {
        "mse": 1.0,
        "vgg_block1_conv1": 0.0,
        "vgg_block1_conv2": 0.0,
    }
    assert loss.dialled(factors, [1.0]) == {
        "mse": 0.25,
        "vgg_block1_conv1": 2.0,
        "vgg_block1_conv2": 1.0,
    }


@pytest.mark.parametrize(
    "loss",
    [
        {"dial": ["texture"]},  # weighs nothing
        {"mse": 0, "texture": 50, "dial": ["texture"]},  # nothing is left at 0
        {"texture": 50, "vgg": 50, "gradient": 5, "dial": ["texture", "vgg", "gradient"]},
    ],
)
def test_a_dial_that_cannot_be_is_refused(loss: dict) -> None:
    with pytest.raises(Problem):
        parse({"loss": loss})
