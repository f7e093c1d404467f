"""Charts of a class's answers and progress as inline SVG: for pages and reports, in either theme,
without a script."""

from collections.abc import Sequence
from html import escape

from ctdenoise.lessons.tally import Bar

ROUNDS = ("#0072B2", "#E69F00")
"""Of a first and a second vote, which remain apart for colour-blind eyes."""
LINE, LABEL, WIDTH = 20, 250, 640


def bars(rounds: Sequence[Sequence[Bar]], *, right: bool = False, shares: bool = True) -> str:
    """Bars of each answer, those of several rounds below each other; ``right``: whether the right
    answers are marked; ``shares``: whether percentages stand behind the numbers."""
    totals = [max(sum(bar.count for bar in each), 1) for each in rounds]
    high = max((bar.count / total for each, total in zip(rounds, totals, strict=True)
                for bar in each), default=1.0) or 1.0  # fmt: skip
    room = WIDTH - LABEL - 90
    parts, y = [], 0
    for row in range(len(rounds[0]) if rounds else 0):
        label, wanted = rounds[0][row].label, rounds[0][row].right and right
        lines = _wrapped(f"✓ {label}" if wanted else label)
        height = max(LINE * len(rounds), 15 * len(lines))
        for number, line in enumerate(lines):
            parts.append(_text(LABEL - 10, y + 14 + 15 * number, line, "end", bold=wanted))
        for number, each in enumerate(rounds):
            bar, top = each[row], y + number * LINE
            share = bar.count / totals[number]
            parts.append(
                f'<rect x="{LABEL}" y="{top + 2}" width="{max(room * share / high, 1):.1f}" '
                f'height="{LINE - 4}" rx="2" fill="{ROUNDS[number % 2]}"/>'
            )
            told = f"{bar.count}" + (f" · {share:.0%}" if shares else "")
            parts.append(_text(LABEL + room * share / high + 8, top + 15, told))
        y += height + 8
    return _svg(y, "".join(parts), "Bars: " + "; ".join(_told(each) for each in rounds))


def dots(places: Sequence[tuple[float, float]], picture: str = "") -> str:
    """Where people clicked, (row, column) as shares, on the ``picture`` of this address or in an
    empty frame."""
    side = 360
    below = f'<image href="{escape(picture)}" width="{side}" height="{side}"/>' if picture else ""
    points = "".join(
        f'<circle cx="{column * side:.0f}" cy="{row * side:.0f}" r="6" fill="{ROUNDS[1]}" '
        'fill-opacity="0.7" stroke="#000" stroke-opacity="0.6"/>'
        for row, column in places
    )
    frame = f'<rect width="{side}" height="{side}" fill="none" stroke="currentColor"/>'
    return _svg(side, below + frame + points, f"{len(places)} places in the picture", width=side)


def curves(named: Sequence[tuple[str, str, str, Sequence[tuple[float, float]]]], axis: str) -> str:
    """A curve each: name, colour, dash pattern and its (x, y) points; ``axis`` names the y's."""
    points = [point for *_, each in named for point in each]
    if not points:
        return ""
    left, top, wide, tall = 60, 24, 400, 230
    xs, ys = ([point[i] for point in points] for i in (0, 1))
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    across, up = (x1 - x0) or 1, (y1 - y0) or 1

    def at(x: float, y: float) -> str:
        return f"{left + wide * (x - x0) / across:.1f},{top + tall * (1 - (y - y0) / up):.1f}"

    parts = [
        f'<path d="M{left} {top}V{top + tall}H{left + wide}" fill="none" stroke="currentColor" '
        'stroke-opacity="0.5"/>',
        _text(left - 6, top + 5, f"{y1:.4g}", "end"),
        _text(left - 6, top + tall, f"{y0:.4g}", "end"),
        _text(left, top + tall + 18, f"{x0:g}", "middle"),
        _text(left + wide, top + tall + 18, f"{x1:g}", "middle"),
        _text(left + wide / 2, top + tall + 18, "Epoch", "middle"),
        _text(left, top - 10, axis),
    ]
    for number, (name, color, dash, each) in enumerate(named):
        path = " ".join(at(*point) for point in each)
        style = f'stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"'
        parts.append(f'<polyline points="{path}" fill="none" {style}/>')
        y = top + 10 + 18 * number
        parts.append(f'<path d="M{left + wide + 15} {y}h26" {style}/>')
        parts.append(_text(left + wide + 47, y + 5, name[:24]))
    height = max(top + tall + 28, top + 18 * len(named) + 10)
    return _svg(height, "".join(parts), f"{axis} after each epoch")


def _told(bars: Sequence[Bar]) -> str:
    return ", ".join(f"{bar.label}: {bar.count}" for bar in bars)


def _wrapped(text: str, most: int = 38) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    cut = lines[:4]
    return cut if len(lines) <= 4 else [*cut[:3], f"{cut[3]} …"]


def _text(x: float, y: float, text: str, anchor: str = "start", *, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor"{weight}>'
        f"{escape(text, quote=False)}</text>"
    )


def _svg(height: float, parts: str, told: str, width: float = WIDTH) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(told)}" '
        f'style="width:100%;max-width:{1.3 * width:.0f}px;font:14px system-ui,sans-serif" '
        f'xmlns="http://www.w3.org/2000/svg">{parts}</svg>'
    )
