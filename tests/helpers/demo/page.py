"""One viewer in a fragment with the chart of its line; the address chooses what it shows."""

import streamlit as st
from pictures import picture

from ctdenoise.metrics.profile import line_profile
from ctdenoise.ui.components import charts, palette
from ctdenoise.ui.viewer import Band, Dial, Pane, viewer
from ctdenoise.units import Window

FRAMES = 4
DIALS = (Dial("Grain", "smooth", "grainy"), Dial("Edges", "soft", "sharp"))
BANDS = [
    Band("test", (60, 90), "#009E73"),
    Band("training", (0, 2), "#0072B2"),
    Band("validation", (2, 4), "#E69F00"),
]
st.set_page_config(layout="wide")
shape = st.query_params.get("shape", "96/128")
rows, columns = map(int, shape.split("/"))
kinds = st.query_params.get("panes", "low,net,full").split(",")
long = "long" in st.query_params
styles = [palette.LOW, palette.RUNS[0], palette.FULL, palette.GAUSSIAN, palette.RUNS[1]]


def named(kind: str) -> str:
    return f"{kind} of a network with a name as long as people give" if long else kind


def pane(index: int, kind: str) -> Pane:
    style = styles[index]
    minus = kinds.index("full") if kind == "difference" else None
    if "dial" in kinds and kind in ("dial", "difference"):
        return Pane(named(kind), style.color, (f"/pixels/dial/{shape}/{{}}",), style.dash, minus)
    source = "low" if kind == "difference" else kind
    frames = tuple(f"/pixels/{source}/{shape}/{i}" for i in range(FRAMES))
    note = "Ships with CT Denoise" if long else ""
    return Pane(named(kind), style.color, frames, style.dash, minus, note)


@st.fragment
def show() -> None:
    state = viewer(
        [pane(i, kind) for i, kind in enumerate(kinds)],
        key="demo",
        spacing=(0.5, 0.5),
        window=Window(0, 400),
        orientation=(1, 0, 0, 0, -1, 0) if "flipped" in st.query_params else (1, 0, 0, 0, 1, 0),
        labels=[f"Slice {i + 1}{', z = −1234.5 mm' if long else ''}" for i in range(FRAMES)],
        dials=DIALS if "dial" in kinds else (),
        stops=5,
        view=(20, 90, 4) if "enlarged" in st.query_params else None,
        overlay=BANDS if "band" in st.query_params else (),
    )
    st.text(f"state {state}")
    if state.line:
        curves = [
            charts.Curve(
                kind,
                *line_profile(picture(kind, state.frame, rows, columns), *state.line, (0.5, 0.5)),
                style.color,
                style.dash,
            )
            for kind, style in zip(kinds, styles, strict=False)
            if kind != "difference"
        ]
        st.plotly_chart(charts.lines(curves, "Distance (mm)", "CT number (HU)"), key="chart")


show()
