"""A plain chain of convolutions, the network of the article.

Source: Huber, Missert, Erickson, "Magician's Corner 7", Radiology: AI 2020;2(5):e200036, and
Zhang et al., "Beyond a Gaussian denoiser" (DnCNN), IEEE TIP 2017, for learning the noise.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.1),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "none": nn.Identity,
}
"""What may stand between two layers, by the config's name."""


class PlainCNN(nn.Module):
    """``layers`` convolutions of ``filters`` filters, the last of one filter and not activated.

    Takes and returns HU, shape (batch, 1, rows, columns), of any size. The buffers ``mean`` and
    ``sd`` are those of the training input; ``noise_sd`` scales what a residual network predicts.
    With a ``stride`` above 1 the first layer skips pixels; the last layer's small image is then
    enlarged linearly to the size of the input.
    """

    mean: Tensor
    sd: Tensor
    noise_sd: Tensor

    def __init__(self, layers: int, filters: int, kernel_size: int = 3, stride: int = 1,
                 activation: str = "relu", residual: bool = True) -> None:  # fmt: skip
        super().__init__()
        self.stride, self.residual = stride, residual
        channels = [1, *[filters] * (layers - 1), 1]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels[i], channels[i + 1], kernel_size, padding=kernel_size // 2,
                      stride=stride if i == 0 else 1)
            for i in range(layers)
        )  # fmt: skip
        self.activation = ACTIVATIONS[activation]()
        for name, value in (("mean", 0.0), ("sd", 1.0), ("noise_sd", 1.0)):
            self.register_buffer(name, torch.tensor(value))

    @property
    def layers(self) -> list[nn.Conv2d]:
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

    def scale(self, mean: float, sd: float, noise_sd: float) -> None:
        """Set mean and SD of the training input, and SD of the noise in it."""
        self.mean.fill_(mean)
        self.sd.fill_(sd)
        self.noise_sd.fill_(noise_sd)

    def chain(self) -> Sequence[Callable[[Tensor], Tensor]]:
        """What is done one after the other, without the activation in between."""
        return self.layers

    def forward(self, hu: Tensor) -> Tensor:
        x = (hu - self.mean) / self.sd
        first, *hidden, last = self.chain()
        # bf16 has too few digits for HU: what comes in and what goes out stays in float32.
        with torch.autocast(x.device.type, enabled=False):
            x = self.activation(first(x))
        for layer in hidden:
            x = self.activation(layer(x))
        with torch.autocast(x.device.type, enabled=False):
            x = last(x.float())
            if self.stride > 1:
                x = _enlarge(x, self.stride, hu.shape[-2:])
            return hu - x * self.noise_sd if self.residual else x * self.sd + self.mean


def _enlarge(small: Tensor, stride: int, size: torch.Size) -> Tensor:
    """Linear interpolation that leaves pixel i of ``small`` exactly at pixel i * stride."""
    rows, columns = small.shape[-2:]
    padded = F.pad(small, (0, 1, 0, 1), mode="replicate")
    large = F.interpolate(padded, (rows * stride + 1, columns * stride + 1), mode="bilinear",
                          align_corners=True)  # fmt: skip
    return large[..., : size[0], : size[1]]
