import pytest
import torch

from ctdenoise.config.config import Config
from ctdenoise.training.optimiser import WARM_UP, build_optimiser, learning_rate


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_each_optimiser_finds_the_bottom_of_a_bowl(name) -> None:
    x = torch.tensor([3.0, -2.0], requires_grad=True)
    optimiser = build_optimiser(Config(optimiser=name, learning_rate=0.05), [x])
    for _ in range(300):
        optimiser.zero_grad()
        x.square().sum().backward()
        optimiser.step()
    assert x.abs().max() < 0.1


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
