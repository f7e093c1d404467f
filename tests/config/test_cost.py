"""What a run will take, counted from its settings, is about what it takes."""

from itertools import accumulate
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from ctdenoise.config.config import Config, parse
from ctdenoise.config.cost import picture_cost, run_cost, step_cost
from ctdenoise.losses.adversarial import Critic
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.training.checkpoint import build_network
from ctdenoise.training.device import choose
from ctdenoise.training.learner import Learner
from ctdenoise.units import WINDOWS

STEPS = [
    {"batch": 16, "patch": 64},
    {"batch": 16, "patch": 64, "activation": "gelu"},
    {"batch": 64, "patch": 64, "layers": 2, "filters": 8, "kernel_size": 11},
    {"batch": 2, "patch": 16, "filters": 256, "layers": 20, "kernel_size": 5},
    {"network": "unet", "layers": 4, "filters": 32, "batch": 16, "patch": 64},
    {"network": "unet", "layers": 2, "filters": 96, "batch": 4, "patch": 64},
    {"batch": 16, "patch": 64, "loss": {"vgg": 20}},
    {"batch": 4, "patch": 64, "filters": 4, "loss": {"adversarial": 20}},
]
PICTURES = [{}, {"activation": "gelu"}, {"network": "unet", "layers": 4, "filters": 32}]


def taken(config: Config, of_picture: bool) -> int:
    """Bytes of all tensors that exist at once, by torch's own account: the same on every machine,
    while what convolutions rearrange beside them differs from processor to processor."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as account:
        learner = Learner(
            config,
            choose("cpu", "float32", config.filters),
            (0.0, 500.0, 30.0),
            WINDOWS["soft tissue"],
            is_hu=True,
            generator=torch.Generator(),
        )
        if of_picture:
            with torch.inference_mode():
                learner.forward(torch.zeros(1, 1, 512, 512))
        else:
            low = torch.randn(config.batch, 1, config.patch, config.patch)
            factors = dict.fromkeys(config.loss.weights(), 1.0)
            for _ in range(2):  # only in the second do the optimiser's numbers exist from the start
                learner.step(low, low / 2, 1e-6, factors, setting=[0.5] * config.dials)
    told = account.profiler.kineto_results.events()
    return max(accumulate(event.nbytes() for event in told if event.name() == "[memory]"))


@pytest.mark.parametrize(
    ("values", "of_picture"),
    [(values, False) for values in STEPS] + [(values, True) for values in PICTURES],
)
def test_the_memory_of_steps_and_pictures_is_what_tensors_take_and_room_to_rearrange_them(
    values: dict[str, Any], of_picture: bool
) -> None:
    """Never less than what must exist, so that nothing is begun that cannot be; and not so much
    more that what would fit is refused."""
    config = parse(values | {"device": "cpu", "precision": "float32"})
    cost = (picture_cost if of_picture else step_cost)(config)
    assert 0.9 < cost.memory_bytes / taken(config, of_picture) < 3


@pytest.mark.parametrize(
    ("values", "most"),
    [
        ({}, 1.01),
        ({"stride": 3, "kernel_size": 5}, 1.01),
        ({"loss": {"texture": 20, "dial": ["texture"]}}, 1.01),
        ({"network": "unet", "filters": 32}, 1.2),  # twice the size is counted generously
    ],
)
def test_operations_are_the_multiply_adds_of_the_network(values, most) -> None:
    config = parse(values)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        build_network(config)(torch.zeros(1, 1, 96, 120))
    counted = counter.get_total_flops() / 2
    assert 1 <= picture_cost(config, 96, 120).operations / counted < most


def test_a_critic_is_counted_with_all_its_numbers() -> None:
    critic = Critic(40, 0.0, 1.0, 0)
    found = LOSS_TERMS["adversarial"].work(Config().loss, 40)
    assert found.numbers == pytest.approx(6 * sum(p.numel() for p in critic.parameters()), rel=0.01)


@pytest.mark.parametrize("name", list(LOSS_TERMS))
def test_every_term_takes_something(name) -> None:
    more = parse({"loss": {name: 50, "mae": 1}})
    least = parse({"loss": {"mse": 0, "mae": 1}})
    assert name == "mae" or step_cost(more).memory_bytes > step_cost(least).memory_bytes


def test_a_run_at_every_limit_is_told_as_what_it_is() -> None:
    limits = {"layers": 30, "filters": 256, "kernel_size": 11, "batch": 256, "patch": 256}
    long = {"epochs": 1000, "steps_per_epoch": 10_000}
    cost = run_cost(parse(limits | long))
    assert cost.memory_bytes > 400 * 2**30
    assert cost.operations > 10**22


def test_patches_that_are_kept_take_memory() -> None:
    kept = run_cost(parse({"patch": 64, "patches": 100_000})).memory_bytes
    assert kept - run_cost(parse({"patch": 64})).memory_bytes > 2 * 4 * 100_000 * 64**2


def test_a_run_is_its_steps_its_validations_and_its_pictures() -> None:
    config = parse({"epochs": 3, "steps_per_epoch": 7, "validation_patches": 5})
    patch = picture_cost(config, config.patch, config.patch).operations
    epoch = 7 * step_cost(config).operations + 5 * patch + picture_cost(config).operations
    assert run_cost(config).operations == 3 * epoch
