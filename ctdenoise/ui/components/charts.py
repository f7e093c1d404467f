"""The Plotly charts: axes titled in words with units, curves labelled where they end."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ctdenoise.ui.components import palette
from ctdenoise.ui.components.text import charted

LABEL_PIXELS = 16
"""Height of a line of text."""
FEWEST_TICKS, MOST_TICKS = 3, 6
"""On a logarithmic axis."""
ROOM_ABOVE = 0.08
"""Of the map's height, above and below its dots: a line of text."""
LEAST_SPAN = 0.1
"""Decades that a logarithmic axis shows at least: two numbers stand on any of them."""
FEW = 8
"""So many whole numbers all stand on an axis."""


@dataclass(frozen=True)
class Curve:
    """One line of a chart; ``color`` and ``dash`` are its image's all over the product."""

    name: str
    x: Sequence[float] | NDArray[np.floating]
    y: Sequence[float] | NDArray[np.floating]
    color: str
    dash: str = "solid"


@dataclass(frozen=True)
class Trail:
    """A run's way over the map: one dot an epoch; a starred run's last dot is a star."""

    id: str
    name: str
    x: Sequence[float]
    y: Sequence[float]
    color: str
    starred: bool


def lines(curves: Sequence[Curve], x_title: str, y_title: str, *, height: int = 300) -> go.Figure:
    """A line chart with every curve named at its right end."""
    figure = go.Figure()
    for curve in curves:
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            name=charted(curve.name),
            mode="lines",
            line={"color": curve.color, "dash": curve.dash, "width": 2},
            hovertemplate="%{fullData.name}: %{y:.4g}<extra></extra>",
        )
    drawn = [curve for curve in curves if len(curve.y)]
    heights = _apart([np.asarray(curve.y, float) for curve in drawn], height - 64)
    for curve, label in zip(drawn, heights, strict=True):
        figure.add_annotation(
            x=1.0,
            xref="paper",
            y=label,
            yref="y",
            text=charted(curve.name),
            showarrow=False,
            xanchor="left",
            xshift=6,
            font={"color": curve.color, "size": 12},
        )
    longest = max((len(c.name) for c in curves), default=0)
    figure.update_layout(
        height=height,
        showlegend=False,
        hovermode="x unified",
        margin={"l": 70, "r": 16 + 7 * longest, "t": 16, "b": 48},
    )
    figure.update_xaxes(title=charted(x_title), showgrid=False, automargin=True)
    figure.update_yaxes(title=charted(y_title), automargin=True)
    if _counts([curve.x for curve in drawn]):
        figure.update_xaxes(tick0=0, dtick=1)
    return figure


def log_axis(values: Sequence[float] | NDArray[np.floating]) -> dict[str, Any]:
    """A logarithmic axis over the positive ``values``, with a few round numbers written out:
    Plotly's own ticks read 2, 5, 10k, 2, 5."""
    known = np.asarray(values, float)
    low, high = known[known > 0].min(), known[known > 0].max()
    span = np.log10(high / low)
    room = max(0.05 * span, (LEAST_SPAN - span) / 2)
    shown = np.log10(low) - room, np.log10(high) + room
    decades = 10.0 ** np.arange(np.floor(shown[0]), np.ceil(shown[1]))
    for digits in ([1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8], np.arange(1, 10, 0.1)):
        every = np.outer(decades, digits).ravel()
        ticks = every[(every >= 10 ** shown[0]) & (every <= 10 ** shown[1])]
        if len(ticks) >= FEWEST_TICKS:
            break
    ticks = ticks[:: math.ceil(len(ticks) / MOST_TICKS)]
    return {
        "type": "log",
        "range": shown,
        "tickvals": ticks,
        "ticktext": [f"{tick:,.10g}" for tick in ticks],
    }


def _counts(axes: Sequence[Sequence[float] | NDArray[np.floating]]) -> bool:
    """Whether these are a few whole numbers, of which there are no halves: slices, epochs."""
    every = np.concatenate([np.asarray(x, float) for x in axes]) if axes else np.empty(0)
    return bool(every.size and np.ptp(every) <= FEW and np.all(every == np.rint(every)))


def _apart(curves: list[NDArray[np.float64]], pixels: int) -> list[float]:
    """Heights of the end labels in axis units, moved apart where they would overlap."""
    if not curves:
        return []
    spread = np.array([y[-1] for y in curves])
    step = LABEL_PIXELS * max(float(np.ptp(np.concatenate(curves))), 1e-9) / pixels
    for before, here in pairwise(np.argsort(spread)):
        spread[here] = max(spread[here], spread[before] + step)
    return [float(v) for v in spread]


def landscape(
    trails: Sequence[Trail],
    others: Sequence[tuple[str, float, float]],
    frontier: Sequence[tuple[float, float]],
    unit: str,
) -> go.Figure:
    """Distortion across, perception up; every dot can be clicked and carries its run and number.
    What begins from nothing lies ten times as far as all others, so distances across are ratios.

    ``others``: (name, distortion, perception) of what needs no network, in one grey row.
    """
    across = [x for _, x, _ in others] + [x for trail in trails for x in trail.x]
    up = [y for _, _, y in others] + [y for trail in trails for y in trail.y]
    axis = log_axis(across)
    middle = 10 ** (sum(axis["range"]) / 2)
    room = ROOM_ABOVE * max(max(up) - min(up), 1e-6)
    figure = go.Figure()
    figure.add_scatter(
        x=[x for x, _ in frontier],
        y=[y for _, y in frontier],
        mode="lines",
        line={"color": "#888888", "width": 6},
        opacity=0.3,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[x for _, x, _ in others],
        y=[y for _, _, y in others],
        text=[charted(name) for name, _, _ in others],
        mode="markers+text",
        # Towards the middle, so that no label leaves the plot; neighbours not on one line.
        textposition=[
            f"{('top', 'bottom')[number % 2]} {'left' if x > middle else 'right'}"
            for number, (_, x, _) in enumerate(others)
        ],
        marker={"color": palette.GAUSSIAN.color, "symbol": "x-thin-open", "size": 9},
        hovertemplate="%{text}: %{x:.1f}, %{y:.1f} dB<extra></extra>",
    )
    for trail in trails:
        last = len(trail.x) - 1
        figure.add_scatter(
            x=trail.x,
            y=trail.y,
            name=charted(trail.name),
            customdata=[[trail.id, number] for number in range(len(trail.x))],
            mode="lines+markers",
            line={"color": trail.color, "width": 1},
            marker={
                "color": trail.color,
                "size": [6] * last + [18 if trail.starred else 12],
                "symbol": ["circle"] * last + ["star" if trail.starred else "circle"],
                "opacity": [0.45] * last + [1.0],
            },
            hovertemplate="%{fullData.name}, picture %{customdata[1]}: "
            "%{x:.1f}, %{y:.1f} dB<extra></extra>",
        )
    figure.update_layout(
        height=500,
        margin={"l": 60, "r": 8, "t": 8, "b": 48},
        hovermode="closest",
        clickmode="event+select",
        legend={"orientation": "h", "y": -0.14, "yanchor": "top"},
    )
    for trace in figure.data[:2]:
        trace.showlegend = False
    figure.update_xaxes(
        title=charted(f"Distortion: RMSE{unit and f' ({unit})'}"), showgrid=False, **axis
    )
    figure.update_yaxes(
        title="Perception: texture distance (dB)", range=[min(up) - room, max(up) + room]
    )
    return figure
