"""One step of training: the optimiser, and that a seed gives the same network for good."""

import numpy as np
import pytest
import torch

from ctdenoise.config import events
from ctdenoise.config.config import Config, parse
from ctdenoise.scans.scan import Pair
from ctdenoise.training import checkpoint
from ctdenoise.training.learner import build_optimiser
from ctdenoise.training.trainer import train


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_each_optimiser_finds_the_bottom_of_a_bowl(name) -> None:
    x = torch.tensor([3.0, -2.0], requires_grad=True)
    optimiser = build_optimiser(Config(optimiser=name, learning_rate=0.05), [x])
    for _ in range(300):
        optimiser.zero_grad()
        x.square().sum().backward()
        optimiser.step()
    assert x.abs().max() < 0.1


ALL = {
    "mse": 40, "mae": 5, "charbonnier": 5, "ssim": 5, "ms_ssim": 5, "gradient": 5, "texture": 10,
    "vgg": 20, "adversarial": 5, "vgg_layers": ["block1_conv2", "block2_conv1"],
    "vgg_shares": [1, 3],
}  # fmt: skip
DIALLED = {
    "mse": 100, "texture": 300, "vgg": 40, "ssim": 10, "vgg_layers": ["block1_conv1"],
    "dial": ["texture", "vgg"],
}  # fmt: skip
UNET = {"mse": 50, "texture": 20, "vgg": 10, "gradient": 7}


@pytest.mark.parametrize(
    ("settings", "factors", "gradients", "weights"),
    [
        ({"loss": ALL}, 720.317, 805.684, 37.120896),
        (
            {"network": "unet", "loss": UNET},
            18.06133325099153,
            2652.843963623047,
            35.45767557445038,
        ),
        ({"loss": DIALLED}, 327.944, 537.647, 37.105249),
    ],
    ids=["a chain with all terms", "a U-Net", "a dial"],
)
def test_the_seed_gives_the_network_that_it_gave_before_there_were_registries(
    settings, factors, gradients, weights, tmp_path
) -> None:
    """Figures of the code of November 29th, sums over all terms and a checksum of all weights."""
    rng = np.random.default_rng(0)
    full = rng.normal(0, 40, (6, 48, 48)).astype(np.float32).cumsum(2) / 6
    low = full + rng.normal(0, 30, (1, 6, 48, 48)).astype(np.float32)
    pair = Pair("tiny", low.astype(np.float32), full, (1.0, 1.0), np.arange(6.0))
    config = parse(
        {"layers": 4, "filters": 6, "patch": 24, "batch": 2, "epochs": 2, "steps_per_epoch": 3,
         "validation_patches": 4, "device": "cpu", "precision": "float32", "seed": 5} | settings
    )  # fmt: skip
    told: list[events.Event] = []
    train(config, [pair], tmp_path / "run", on_event=told.append)
    started = next(e for e in told if isinstance(e, events.Started))
    last = [e for e in told if isinstance(e, events.Epoch)][-1]
    assert sum(started.factors.values()) == pytest.approx(factors, rel=1e-3)
    assert sum(last.gradients.values()) == pytest.approx(gradients, rel=1e-2)
    found = checkpoint.load(tmp_path / "run").network.state_dict().values()
    total = sum(float(t.double().flatten() @ torch.arange(1, t.numel() + 1).double().cos())
                for t in found)  # fmt: skip
    assert total == pytest.approx(weights, rel=1e-4)
