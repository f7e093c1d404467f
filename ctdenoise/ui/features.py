"""The Features page: feature maps, where they differ, and what smoothing does to them."""

import base64
import io
import math

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds import features as kinds
from ctdenoise.jobs.kinds.features import SIGMAS, Smoothing, View
from ctdenoise.ui.caching import once
from ctdenoise.ui.components import charts, jobs, palette
from ctdenoise.units import upright

WAIT_SECONDS = 120
HEAT = np.array([255.0, 176.0, 0.0])
"""Colour of the places where features differ."""
TILE = 160
"""Longest side of a feature map on a wall, in pixels; larger maps are thinned out."""


@once(size=64)
def view(asked: Smoothing, sigma: float, by: str, count: int) -> View:
    """What a layer sees, for all who look at it."""
    seen = kinds.Features.model_validate(
        {**asked.model_dump(), "sigma": sigma, "by": by, "count": count}
    )
    view: View = executor().request(kinds.FEATURES, seen, asked.owner, WAIT_SECONDS)
    return view


def show(asked: Smoothing, sigma: float, by: str, count: int) -> None:
    """Where low and full dose differ, laid over the slice; the maps of both; the curves."""
    with st.spinner("VGG16 is looking …"):
        seen = view(asked, sigma, by, count)
    over, low, full = st.columns(3, gap="small")
    smoothed = f"Low dose, smoothed {sigma:g} px" if sigma else "Low dose"
    over.markdown("**Where it differs from full dose**")
    where = "The slice in grey, in orange where the features of low and full dose differ"
    over.image(_inline(_overlay(seen)), width="stretch", alt=where)
    over.image(_inline(_legend()), width="stretch", alt="From grey, no difference, to full orange")
    over.caption(
        "The colour from left to right: grey, VGG16 finds the same as at full dose; **orange**, "
        "other patterns than there; full orange, the hundredth of the slice that differs most."
    )
    told = f"{len(seen.numbers)} of {seen.maps} feature maps"
    scale = np.maximum(seen.low.max((1, 2)), seen.full.max((1, 2)))
    for place, name, maps in ((low, smoothed, seen.low), (full, "Full dose", seen.full)):
        place.markdown(f"**{name}**: {told}")
        wall = _inline(_wall(maps, scale, seen.orientation))
        place.image(wall, width="stretch", alt=f"{name}: {told} as grey tiles")
    numbers = ", ".join(map(str, seen.numbers[:12])) + (", …" if len(seen.numbers) > 12 else "")
    loss = f"{seen.loss:,.0f}" if seen.loss >= 1000 else f"{seen.loss:.4g}"
    st.markdown(
        f"Feature loss of {'the smoothed low dose' if sigma else 'the low dose'}: "
        f"**{loss}**, a number without a unit. It is the mean of the squared differences "
        "between the maps of low and full dose, so 0 is no difference, and only numbers of one "
        "layer can be compared."
    )
    st.caption(
        "Each tile is one map, bright where VGG16 finds its pattern, in the same grey for low and "
        f"full dose (maps number {numbers})."
    )
    _curves(asked, sigma)


def _curves(asked: Smoothing, sigma: float) -> None:
    """Feature loss and MSE of the smoothed low dose, in percent of those of the low dose."""
    found = jobs.answer(kinds.SMOOTHING, asked, asked.owner)
    if not found:
        return
    losses, errors = found
    left, right = st.columns([3, 2], gap="medium")
    curves = [
        charts.Curve("feature loss", SIGMAS, _percent(losses), palette.TERMS[0]),
        charts.Curve("MSE", SIGMAS, _percent(errors), palette.TERMS[1], "dash"),
    ]
    chart = charts.lines(curves, "Gaussian filter (px)", "Share of the low dose's (%)", height=260)
    chart.add_vline(x=sigma, line={"color": palette.GAUSSIAN.color, "dash": "dot"})
    left.plotly_chart(chart, key="feature-curves", config={"displayModeBar": False})
    best = [SIGMAS[int(np.argmin(each))] for each in (losses, errors)]
    right.markdown("##### What each loss would choose")
    right.write(
        "If blurring were all that a network could do, squared error would have it blur by "
        f"**{best[1]:g} px** and this layer's features by **{best[0]:g} px**"
        + (
            ": from the same scan, the two losses want different pictures."
            if best[0] != best[1]
            else "."
        )
    )


def _percent(values: list[float]) -> list[float]:
    return [100 * value / (values[0] or 1) for value in values]


def _inline(picture: NDArray[np.uint8]) -> str:
    """A picture as its own address: it comes with the page, and no link leads others to it."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _overlay(seen: View) -> NDArray[np.uint8]:
    """The slice in its window, and over it in colour where the features differ, (rows, columns,
    3); the strongest hundredth is opaque."""
    window = seen.window
    grey = np.clip((seen.image - window.lower) / window.width, 0, 1) * 255
    most = float(np.percentile(seen.where, 99)) or 1.0
    part = np.clip(seen.where / most, 0, 1)[..., None] * 0.85
    laid = ((1 - part) * grey[..., None] + part * HEAT).astype(np.uint8)
    return upright(laid, seen.orientation)


def _legend() -> NDArray[np.uint8]:
    """The overlay's colours over a middle grey, from no difference to the largest, (rows, columns,
    3)."""
    part = np.linspace(0, 0.85, 256)[None, :, None]
    strip = (1 - part) * 128 + part * HEAT
    return np.repeat(strip.astype(np.uint8), 8, axis=0)


def _wall(
    maps: NDArray[np.float32], scale: NDArray[np.float32], orientation: tuple[float, ...]
) -> NDArray[np.uint8]:
    """All maps (count, rows, columns) as tiles of one grey picture, each against its scale; the
    square root brings out what is weak."""
    maps = np.stack([upright(one, orientation) for one in maps])
    thin = max(1, math.ceil(max(maps.shape[1:]) / TILE))
    maps = maps[:, ::thin, ::thin]
    count, rows, columns = maps.shape
    across = math.ceil(math.sqrt(count * rows / columns))
    down = math.ceil(count / across)
    wall = np.full((down * (rows + 2), across * (columns + 2)), 60, np.uint8)
    for number, (tile, most) in enumerate(zip(maps, scale, strict=True)):
        top, left = number // across * (rows + 2), number % across * (columns + 2)
        wall[top : top + rows, left : left + columns] = 255 * np.sqrt(tile / max(float(most), 1e-9))
    return wall
