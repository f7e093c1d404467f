"""What drawings of networks (SVG) are made of (no torch)."""

INK = "#7d8590"
"""Of text and lines: readable on the light and on the dark page."""
WIDTH, HEIGHT = 720, 190
MIDDLE = 80
"""Height at which the pictures stand and pass into the network."""
LEFT, RIGHT = 62, WIDTH - 62
"""Where the network begins and ends, beside the pictures."""


def diagram(parts: list[str], words: str, *, residual: bool) -> str:
    """``parts`` between the low dose and the denoised picture, and ``words`` below."""
    parts = [_picture(8, "Low dose"), _picture(WIDTH - 60, "Denoised"), *parts]
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">{words}</text>')
    if residual:
        parts.append(
            f'<path d="M 34 {MIDDLE + 28} V 158 H {WIDTH - 34} V {MIDDLE + 28}" fill="none" '
            'stroke="#D55E00" stroke-dasharray="5 4"/>'
            f'<text x="{WIDTH / 2}" y="153" text-anchor="middle" fill="#D55E00">'
            "the picture itself passes by: only the noise has to be learned</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'color="{INK}" fill="{INK}" font-family="sans-serif" font-size="12">'
        + "".join(parts)
        + "</svg>"
    )


def box(x: float, middle: float, wide: float, tall: float, label: str) -> str:
    """A layer or stage; ``x``: its left edge, ``middle``: half way down it."""
    return (
        f'<rect x="{x:.1f}" y="{middle - tall / 2:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
        'rx="3" fill="#0072B2" fill-opacity="0.25" stroke="#0072B2"/>'
        + text(x + wide / 2, middle + 4, label)
    )


def line(start: tuple[float, float], end: tuple[float, float], *, dashed: bool = False) -> str:
    """From (x, y) to (x, y)."""
    ends = f'x1="{start[0]:.1f}" x2="{end[0]:.1f}" y1="{start[1]}" y2="{end[1]}"'
    dashes = ' stroke-dasharray="2 3"' if dashed else ""
    return f'<line {ends} stroke="currentColor"{dashes}/>'


def text(x: float, y: float, label: str, size: int = 12) -> str:
    """Centred at ``x``."""
    return f'<text x="{x:.1f}" y="{y}" text-anchor="middle" font-size="{size}">{label}</text>'


def _picture(x: float, label: str) -> str:
    return (
        f'<rect x="{x}" y="{MIDDLE - 26}" width="52" height="52" fill="#808080" '
        f'fill-opacity="0.35" stroke="currentColor"/>' + text(x + 26, MIDDLE - 33, label)
    )
