"""The residual U-Net (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctdenoise.networks.drawing import LEFT, RIGHT, box, line, text
from ctdenoise.networks.spec import NETWORKS, LayerRow, NetworkSpec, Settings, between
from ctdenoise.units import counted

if TYPE_CHECKING:
    from ctdenoise.networks.base import Network

MULTIPLE = 4
"""Sizes that it takes as they are are multiples of this; others are continued at their edges."""
_HEIGHTS = (58, 86, 114)
"""Of the middle of its stages in the drawing, by their size."""


class UNetSpec(NetworkSpec):
    """Five stages of ``layers`` convolutions each, at full, half, quarter, half and full size."""

    def check(self, settings: Settings) -> None:
        """ValueError also where layers do not come in pairs, or with a stride above 1."""
        super().check(settings)
        if settings.layers % 2:
            raise ValueError("a U-Net's layers come in pairs, so their number must be even")
        if settings.stride > 1:
            raise ValueError("a U-Net makes the picture smaller by itself and needs stride 1")

    def build(self, settings: Settings) -> Network:
        """A :class:`UNet`."""
        from ctdenoise.networks.unet import UNet

        return UNet(
            settings.layers,
            settings.filters,
            settings.kernel_size,
            settings.activation.value,
            settings.residual,
        )

    def layer_table(
        self, settings: Settings, rows: int = 512, columns: int = 512
    ) -> list[LayerRow]:
        """A line a stage, one for each way to another size, the first and the last layer."""
        k, n, filters = settings.kernel_size, settings.layers, settings.filters
        kernel = f"{k} × {k}"
        # at full, half and quarter size; sizes that are no multiple are continued at their edges
        rows_there, columns_there = (-(-side // MULTIPLE) * MULTIPLE for side in (rows, columns))
        shapes = [(filters << s, rows_there >> s, columns_there >> s) for s in range(3)]
        sizes = ("full size", "half size", "quarter size")
        table = [LayerRow("First layer", kernel, 1, shapes[0], filters * (k * k + 1))]

        def stage(at: int) -> None:
            width = shapes[at][0]
            count = n * width * (width * k * k + 1)
            name = f"{counted(n, 'layer')} at {sizes[at]}"
            table.append(LayerRow(name, kernel, 1, shapes[at], count, layers=n))

        def step(name: str, start: int, end: int) -> None:
            count = shapes[end][0] * (4 * shapes[start][0] + 1)
            table.append(LayerRow(name, "2 × 2", 2, shapes[end], count))

        for at in (0, 1):
            stage(at)
            step("Half the size", at, at + 1)
        stage(2)
        for at in (1, 0):
            step("Twice the size", at + 1, at)
            stage(at)
        table.append(LayerRow("Last layer", kernel, 1, (1, rows, columns), filters * k * k + 1))
        return table

    def receptive_fields(self, settings: Settings) -> list[int]:
        """The largest over all positions of a value within the coarsest grid."""
        return [
            1 + max(sum(_looks(settings, pixel, line)) for pixel in range(MULTIPLE))
            for line in range(len(_way(settings)))
        ]

    def size_multiple(self, settings: Settings) -> int:
        """Pixels of the coarsest level's grid."""
        return MULTIPLE

    def radius(self, settings: Settings) -> int:
        """The largest over all positions of an output pixel within the coarsest grid."""
        return max(max(_looks(settings, pixel, -1)) for pixel in range(MULTIPLE))

    def in_words(self, settings: Settings) -> str:
        """Stages, filters and kernels in one sentence."""
        size = settings.kernel_size
        return (
            f"U-Net: {settings.layers} convolutions of {size} × {size} pixels in each of five "
            f"stages, {counted(settings.filters, 'filter')} at full size"
            f"{between(settings.activation)}"
        )

    def drawing(self, settings: Settings) -> list[str]:
        """The five stages, the smaller sizes lower, and what passes between equal sizes."""
        levels, wide, pitch, first = (0, 1, 2, 1, 0), 64.0, 112.0, 100.0
        parts = [
            line(
                (first + wide + pitch * n, _HEIGHTS[n]),
                (first + pitch * (4 - n), _HEIGHTS[n]),
                dashed=True,
            )
            for n in (0, 1)
        ]
        parts.append(line((LEFT, _HEIGHTS[0]), (first - 1, _HEIGHTS[0])))
        parts.append(line((first + 4 * pitch + wide + 1, _HEIGHTS[0]), (RIGHT, _HEIGHTS[0])))
        for n, level in enumerate(levels):
            x, y = first + pitch * n, _HEIGHTS[level]
            if n:
                parts.append(line((x - pitch + wide, _HEIGHTS[levels[n - 1]]), (x, y)))
            size = ("full", "half", "quarter")[level]
            parts.append(box(x, y, wide, 30, f"{settings.layers} × {settings.filters << level}"))
            parts.append(text(x + wide / 2, y + 27, f"{size} size", 10))
        return parts


def _way(settings: Settings) -> list[int | str]:
    """What each line of the layer table does along one axis: how many pixels it looks to each side,
    or the change of size. What passes by between equal sizes looks less far."""
    half = settings.kernel_size // 2
    stage = half * settings.layers
    down: list[int | str] = [stage, "half", stage, "half"]
    up: list[int | str] = ["twice", stage, "twice", stage]
    return [half, *down, stage, *up, half]


def _looks(settings: Settings, pixel: int, line: int) -> tuple[int, int]:
    """How far before and after ``pixel`` the output of a ``line`` of the layer table looks along
    one axis, in pixels of the input: back through the U."""
    way = _way(settings)
    way = way[: line % len(way) + 1]
    first = last = pixel
    for each in reversed(way):
        if isinstance(each, int):
            first, last = first - each, last + each
        elif each == "half":
            first, last = 2 * first, 2 * last + 1
        else:
            first, last = first // 2, last // 2
    smaller = way.count("half") - way.count("twice")
    return (pixel << smaller) - first, last - (pixel << smaller)


NETWORKS.register(
    UNetSpec(
        name="unet",
        title="U-Net",
        rank=1,
        sentence="also works on the picture at half and quarter size, so that it sees further in "
        "the same time.",
    )
)
