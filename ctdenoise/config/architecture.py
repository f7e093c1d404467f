"""What the network of a config looks like, counted without building it (no torch)."""

from dataclasses import dataclass

from ctdenoise.config.config import Config
from ctdenoise.networks.grid import GRID


@dataclass(frozen=True)
class LayerRow:
    """One line of the layer table; ``output_shape`` is (channels, rows, columns)."""

    name: str
    kernel: str
    stride: int
    output_shape: tuple[int, int, int]
    parameters: int


def layer_table(config: Config, rows: int = 512, columns: int = 512) -> list[LayerRow]:
    """What is done in order to an input of ``rows`` x ``columns``, enlarging steps included."""
    if config.network == "unet":
        return _unet_table(config, rows, columns)
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


def _unet_table(config: Config, rows: int, columns: int) -> list[LayerRow]:
    """A line a stage, one for each way to another size, the first and the last layer."""
    k, n, filters = config.kernel_size, config.layers, config.filters
    kernel = f"{k} × {k}"
    # at full, half and quarter size; sizes that are no multiple are continued at their edges
    shapes = [(filters << s, -(-rows // GRID) * GRID >> s, -(-columns // GRID) * GRID >> s)
              for s in range(3)]  # fmt: skip
    sizes = ("full size", "half size", "quarter size")
    table = [LayerRow("First layer", kernel, 1, shapes[0], filters * (k * k + 1))]

    def stage(at: int) -> None:
        width = shapes[at][0]
        count = n * width * (width * k * k + 1)
        table.append(LayerRow(f"{n} layers at {sizes[at]}", kernel, 1, shapes[at], count))

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


def receptive_field(config: Config) -> int:
    """Side of the square of input pixels that one output pixel depends on, at its largest."""
    if config.network == "unet":
        reaches = [_unet_reach(config, pixel) for pixel in range(GRID)]
        return 1 + max(before + after for before, after in reaches)
    around, s = config.kernel_size - 1, config.stride
    enlarging = s if s > 1 else 0
    return 1 + around + (config.layers - 1) * around * s + enlarging


def grid(config: Config) -> int:
    """Pictures may be cut into tiles where rows and columns are multiples of this."""
    return GRID if config.network == "unet" else config.stride


def reach(config: Config) -> int:
    """Pixels to each side that an output pixel depends on, as a multiple of the grid.

    In a chain the first layer looks at full resolution and the others at the strided one; enlarging
    the result again takes in one coarse pixel more.
    """
    if config.network == "unet":
        radius = max(max(_unet_reach(config, pixel)) for pixel in range(GRID))
    else:
        half = config.kernel_size // 2
        radius = half * (1 + (config.layers - 1) * config.stride)
        radius += config.stride if config.stride > 1 else 0
    step = grid(config)
    return -(-radius // step) * step


def _unet_reach(config: Config, pixel: int) -> tuple[int, int]:
    """How far before and after output ``pixel`` a U-Net looks along one axis: back through it."""
    half = config.kernel_size // 2
    stage = half * config.layers
    first, last = pixel - half - stage, pixel + half + stage
    for _ in range(2):  # up from the smaller size
        first, last = first // 2 - stage, last // 2 + stage
    for _ in range(2):  # down from the larger size
        first, last = 2 * first - stage, 2 * last + 1 + stage
    return pixel - first + half, last + half - pixel


def parameters(config: Config) -> int:
    """How many numbers training adjusts."""
    return sum(row.parameters for row in layer_table(config))
