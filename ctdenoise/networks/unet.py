"""A residual U-Net: the same picture at full, half and quarter size.

Sources: Ronneberger et al., MICCAI 2015 (the U); Zhang et al., "Plug-and-Play Image Restoration
with Deep Denoiser Prior" (DRUNet), IEEE TPAMI 2022, whose pairs of layers with a bypass, and sums
in place of concatenations, are used here.
"""

import torch
from torch import Tensor, nn

from ctdenoise.networks.base import ACTIVATIONS, Network, continued
from ctdenoise.networks.specs.unet import MULTIPLE


class UNet(Network):
    """Five stages of ``layers`` convolutions each: full, half, quarter, half and full size.

    ``filters`` at full size, twice as many at half and four times as many at quarter size.
    """

    def __init__(self, layers: int, filters: int, kernel_size: int = 3, activation: str = "relu",
                 residual: bool = True) -> None:  # fmt: skip
        super().__init__(residual)
        full, half, quarter = filters, 2 * filters, 4 * filters

        def stage(width: int) -> nn.Sequential:
            return nn.Sequential(
                *(Pair(width, kernel_size, activation) for _ in range(layers // 2))
            )

        self.first = nn.Conv2d(1, full, kernel_size, padding=kernel_size // 2)
        self.down = nn.ModuleList([stage(full), stage(half)])
        self.smaller = nn.ModuleList([nn.Conv2d(full, half, 2, 2), nn.Conv2d(half, quarter, 2, 2)])
        self.bottom = stage(quarter)
        self.larger = nn.ModuleList(
            [nn.ConvTranspose2d(quarter, half, 2, 2), nn.ConvTranspose2d(half, full, 2, 2)]
        )
        self.up = nn.ModuleList([stage(half), stage(full)])
        self.last = nn.Conv2d(full, 1, kernel_size, padding=kernel_size // 2)

    def initialise(self, generator: torch.Generator) -> None:
        """He's weights; every pair starts out as its bypass, a residual's last layer as zero."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_uniform_(module.weight, a=5**0.5, generator=generator)
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        for module in self.modules():
            if isinstance(module, Pair):
                nn.init.zeros_(module.second.weight)
        if self.residual:
            nn.init.zeros_(self.last.weight)

    def forward(self, hu: Tensor) -> Tensor:
        """Denoise a batch (batch, 1, rows, columns) in the image's unit; any size."""
        rows, columns = hu.shape[-2:]
        x = continued(self.scaled(hu), MULTIPLE - 1)
        x = x[..., : _whole(rows), : _whole(columns)]
        # bf16 has too few digits for HU: what comes in and what goes out stays in float32.
        with torch.autocast(x.device.type, enabled=False):
            x = self.first(x)
        passing = []
        for stage, smaller in zip(self.down, self.smaller, strict=True):
            passing.append(x := stage(x))
            x = smaller(x)
        x = self.bottom(x)
        for larger, stage in zip(self.larger, self.up, strict=True):
            x = stage(larger(x) + passing.pop())
        with torch.autocast(x.device.type, enabled=False):
            x = self.last(x.to(hu.dtype))[..., :rows, :columns]
            return self.picture(hu, x)


def _whole(side: int) -> int:
    """The next multiple of :data:`MULTIPLE`."""
    return (side + MULTIPLE - 1) // MULTIPLE * MULTIPLE


class Pair(nn.Module):
    """Two convolutions with an activation between, added to what came in."""

    def __init__(self, width: int, kernel_size: int, activation: str) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, kernel_size, padding=kernel_size // 2)
        self.activation = ACTIVATIONS[activation]()
        self.second = nn.Conv2d(width, width, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the same shape, the input's plus what both convolutions add."""
        change: Tensor = self.second(self.activation(self.first(x)))
        return x + change
