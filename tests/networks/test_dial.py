"""The network with a dial: plain for each setting, and told apart by nothing else."""

import pytest
import torch

from ctdenoise.networks.chain import PlainCNN
from ctdenoise.networks.dial import SPEED, DialCNN

SHAPE = (3, 4, 3, 1, "relu", True)


def made(dials: int = 1, *, trained: bool = True) -> DialCNN:
    network = DialCNN(dials, *SHAPE)
    network.initialise(torch.Generator().manual_seed(0))
    network.scale(-500.0, 480.0, 35.0)
    if trained:
        generator = torch.Generator().manual_seed(1)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return network


def test_before_training_the_dial_changes_nothing_and_the_network_nothing() -> None:
    network, image = made(trained=False), 300 * torch.randn(1, 1, 20, 20)
    for stands in (0.0, 0.5, 1.0):
        network.turn(torch.tensor([stands]))
        assert torch.equal(network(image), image)


def test_it_starts_as_the_plain_network_of_the_same_seed() -> None:
    plain = PlainCNN(*SHAPE)
    plain.initialise(torch.Generator().manual_seed(0))
    for own, other in zip(made(trained=False).layers, plain.layers, strict=True):
        assert torch.equal(own.weight, other.weight)


@pytest.mark.parametrize("stands", [(0.0,), (0.3,), (1.0,), (0.2, 0.9)])
def test_for_one_setting_it_is_a_plain_chain(stands: tuple[float, ...]) -> None:
    network, image = made(len(stands)), 300 * torch.randn(2, 1, 20, 20)
    plain = network.fixed(torch.tensor(stands))
    assert type(plain) is PlainCNN
    torch.testing.assert_close(plain(image), network(image), rtol=1e-4, atol=1e-2)


def test_filters_move_along_straight_lines() -> None:
    network = made(2)
    plain = network.fixed(torch.tensor([0.75, 0.0]))
    expected = network.layers[1].weight + SPEED * (
        0.5 * network.directions[0][1].weight - network.directions[1][1].weight
    )
    torch.testing.assert_close(plain.layers[1].weight, expected)


def test_settings_are_told_apart() -> None:
    network, image = made(), 300 * torch.randn(1, 1, 20, 20)
    ends = [network.fixed(torch.tensor([end]))(image) for end in (0.0, 1.0)]
    assert (ends[0] - ends[1]).abs().max() > 1
