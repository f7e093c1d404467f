"""What every network has: HU in, HU out, with its scale inside."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky_relu": lambda: nn.LeakyReLU(0.1, inplace=True),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "none": nn.Identity,
}
"""What may stand between two layers, by the config's name; in place, where no layer's gradient
needs what stood there before."""


class Network(nn.Module):
    """Takes and returns HU, shape (batch, 1, rows, columns), of any size.

    The buffers ``mean`` and ``sd`` are those of the training input; ``noise_sd`` scales what a
    residual network predicts. ``dials`` tells how many loss terms it can be told the weights of.
    """

    dials: int = 0

    mean: Tensor
    sd: Tensor
    noise_sd: Tensor

    def __init__(self, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        for name, value in (("mean", 0.0), ("sd", 1.0), ("noise_sd", 1.0)):
            self.register_buffer(name, torch.tensor(value))

    def scale(self, mean: float, sd: float, noise_sd: float) -> None:
        """Set mean and SD of the training input, and SD of the noise in it."""
        self.mean.fill_(mean)
        self.sd.fill_(sd)
        self.noise_sd.fill_(noise_sd)

    def initialise(self, generator: torch.Generator) -> None:
        """Fresh weights; a residual network then returns the unchanged image."""
        raise NotImplementedError

    def turn(self, setting: Tensor) -> None:
        """Set the dial to ``setting``, (dials,) from 0 to 1; between steps it stands at 0."""

    def fixed(self, setting: Tensor) -> "Network":
        """The network that this one is while its dial stands at ``setting``, (dials,)."""
        return self

    def scaled(self, hu: Tensor) -> Tensor:
        """The input as the first layer takes it."""
        return (hu - self.mean) / self.sd

    def picture(self, hu: Tensor, x: Tensor) -> Tensor:
        """HU from what the last layer says."""
        return hu - x * self.noise_sd if self.residual else x * self.sd + self.mean


def continued(image: Tensor, pixels: int) -> Tensor:
    """The last row and column of (..., rows, columns) repeated ``pixels`` times; put together from
    parts, since padding of any size is not what every program for exported networks can do."""
    taller = torch.cat([image, *[image[..., -1:, :]] * pixels], -2)
    return torch.cat([taller, *[taller[..., -1:]] * pixels], -1)
