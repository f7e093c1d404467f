"""The Python side of the viewer: what it shows and what it gives back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import streamlit as st

from ctdenoise.ui.viewer import assets
from ctdenoise.ui.viewer.readout import Readout
from ctdenoise.units import DIFFERENCE, WINDOWS, Window

Point = tuple[float, float]

TOOLS = ("window", "zoom", "distance", "line", "region", "magnifier", "curtain", "play")
"""What a viewer can offer; a curtain needs two pictures and play needs two frames to appear."""

POINT = "point"
"""The tool that marks a place, where a page asks for one; it is in hand from the start."""

CLASSROOM = "viewer-classroom"
"""In the session: what every viewer does for a class, as :func:`viewer` takes it."""

STATES = ("frame", "line", "region", "background", "window", "dial", "point")
"""What the browser may report when a mouse button is released; each report reruns the page."""

_component = st.components.v2.component(
    "ctdenoise_viewer", html=assets.html(), css=assets.css(), js=assets.javascript()
)


@dataclass(frozen=True)
class Pane:
    """One picture of the viewer.

    ``frames``: addresses of int16 little-endian pictures, row-major, all of one shape, one per
    slice or epoch; a GET answers the raw bytes with the headers X-Rows and X-Columns, or an error
    status with one sentence. With the headers X-Scale and X-Offset, each picture's own, the values
    are stored * scale + offset. A pane with fewer frames than its neighbours stays on its last.
    ``color`` (#rrggbb) and ``dash`` (Plotly's names) identify the image in curves too.
    ``minus``: index of another pane whose frame is subtracted; the difference has a symmetric
    window of its own. ``note``: small text under the name.
    """

    name: str
    color: str
    frames: tuple[str, ...]
    dash: str = "solid"
    minus: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Band:
    """Stored rows ``[first, stop)`` of every picture that are marked, e.g. as training part."""

    label: str
    rows: tuple[int, int]
    color: str


@dataclass(frozen=True)
class Dial:
    """A slider below the pictures, from ``low`` to ``high``; two of them also make a pad."""

    title: str
    low: str
    high: str


@dataclass(frozen=True)
class ViewerState:
    """What a person has set in the viewer; rows and columns are those of the stored image.

    ``line``: its two ends as (row, column), pixel centres at whole numbers. ``region`` and
    ``background``: first row, first column, height, width in pixels. ``dial``: where each dial
    stands, 0 to 1. ``point``: the (row, column) that was marked.
    """

    frame: int
    line: tuple[Point, Point] | None
    region: tuple[int, int, int, int] | None
    background: tuple[int, int, int, int] | None
    window: Window
    dial: tuple[float, ...] = ()
    point: Point | None = None


def viewer(
    panes: Sequence[Pane],
    *,
    key: str,
    window: Window,
    spacing: tuple[float, float] | None = None,
    unit: str = "HU",
    orientation: Sequence[float] | None = None,
    labels: Sequence[str] | None = None,
    frame: int = 0,
    follow: bool = False,
    height: int = 420,
    columns: int | None = None,
    tools: Sequence[str] = TOOLS,
    overlay: Sequence[Band] = (),
    report: Sequence[str] = STATES,
    dials: Sequence[Dial] = (),
    dial: Sequence[float] = (),
    stops: int = 9,
    view: tuple[float, float, float] | None = None,
    point: Point | None = None,
    target: tuple[float, float, float, float] | None = None,
    readout: Readout | None = None,
    classroom: Mapping[str, Any] | None = None,
) -> ViewerState:
    """Show ``panes`` side by side, linked, and return what was set in them.

    ``spacing``: distance of rows and of columns in mm. ``orientation``: the six direction cosines
    of a row and of a column; the display is turned to the radiological view and marked L/R/A/P.
    ``height``: of a pane at most, in pixels. ``columns``: how many panes stand side by side, None
    for as many as fit. ``labels``: one per frame. ``tools``: without any, frames alone can be
    changed.
    ``frame`` and ``window`` hold at the start and again whenever the
    page passes another value; with ``follow``, ``frame`` holds at the start alone, and the viewer
    goes along with frames that are added at the end while it shows the last.
    ``report`` names the states whose change, once the button is released, reruns the page (or the
    fragment). The windows that one chooses by name are in HU, and left out for other units.
    ``dials``: where a frame's address holds ``{}``, pictures are mixed from those at the nearest of
    ``stops`` settings from 0 to 1 a dial (``0.25``, or ``0.25-0.5`` of two dials, in place of the
    ``{}``) as the dials move; ``dial`` is where they stand at the start. ``view``: the pixel (row,
    column) in the middle of every pane and how many times the picture is enlarged, at the start
    and after a reset; None for the whole picture. ``point``: the (row, column) that is marked at
    the start. ``target``: first row, first column, height and width of an ellipse round the place
    that was asked for. ``readout``: what is told of the frame in view.
    ``classroom``: where the viewer sends what it shows, as ``presenting`` while it does so by
    itself and as ``showing`` by its button, and, as ``setting``, what it is set to at the start;
    None for what holds in the whole session.
    """
    if not panes:
        raise ValueError("a viewer needs at least one pane")
    for chosen, known in ((tools, (*TOOLS, POINT)), (report, STATES)):
        if unknown := set(chosen) - set(known):
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    for pane in panes:
        if not pane.frames or (pane.minus is not None and not 0 <= pane.minus < len(panes)):
            raise ValueError(f"pane {pane.name!r} has no frames or subtracts a pane that is not")
    stands = list(dial) or [0.0] * len(dials)
    data = {
        "panes": [asdict(pane) for pane in panes],
        "spacing": spacing,
        "unit": unit,
        "window": [window.level, window.width],
        "presets": {n: [w.level, w.width] for n, w in WINDOWS.items()} if unit == "HU" else {},
        "orientation": list(orientation) if orientation is not None else None,
        "labels": list(labels) if labels is not None else None,
        "frame": frame,
        "follow": follow,
        "height": height,
        "columns": columns,
        "tools": list(tools),
        "bands": [asdict(band) for band in overlay],
        "report": list(report),
        "dials": [asdict(each) for each in dials],
        "dial": stands,
        "stops": stops,
        "view": view,
        "point": point,
        "target": target,
        "difference": DIFFERENCE if unit == "HU" else window.width / 2,
        "readout": _told(readout) if readout else None,
        **dict.fromkeys(("presenting", "showing", "setting")),
        **(st.session_state.get(CLASSROOM, {}) if classroom is None else classroom),
    }
    result = _component(
        key=key,
        data=[data],  # not a bare dict: Streamlit imports pandas to search it for tables
        on_frame_change=_nothing,
        on_line_change=_nothing,
        on_region_change=_nothing,
        on_background_change=_nothing,
        on_window_change=_nothing,
        on_dial_change=_nothing,
        on_point_change=_nothing,
    )
    state = _state(result, frame, max(len(pane.frames) for pane in panes), window)
    marked = _numbers(result.get("point"), 2)
    turned = _numbers(result.get("dial"), len(dials)) or stands
    return replace(
        state,
        dial=tuple(min(max(each, 0.0), 1.0) for each in turned),
        point=(marked[0], marked[1]) if marked else point,
    )


def follower(url: str, *, key: str, height: int, pages: str) -> None:
    """Show what a class is presented at ``url``, without Python's help from then on; ``pages``:
    the address that those of pages begin with."""
    told = {
        "url": url,
        "height": height,
        "tools": TOOLS,
        "presets": {name: [w.level, w.width] for name, w in WINDOWS.items()},
        "difference": DIFFERENCE,
        "pages": pages,
    }
    _component(key=key, data=[{"follows": told}])


@lru_cache(maxsize=64)
def _told(readout: Readout) -> dict[str, Any]:
    return asdict(readout)


def _nothing() -> None:
    """Streamlit keeps only states that have a callback."""


def _state(result: Mapping[str, Any], frame: int, frames: int, window: Window) -> ViewerState:
    """What the browser says, checked: it is data from outside."""
    chosen = _numbers(result.get("frame"), 1) or [frame]
    shown = _numbers(result.get("window"), 2)
    line = _numbers(result.get("line"), 4)
    return ViewerState(
        frame=min(max(int(chosen[0]), 0), frames - 1),
        line=((line[0], line[1]), (line[2], line[3])) if line else None,
        region=_rectangle(result.get("region")),
        background=_rectangle(result.get("background")),
        window=Window(shown[0], shown[1] if shown[1] > 0 else 1.0) if shown else window,
    )


def _rectangle(value: Any) -> tuple[int, int, int, int] | None:
    numbers = _numbers(value, 4)
    if numbers is None or min(numbers[:2]) < 0 or min(numbers[2:]) < 1:
        return None
    row, column, height, width = map(int, numbers)
    return row, column, height, width


def _numbers(value: Any, count: int) -> list[float] | None:
    """``value`` as ``count`` finite numbers (a lone number counts as one), else None."""
    values = value if isinstance(value, list | tuple) else [value]
    if len(values) != count:
        return None
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        return None
    return [float(v) for v in values]
