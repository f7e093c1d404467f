"""What the network of a config looks like, counted without building it (no torch)."""

from dataclasses import dataclass

from ctdenoise.training.config import Config


@dataclass(frozen=True)
class LayerRow:
    """One line of the layer table; ``output_shape`` is (channels, rows, columns)."""

    name: str
    kernel: str
    stride: int
    output_shape: tuple[int, int, int]
    parameters: int


def layer_table(config: Config, rows: int = 512, columns: int = 512) -> list[LayerRow]:
    """The layers in order for an input of ``rows`` x ``columns``, enlarging step included."""
    k, table = config.kernel_size, []
    channels = [1, *[config.filters] * (config.layers - 1), 1]
    r, c = rows, columns
    for i in range(config.layers):
        stride = config.stride if i == 0 else 1
        r, c = -(-r // stride), -(-c // stride)
        # a dial moves every filter along a line, which takes as many numbers again
        count = (1 + len(config.loss.dial)) * channels[i + 1] * (channels[i] * k * k + 1)
        shape = (channels[i + 1], r, c)
        table.append(LayerRow(f"Convolution {i + 1}", f"{k} × {k}", stride, shape, count))
    if config.stride > 1:
        table.append(LayerRow("Enlarge (linear)", "", 1, (1, rows, columns), 0))
    return table


def parameters(config: Config) -> int:
    """How many numbers training adjusts."""
    return sum(row.parameters for row in layer_table(config))
