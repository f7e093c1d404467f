"""The plain network: HU in, HU out, as a hand-written chain of convolutions would do it."""

import pytest
import torch
import torch.nn.functional as F

from ctdenoise.networks.base import ACTIVATIONS
from ctdenoise.networks.chain import PlainCNN


def made(seed: int = 0, **settings: object) -> PlainCNN:
    network = PlainCNN(**{"layers": 3, "filters": 4} | settings)
    network.initialise(torch.Generator().manual_seed(seed))
    return network


@pytest.mark.parametrize("size", [(8, 8), (31, 17), (64, 40)])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_any_size_comes_back_as_it_went_in(size, stride, kernel_size) -> None:
    network = made(stride=stride, kernel_size=kernel_size, residual=False)
    assert network(torch.randn(2, 1, *size)).shape == (2, 1, *size)


def test_an_untrained_residual_network_is_the_identity_in_hu() -> None:
    network = made()
    network.scale(-500.0, 480.0, 35.0)
    image = 3000 * torch.randn(2, 1, 40, 40)
    assert torch.equal(network(image), image)


def test_a_direct_network_scales_in_and_out() -> None:
    network = made(residual=False)
    network.scale(-500.0, 480.0, 35.0)
    image = 500 * torch.randn(1, 1, 20, 20)
    x = (image + 500) / 480
    for i, layer in enumerate(network.convolutions):
        x = F.conv2d(x, layer.weight, layer.bias, padding=1)
        x = x.clamp(min=0) if i < 2 else x
    torch.testing.assert_close(network(image), x * 480 - 500)


def test_a_residual_network_subtracts_noise_in_units_of_its_sd() -> None:
    network = made()
    network.scale(0.0, 1.0, 35.0)
    network.convolutions[-1].bias.data.fill_(2.0)  # two SD of noise everywhere
    image = torch.randn(1, 1, 9, 9)
    torch.testing.assert_close(network(image), image - 70)


def test_initialisation_is_that_of_keras() -> None:
    network = made(layers=6, filters=64, residual=False)
    for layer in network.convolutions:
        out, channels = layer.weight.shape[:2]
        limit = (6 / (9 * (channels + out))) ** 0.5
        assert layer.weight.abs().max() <= limit
        assert layer.weight.std().item() == pytest.approx(limit / 3**0.5, rel=0.15)
        assert not layer.bias.any()


def test_enlarging_is_exact_for_a_ramp() -> None:
    """With kernels of one pixel and no bend the network is affine, so a ramp stays a ramp."""
    network = made(kernel_size=1, stride=3, activation="none", residual=False)
    ramp = torch.arange(31.0).expand(1, 1, 31, 31)
    plain = made(kernel_size=1, stride=1, activation="none", residual=False)
    torch.testing.assert_close(network(ramp), plain(ramp), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_gradient_is_right_for_every_activation(name) -> None:
    network = made(activation=name, filters=2, residual=False).double()
    image = torch.randn(1, 1, 5, 5, dtype=torch.float64, requires_grad=True)
    # the last layer is kept in float32 on purpose, so only the hidden ones can be checked finely
    hidden = torch.nn.Sequential(network.convolutions[0], network.activation)
    assert torch.autograd.gradcheck(hidden, image)
