"""The feature loss against torchvision's network and against sums written out in NumPy."""

import hashlib

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torchvision.models import vgg16

from ctdenoise.errors import Problem
from ctdenoise.losses import vgg
from ctdenoise.losses.vgg import ARTICLE, LAYERS, SHIPPED, VggFeatures
from ctdenoise.units import Window

WINDOW = Window(40, 400)


def images(size: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = 100 * torch.randn(2, 1, size, size, generator=generator)
    return target + 30 * torch.randn(target.shape, generator=generator), target


def test_the_shipped_weights_are_oxfords() -> None:
    digest = hashlib.sha256()
    for index in (0, 2, 5, 7, 10, 12, 14):
        for part in ("weight", "bias"):
            digest.update(load_file(SHIPPED)[f"features.{index}.{part}"].numpy().tobytes())
    expected = "ae37e64f64a033af0292ce5039f7062011ba1b770cfa1c9788d0973a9361d6d4"
    assert digest.hexdigest() == expected


@pytest.mark.parametrize("imagenet", [True, False])
def test_features_are_those_of_torchvisions_network(imagenet) -> None:
    """torchvision's own chain of layers with the shipped weights, fed by the written convention."""
    reference = vgg16().features[:16]
    shipped = load_file(SHIPPED)
    reference.load_state_dict({k.removeprefix("features."): v for k, v in shipped.items()})
    output, target = images()
    loss = VggFeatures(["block1_conv2", "block3_conv3"], WINDOW if imagenet else ARTICLE, imagenet)

    def seen(image: torch.Tensor) -> list[torch.Tensor]:
        if imagenet:
            grey = ((image + 160) / 400).clamp(0, 1)
            x = torch.cat([255 * grey - mean for mean in (103.939, 116.779, 123.68)], 1)
        else:
            x = ((image + 1024) / 1500).clamp(0, 1).repeat(1, 3, 1, 1)
        return [reference[:4](x), reference(x)]

    expected = [
        np.mean((a.detach().numpy().astype(np.float64) - b.detach().numpy()) ** 2)
        for a, b in zip(seen(output), seen(target), strict=True)
    ]
    found = loss(output, target)
    assert list(found) == ["block1_conv2", "block3_conv3"]
    assert [float(term) for term in found.values()] == pytest.approx(expected, rel=1e-4)


def test_first_layer_by_hand() -> None:
    """A flat image: away from the border each filter sees the sum of its weights times the grey."""
    weights = load_file(SHIPPED)
    flat = torch.full((1, 1, 8, 8), 140.0)  # at 3/4 of the window
    (found,) = VggFeatures(["block1_conv1"], WINDOW).features(flat)
    kernels = weights["features.0.weight"].double().sum((2, 3))
    colour = torch.tensor([255 * 0.75 - mean for mean in (103.939, 116.779, 123.68)]).double()
    expected = (kernels @ colour + weights["features.0.bias"].double()).clamp(min=0)
    torch.testing.assert_close(found[0, :, 4, 4].double(), expected, rtol=1e-4, atol=1e-3)


def test_gradient_reaches_the_output_alone() -> None:
    output, target = images(12)
    loss = VggFeatures(["block2_conv1"], WINDOW).double()
    output = output.double().requires_grad_()
    target = target.double().requires_grad_()
    loss(output, target)["block2_conv1"].backward()
    assert target.grad is None
    assert output.grad is not None and output.grad.any()
    assert all(parameter.grad is None for parameter in loss.parameters())


def test_gradient_is_right() -> None:
    output = (20 * torch.randn(1, 1, 6, 6, dtype=torch.float64) + 40).requires_grad_()
    target = 20 * torch.randn(1, 1, 6, 6, dtype=torch.float64) + 40
    loss = VggFeatures(["block1_conv1"], WINDOW).double()
    assert torch.autograd.gradcheck(
        lambda o: loss(o, target)["block1_conv1"], output, eps=1e-5, rtol=1e-3
    )


def test_no_network_is_a_sentence(monkeypatch) -> None:
    from torchvision.models import VGG16_Weights

    def offline(*args: object, **kwargs: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(VGG16_Weights, "get_state_dict", offline)
    vgg._downloaded.cache_clear()
    with pytest.raises(Problem, match="blocks 1 to 3"):
        VggFeatures(["block4_conv1"], WINDOW)


def test_every_layer_has_its_place_in_torchvision() -> None:
    chain = vgg16().features
    convolutions = [i for i, m in enumerate(chain) if isinstance(m, torch.nn.Conv2d)]
    assert list(LAYERS.values()) == convolutions
