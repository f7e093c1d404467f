"""Charts of a class's answers, for pages and reports, in either theme and without a script: bars
and places as HTML, which pages keep as it is, curves as SVG."""

from collections.abc import Sequence
from html import escape

from ctdenoise.lessons.tally import Bar

ROUNDS = ("#0072B2", "#E69F00")
"""Of a first and a second vote, which remain apart for colour-blind eyes."""
WIDTH = 640
SIDE = 360
"""Pixels of the picture on which places are marked."""


def bars(rounds: Sequence[Sequence[Bar]], *, right: bool = False) -> str:
    """Bars of each answer, those of several rounds below each other; ``right``: whether the right
    answers are marked."""
    totals = [max(sum(bar.count for bar in each), 1) for each in rounds]
    high = max(
        bar.count / total for each, total in zip(rounds, totals, strict=True) for bar in each
    )
    rows = []
    for each in zip(*rounds, strict=True):
        marked = right and each[0].right
        label = f"<b>✓ {escape(each[0].label)}</b>" if marked else escape(each[0].label)
        lines = "".join(
            _line(bar.count, bar.count / total, high or 1.0, color)
            for bar, total, color in zip(each, totals, ROUNDS, strict=False)
        )
        rows.append(
            f'<div style="text-align:right;max-width:22rem;align-self:center">{label}</div>'
            f"<div>{lines}</div>"
        )
    grid = "display:grid;grid-template-columns:fit-content(45%) minmax(0,1fr);gap:0.5rem 0.8rem"
    return f'<div class="bars" style="{grid}">{"".join(rows)}</div>'


def _line(count: int, share: float, high: float, color: str) -> str:
    """A bar with its number behind it; there is room for that behind the longest."""
    width = f"calc({share / high:.4f} * (100% - 6.5rem))"
    return (
        '<div style="display:flex;align-items:center;gap:0.5rem;margin:2px 0">'
        f'<span style="flex:none;width:{width};min-width:2px;height:1.1rem;border-radius:2px;'
        f'background:{color}"></span><span style="white-space:nowrap">{count} · {share:.0%}</span>'
        "</div>"
    )


def dots(places: Sequence[tuple[float, float]], picture: str = "") -> str:
    """Where people clicked, (row, column) as shares, on the ``picture`` of this address or in an
    empty frame."""
    below = (
        f'<img src="{escape(picture)}" alt="" style="width:100%;height:100%">' if picture else ""
    )
    points = "".join(
        f'<span style="position:absolute;left:calc({column:.2%} - 6px);top:calc({row:.2%} - 6px);'
        f"width:12px;height:12px;border-radius:50%;border:1px solid #000;background:{ROUNDS[1]};"
        'opacity:0.75"></span>'
        for row, column in places
    )
    frame = f"position:relative;width:{SIDE}px;max-width:100%;aspect-ratio:1;border:1px solid"
    return f'<div class="places" style="{frame}">{below}{points}</div>'


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
