"""Differences of VGG16 features, the perceptual loss.

Sources: Simonyan & Zisserman, arXiv:1409.1556 (the network); Johnson et al., ECCV 2016 (the
loss); Huber et al., Radiology: AI 2020;2(5):e200036 (block3_conv3 on CT). The shipped weights are
the Oxford ones: three channels in the order blue, green, red, 0 to 255, less their means.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from ctdenoise.errors import Problem
from ctdenoise.losses.terms.vgg import LAYERS
from ctdenoise.settings import CHECKPOINTS
from ctdenoise.units import Window

SHIPPED = CHECKPOINTS / "features" / "vgg16_blocks123.safetensors"
MEANS = (103.939, 116.779, 123.68)
"""Of ImageNet's blue, green and red, on the scale 0 to 255."""
ARTICLE = Window(-274.0, 1500.0)
"""clip((HU + 1024) / 1500, 0, 1), of the article."""


class VggFeatures(nn.Module):
    """Mean squared difference of activated features, for each of ``layers``.

    ``window`` maps to 0..1; with ``imagenet`` that is then put on the scale VGG16 was trained on,
    otherwise it is fed as it is, as in the article. The weights are not trained.
    """

    means: Tensor

    def __init__(self, layers: Sequence[str], window: Window, imagenet: bool = True) -> None:
        super().__init__()
        self.layers, self.window, self.imagenet = frozenset(layers), window, imagenet
        self.register_buffer("means", torch.tensor(MEANS)[:, None, None])
        deepest = max(LAYERS[layer] for layer in layers)
        self.convolutions = nn.ModuleDict()
        for name, index in LAYERS.items():
            if index <= deepest:
                weight, bias = weights(index)
                layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1, device="meta")
                layer.load_state_dict({"weight": weight, "bias": bias}, assign=True)
                self.convolutions[name] = layer
        self.requires_grad_(False)

    @property
    def smallest(self) -> int:
        """Side in pixels of the smallest image that reaches the deepest layer."""
        return int(2 ** (int(list(self.convolutions)[-1][5]) - 1))

    def features(self, image: Tensor) -> list[Tensor]:
        """Of (batch, 1, rows, columns), after the activation, in the order of depth."""
        x = ((image - self.window.lower) / self.window.width).clamp(0, 1)
        x = x.expand(-1, 3, -1, -1)
        if self.imagenet:
            x = 255 * x - self.means
        found, block = [], "1"
        for name, convolution in self.convolutions.items():
            if name[5] != block:
                x, block = F.max_pool2d(x, 2), name[5]
            x = F.relu_(convolution(x))
            if name in self.layers:
                found.append(x)
        return found

    def forward(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """One scalar a layer, in the order of depth."""
        with torch.no_grad():
            wanted = self.features(target)
        names = [name for name in self.convolutions if name in self.layers]
        found = zip(names, self.features(output), wanted, strict=True)
        return {name: F.mse_loss(feature, other) for name, feature, other in found}


def weights(index: int) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution at ``index``, which all losses on the processor share;
    raises :class:`Problem` without them."""
    source = _shipped() if index <= LAYERS["block3_conv3"] else _downloaded()
    return source[f"features.{index}.weight"], source[f"features.{index}.bias"]


@cache
def _shipped() -> dict[str, Tensor]:
    if not SHIPPED.is_file():
        raise Problem(SHIPPED.name, "is missing from checkpoints/features",
                      "install the program again or set the VGG16 weight to 0")  # fmt: skip
    return _resident(load_file(SHIPPED))


def _resident(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """In the layout in which they are computed with, so that nobody needs a copy."""
    return {
        name: tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
        for name, tensor in tensors.items()
    }


@cache
def _downloaded() -> dict[str, Tensor]:
    """All of the same network, by torchvision; kept in torch's cache after the first time."""
    from torchvision.models import VGG16_Weights

    try:
        return _resident(VGG16_Weights.IMAGENET1K_FEATURES.get_state_dict(
            progress=False, check_hash=True, weights_only=True))  # fmt: skip
    except Exception as error:
        raise Problem("The VGG16 layers of blocks 4 and 5",
                      "could not be downloaded and do not ship with the program",
                      "choose layers of blocks 1 to 3 or connect to the internet",
                      ) from error  # fmt: skip
