"""The table without torch tells what the torch network is."""

import pytest
import torch

from ctdenoise.config.config import Config
from ctdenoise.config.presets import PRESETS
from ctdenoise.training.checkpoint import build_network


def test_the_article_has_148929_parameters() -> None:
    assert PRESETS["article"].spec.parameters(PRESETS["article"]) == 148_929


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
    table = config.spec.layer_table(config, 33, 50)
    assert [row.output_shape for row in table[:3]] == shapes
    assert table[3].output_shape == (1, *shapes[-1][1:])
    assert table[-1].output_shape == (1, 33, 50)
    assert [row.parameters for row in table[:4]] == [
        sum(p.numel() for p in layer.parameters()) for layer in network.convolutions
    ]
    assert config.spec.parameters(config) == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("layers", "kernel_size"), [(2, 3), (4, 3), (2, 5)])
def test_a_unet_has_the_table_that_it_is_said_to_have(layers: int, kernel_size: int) -> None:
    config = Config(network="unet", layers=layers, filters=6, kernel_size=kernel_size)
    network = build_network(config)
    shapes: list[tuple[int, ...]] = []
    order = ("first", "down.0", "smaller.0", "down.1", "smaller.1", "bottom", "larger.0", "up.0",
             "larger.1", "up.1", "last")  # fmt: skip
    modules = [network.get_submodule(name) for name in order]
    for module in modules:
        module.register_forward_hook(lambda _m, _i, output: shapes.append(tuple(output.shape[1:])))
    network(torch.zeros(1, 1, 33, 50))
    table = config.spec.layer_table(config, 33, 50)
    assert [row.output_shape for row in table[:-1]] == shapes[:-1]
    assert table[-1].output_shape == (1, 33, 50)
    assert [row.parameters for row in table] == [
        sum((p.numel() for p in module.parameters()), 0) for module in modules
    ]
    assert config.spec.parameters(config) == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("kernel", "layers", "side"), [(3, 6, 13), (1, 4, 1), (5, 2, 9)])
def test_the_receptive_field_of_a_stack_of_convolutions(
    kernel: int, layers: int, side: int
) -> None:
    config = Config(kernel_size=kernel, layers=layers)
    assert config.spec.receptive_field(config) == side


@pytest.mark.parametrize(
    "settings",
    [{}, {"stride": 2}, {"kernel_size": 5}, {"network": "unet"}, {"network": "unet", "layers": 2}],
)
def test_an_output_pixel_depends_on_what_is_said(settings: dict) -> None:
    """By the gradient of single output pixels, of a network whose weights are all one."""
    config = Config(**{"layers": 4, "filters": 2, "residual": False, "activation": "none"}
                    | settings)  # fmt: skip
    network = build_network(config)
    for parameter in network.parameters():
        torch.nn.init.ones_(parameter)
    network.double()
    image = torch.zeros(1, 1, 8, 256, requires_grad=True, dtype=torch.float64)
    extents, reaches = [], []
    for centre in range(128, 128 + config.spec.size_multiple(config)):
        (gradient,) = torch.autograd.grad(network(image)[0, 0, 4, centre], image)
        touched = gradient[0, 0].any(0).nonzero().flatten().tolist()
        extents.append(touched[-1] - touched[0] + 1)
        reaches += [centre - touched[0], touched[-1] - centre]
    assert max(extents) == config.spec.receptive_field(config)
    assert config.spec.radius(config) == max(reaches) or config.stride > 1
    multiple = config.spec.size_multiple(config)
    assert 0 <= config.spec.halo(config) - max(reaches) <= multiple
    assert config.spec.halo(config) % multiple == 0


@pytest.mark.parametrize("settings", [{}, {"kernel_size": 5, "stride": 2}, {"network": "unet"}])
def test_the_receptive_field_grows_line_by_line(settings: dict) -> None:
    """By the gradient of single values behind each line of the table, all weights being one."""
    config = Config(**{"layers": 4, "filters": 2, "residual": False, "activation": "none"}
                    | settings)  # fmt: skip
    network = build_network(config)
    for parameter in network.parameters():
        torch.nn.init.ones_(parameter)
    network.double()
    hidden = ["activation"]
    if config.network == "unet":
        hidden = ["first", "down.0", "smaller.0", "down.1", "smaller.1", "bottom", "larger.0",
                  "up.0", "larger.1", "up.1"]  # fmt: skip
    outputs: list[torch.Tensor] = []
    for name in hidden:
        module = network.get_submodule(name)
        module.register_forward_hook(lambda _m, _i, output: outputs.append(output))
    image = torch.zeros(1, 1, 8, 256, requires_grad=True, dtype=torch.float64)
    outputs.append(network(image))
    sides = []
    for output in outputs:
        middle, extents = output.shape[-1] // 2, []
        for at in range(middle, middle + 4):
            one = output[0, 0, output.shape[-2] // 2, at]
            (gradient,) = torch.autograd.grad(one, image, retain_graph=True)
            touched = gradient[0, 0].any(0).nonzero().flatten().tolist()
            extents.append(touched[-1] - touched[0] + 1)
        sides.append(max(extents))
    told = config.spec.receptive_fields(config)
    assert [*told[: len(sides) - 1], told[-1]] == sides
    assert len(told) == len(config.spec.layer_table(config))
