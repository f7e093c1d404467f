"""The table without torch tells what the torch network is."""

import pytest
import torch

from ctdenoise.training.architecture import layer_table, parameters
from ctdenoise.training.checkpoint import build_network
from ctdenoise.training.config import PRESETS, Config


def test_the_article_has_148929_parameters() -> None:
    assert parameters(PRESETS["article"]) == 148_929


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [1, 3, 7])
def test_it_agrees_with_the_network(stride, kernel_size) -> None:
    config = Config(layers=4, filters=5, kernel_size=kernel_size, stride=stride)
    network = build_network(config)
    shapes: list[tuple[int, ...]] = []
    network.activation.register_forward_hook(
        lambda _m, _i, output: shapes.append(tuple(output.shape[1:]))
    )
    network(torch.zeros(1, 1, 33, 50))
    table = layer_table(config, 33, 50)
    assert [row.output_shape for row in table[:3]] == shapes
    assert table[3].output_shape == (1, *shapes[-1][1:])
    assert table[-1].output_shape == (1, 33, 50)
    assert [row.parameters for row in table[:4]] == [
        sum(p.numel() for p in layer.parameters()) for layer in network.convolutions
    ]
    assert parameters(config) == sum(p.numel() for p in network.parameters())
