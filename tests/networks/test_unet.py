"""The U-Net: sizes, what it starts as, gradients, and the U itself written out with functions."""

import pytest
import torch
import torch.nn.functional as F

from ctdenoise.networks.unet import Pair, UNet


def made(seed: int = 0, **settings: object) -> UNet:
    """With random weights throughout."""
    network = UNet(**{"layers": 2, "filters": 3} | settings)
    generator = torch.Generator().manual_seed(seed)
    network.initialise(generator)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    network.scale(40.0, 200.0, 50.0)
    return network


@pytest.mark.parametrize("size", [(1, 1), (5, 64), (31, 33), (30, 30)])
@pytest.mark.parametrize("residual", [True, False])
def test_any_size_comes_back(size: tuple[int, int], residual: bool) -> None:
    image = torch.randn(2, 1, *size)
    assert made(residual=residual)(image).shape == image.shape


def test_a_fresh_residual_network_returns_the_image_exactly() -> None:
    network = UNet(4, 5)
    network.initialise(torch.Generator().manual_seed(1))
    network.scale(40.0, 200.0, 50.0)
    image = 300 * torch.randn(1, 1, 20, 23)
    torch.testing.assert_close(network(image), image, rtol=0, atol=0)


def test_it_is_the_u_that_it_says() -> None:
    network, image = made(activation="none", residual=False), torch.randn(1, 1, 16, 24)

    def pair(x: torch.Tensor, stage: torch.nn.Sequential) -> torch.Tensor:
        (only,) = stage
        assert isinstance(only, Pair)
        inner = F.conv2d(x, only.first.weight, only.first.bias, padding=1)
        return x + F.conv2d(inner, only.second.weight, only.second.bias, padding=1)

    full = pair(network.first((image - 40) / 200), network.down[0])
    half = pair(network.smaller[0](full), network.down[1])
    quarter = pair(network.smaller[1](half), network.bottom)
    half = pair(network.larger[0](quarter) + half, network.up[0])
    full = pair(network.larger[1](half) + full, network.up[1])
    torch.testing.assert_close(network(image), network.last(full) * 200 + 40)


def test_the_gradient_is_right() -> None:
    network = made(residual=True, activation="silu").double()
    image = torch.randn(1, 1, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, image)
