"""The chain of convolutions, with and without a dial (no torch)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ctdenoise.networks.drawing import LEFT, MIDDLE, RIGHT, WIDTH, box, line
from ctdenoise.networks.spec import NETWORKS, LayerRow, NetworkSpec, Settings, between
from ctdenoise.units import counted

if TYPE_CHECKING:
    from ctdenoise.networks.base import Network


class Chain(NetworkSpec):
    """The article's row of layers; on a dial, a :class:`~ctdenoise.networks.dial.DialCNN`."""

    def build(self, settings: Settings) -> Network:
        """A :class:`PlainCNN`, or a :class:`DialCNN` where terms are on the dial."""
        from ctdenoise.networks.chain import PlainCNN
        from ctdenoise.networks.dial import DialCNN

        shape = (
            settings.layers,
            settings.filters,
            settings.kernel_size,
            settings.stride,
            settings.activation.value,
            settings.residual,
        )
        return DialCNN(settings.dials, *shape) if settings.dials else PlainCNN(*shape)

    def layer_table(
        self, settings: Settings, rows: int = 512, columns: int = 512
    ) -> list[LayerRow]:
        """Convolutions in order; with a stride above 1, enlarging before the last."""
        k, table = settings.kernel_size, []
        channels = [1, *[settings.filters] * (settings.layers - 1), 1]
        r, c = rows, columns
        for i in range(settings.layers):
            stride = settings.stride if i == 0 else 1
            r, c = -(-r // stride), -(-c // stride)
            # a dial moves every filter along a line, which takes as many numbers again
            count = (1 + settings.dials) * channels[i + 1] * (channels[i] * k * k + 1)
            shape = (channels[i + 1], r, c)
            table.append(LayerRow(f"Convolution {i + 1}", f"{k} × {k}", stride, shape, count))
        if settings.stride > 1:
            table.append(LayerRow("Enlarge (linear)", "", 1, (1, rows, columns), 0))
        return table

    def operations(self, settings: Settings, rows: int = 512, columns: int = 512) -> int:
        """On a dial, the filters are moved first, and then used as those of a plain chain."""
        return super().operations(settings, rows, columns) // (1 + settings.dials)

    def largest(self, settings: Settings, rows: int = 512, columns: int = 512) -> int:
        """The last layer makes one picture for each number of its kernel, and adds them up."""
        pixels = math.prod(-(-side // settings.stride) for side in (rows, columns))
        return max(super().largest(settings, rows, columns), settings.kernel_size**2 * pixels)

    def receptive_fields(self, settings: Settings) -> list[int]:
        """The first layer adds kernel size - 1, each other ``stride`` times that; enlarging takes
        in one coarse pixel more."""
        around, s = settings.kernel_size - 1, settings.stride
        sides = [1 + around + layer * around * s for layer in range(settings.layers)]
        return [*sides, sides[-1] + s] if s > 1 else sides

    def size_multiple(self, settings: Settings) -> int:
        """The stride."""
        return settings.stride

    def radius(self, settings: Settings) -> int:
        """The first layer looks at full resolution and the others at the strided one; enlarging the
        result again takes in one coarse pixel more."""
        radius = settings.kernel_size // 2 * (1 + (settings.layers - 1) * settings.stride)
        return radius + (settings.stride if settings.stride > 1 else 0)

    def in_words(self, settings: Settings) -> str:
        """Layers, filters and kernels in one sentence."""
        size = settings.kernel_size
        return (
            f"{settings.layers} convolutions of {size} × {size} pixels, "
            f"{counted(settings.filters, 'filter')} each, one in the last"
            f"{between(settings.activation)}"
        )

    def drawing(self, settings: Settings) -> list[str]:
        """A box a layer; taller ones have more filters."""
        count, parts = settings.layers, []
        pitch = (WIDTH - 150) / count
        wide = min(46.0, pitch * 0.62)
        end = float(LEFT)
        for layer in range(count):
            filters = 1 if layer == count - 1 else settings.filters
            x = 75 + pitch * (layer + 0.5) - wide / 2
            parts.append(box(x, MIDDLE, wide, 16 + 12 * math.log2(1 + filters), str(filters)))
            parts.append(line((end, MIDDLE), (x - 1, MIDDLE)))
            end = x + wide + 1
        return [*parts, line((end, MIDDLE), (RIGHT, MIDDLE))]


NETWORKS.register(
    Chain(
        name="chain",
        title="chain",
        rank=0,
        sentence="the article's row of layers.",
        dial=True,
    )
)
