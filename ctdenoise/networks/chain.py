"""A plain chain of convolutions, the network of the article.

Source: Huber, Missert, Erickson, "Magician's Corner 7", Radiology: AI 2020;2(5):e200036, and
Zhang et al., "Beyond a Gaussian denoiser" (DnCNN), IEEE TIP 2017, for learning the noise.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctdenoise.networks.base import ACTIVATIONS, Network, continued


class PlainCNN(Network):
    """``layers`` convolutions of ``filters`` filters, the last of one filter and not activated.

    With a ``stride`` above 1 the first layer skips pixels; the last layer's small image is then
    enlarged linearly to the size of the input.
    """

    def __init__(self, layers: int, filters: int, kernel_size: int = 3, stride: int = 1,
                 activation: str = "relu", residual: bool = True) -> None:  # fmt: skip
        super().__init__(residual)
        self.stride = stride
        channels = [1, *[filters] * (layers - 1), 1]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels[i], channels[i + 1], kernel_size, padding=kernel_size // 2,
                      stride=stride if i == 0 else 1)
            for i in range(layers)
        )  # fmt: skip
        self.activation = ACTIVATIONS[activation]()

    @property
    def layers(self) -> list[nn.Conv2d]:
        """The convolutions in order, without their activations."""
        return [layer for layer in self.convolutions if isinstance(layer, nn.Conv2d)]

    def initialise(self, generator: torch.Generator) -> None:
        """Glorot uniform weights and zero bias, as Keras does; a residual's last layer is zero.

        A residual network thus starts out as the unchanged image.
        """
        for layer in self.layers:
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
        if self.residual:
            nn.init.zeros_(self.layers[-1].weight)

    def filters(self) -> Sequence[tuple[Tensor, Tensor]]:
        """Weight and bias of each layer."""
        return [(layer.weight, layer.bias) for layer in self.layers]  # type: ignore[misc]

    def forward(self, hu: Tensor) -> Tensor:
        """Denoise a batch (batch, 1, rows, columns) in the image's unit."""
        x = self.scaled(hu)
        first, *hidden, (weight, bias) = self.filters()
        # bf16 has too few digits for HU: what comes in and what goes out stays in float32.
        with torch.autocast(x.device.type, enabled=False):
            x = self.activation(F.conv2d(x, *first, self.stride, padding=first[0].shape[-1] // 2))
        for w, b in hidden:
            x = self.activation(F.conv2d(x, w, b, padding=w.shape[-1] // 2))
        with torch.autocast(x.device.type, enabled=False):
            x = _single_filter(x.to(hu.dtype), weight, bias)
            if self.stride > 1:
                x = _enlarge(x, self.stride, hu.shape[-2:])
            return self.picture(hu, x)


def _single_filter(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A convolution with one filter, as a matrix product whose columns are added up shifted.

    Libraries tune convolutions for many filters: forward and backward take half the time this way.
    In a graph for other programs it is a convolution, since few of them know how to fold.
    """
    if torch.onnx.is_in_onnx_export():
        return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)
    batch, channels, rows, columns = x.shape
    side = weight.shape[-1]
    pixels = x.permute(0, 2, 3, 1).reshape(batch, rows * columns, channels)
    products = pixels @ weight.flip(-2, -1).reshape(channels, side * side)
    return F.fold(products.mT, (rows, columns), side, padding=side // 2) + bias


def _enlarge(small: Tensor, stride: int, size: torch.Size) -> Tensor:
    """Linear interpolation that leaves pixel i of ``small`` exactly at pixel i * stride."""
    rows, columns = small.shape[-2:]
    padded = continued(small, 1)
    large = F.interpolate(padded, (rows * stride + 1, columns * stride + 1), mode="bilinear",
                          align_corners=True)  # fmt: skip
    return large[..., : size[0], : size[1]]
