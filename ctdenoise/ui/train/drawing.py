"""The network as a drawing (SVG)."""

import math

from ctdenoise.config.config import Activation, Config
from ctdenoise.ui.train.form import WORDS

INK = "#7d8590"
"""Of text and lines: readable on the light and on the dark page."""

_WIDTH, _HEIGHT = 720, 190
_MIDDLE = 80
_LEVELS = (58, 86, 114)
"""Height of the middle of a U-Net's stages, by their size."""


def network(config: Config) -> str:
    """A network from left to right; taller boxes have more filters."""
    parts = [_picture(8, "Low dose"), _picture(_WIDTH - 60, "Denoised")]
    parts += _u(config) if config.network == "unet" else _chain(config)
    words = in_words(config)
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{words}</text>')
    if config.residual:
        parts.append(
            f'<path d="M 34 {_MIDDLE + 28} V 158 H {_WIDTH - 34} V {_MIDDLE + 28}" fill="none" '
            'stroke="#D55E00" stroke-dasharray="5 4"/>'
            f'<text x="{_WIDTH / 2}" y="153" text-anchor="middle" fill="#D55E00">'
            "the picture itself passes by: only the noise has to be learned</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'color="{INK}" fill="{INK}" font-family="sans-serif" font-size="12">'
        + "".join(parts)
        + "</svg>"
    )


def _chain(config: Config) -> list[str]:
    count, parts = config.layers, []
    pitch = (_WIDTH - 150) / count
    box = min(46.0, pitch * 0.62)
    for layer in range(count):
        filters = 1 if layer == count - 1 else config.filters
        x = 75 + pitch * (layer + 0.5) - box / 2
        parts.append(_box(x, _MIDDLE, box, 16 + 12 * math.log2(1 + filters), str(filters)))
        parts.append(_arrow(x - pitch + box + 1 if layer else 62, x - 1))
        if layer == count - 1:
            parts.append(_arrow(x + box + 1, _WIDTH - 62))
    return parts


def _u(config: Config) -> list[str]:
    """The five stages of a U-Net, the smaller sizes lower, and what passes between equal sizes."""
    levels, box, pitch, first = (0, 1, 2, 1, 0), 64.0, 112.0, 100.0
    parts = [
        f'<line x1="{first + box + pitch * n:.1f}" x2="{first + pitch * (4 - n):.1f}" '
        f'y1="{_LEVELS[n]}" y2="{_LEVELS[n]}" stroke="currentColor" stroke-dasharray="2 3"/>'
        for n in (0, 1)
    ]
    parts += [_arrow(62, first - 1, _LEVELS[0]), _arrow(first + 4 * pitch + box + 1, _WIDTH - 62,
                                                        _LEVELS[0])]  # fmt: skip
    for n, level in enumerate(levels):
        x, y = first + pitch * n, _LEVELS[level]
        if n:
            before = x - pitch + box, _LEVELS[levels[n - 1]]
            parts.append(f'<line x1="{before[0]:.1f}" y1="{before[1]}" x2="{x:.1f}" y2="{y}" '
                         'stroke="currentColor"/>')  # fmt: skip
        size = ("full", "half", "quarter")[level]
        parts.append(_box(x, y, box, 30, f"{config.layers} × {config.filters << level}"))
        parts.append(f'<text x="{x + box / 2:.1f}" y="{y + 27}" text-anchor="middle" '
                     f'font-size="10">{size} size</text>')  # fmt: skip
    return parts


def in_words(config: Config) -> str:
    """The drawing in one line."""
    size = config.kernel_size
    bend = (
        ""
        if config.activation is Activation.NONE
        else f", {WORDS[config.activation.value]} between"
    )
    if config.network == "unet":
        return (
            f"U-Net: {config.layers} convolutions of {size} × {size} pixels in each of five "
            f"stages, {config.filters} filters at full size{bend}"
        )
    return (
        f"{config.layers} convolutions of {size} × {size} pixels, "
        f"{config.filters} filters each, one in the last{bend}"
    )


def _picture(x: float, label: str) -> str:
    return (
        f'<rect x="{x}" y="{_MIDDLE - 26}" width="52" height="52" fill="#808080" '
        f'fill-opacity="0.35" stroke="currentColor"/>'
        f'<text x="{x + 26}" y="{_MIDDLE - 33}" text-anchor="middle">{label}</text>'
    )


def _box(x: float, middle: float, wide: float, tall: float, label: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{middle - tall / 2:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
        'rx="3" fill="#0072B2" fill-opacity="0.25" stroke="#0072B2"/>'
        f'<text x="{x + wide / 2:.1f}" y="{middle + 4}" text-anchor="middle">{label}</text>'
    )


def _arrow(start: float, end: float, middle: float = _MIDDLE) -> str:
    ends = f'x1="{start:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}"'
    return f'<line {ends} stroke="currentColor"/>'
