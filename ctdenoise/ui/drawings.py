"""The network as a drawing (SVG)."""

import math

from ctdenoise.training.config import Activation, Config
from ctdenoise.ui.forms import WORDS

INK = "#7d8590"
"""Of text and lines: readable on the light and on the dark page."""

_WIDTH, _HEIGHT = 720, 190
_MIDDLE = 80


def network(config: Config) -> str:
    """A plain convolutional network from left to right; taller boxes have more filters."""
    count = config.layers
    pitch = (_WIDTH - 150) / count
    box = min(46.0, pitch * 0.62)
    parts = [_picture(8, "Low dose"), _picture(_WIDTH - 60, "Denoised")]
    for layer in range(count):
        filters = 1 if layer == count - 1 else config.filters
        tall = 16 + 12 * math.log2(1 + filters)
        x = 75 + pitch * (layer + 0.5) - box / 2
        parts.append(
            f'<rect x="{x:.1f}" y="{_MIDDLE - tall / 2:.1f}" width="{box:.1f}" height="{tall:.1f}" '
            'rx="3" fill="#0072B2" fill-opacity="0.25" stroke="#0072B2"/>'
            f'<text x="{x + box / 2:.1f}" y="{_MIDDLE + 4}" text-anchor="middle">{filters}</text>'
        )
        parts.append(_arrow(x - pitch + box + 1 if layer else 62, x - 1))
        if layer == count - 1:
            parts.append(_arrow(x + box + 1, _WIDTH - 62))
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


def in_words(config: Config) -> str:
    """The drawing in one line."""
    size = config.kernel_size
    bend = (
        ""
        if config.activation is Activation.NONE
        else f", {WORDS[config.activation.value]} between"
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


def _arrow(start: float, end: float) -> str:
    ends = f'x1="{start:.1f}" x2="{end:.1f}" y1="{_MIDDLE}" y2="{_MIDDLE}"'
    return f'<line {ends} stroke="currentColor"/>'
