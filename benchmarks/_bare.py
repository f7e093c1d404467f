"""The yardstick of the dashboard: what Streamlit itself does, on pages with hardly anything.

``?busy=0.03`` keeps the processor busy for so many seconds in each run of the script.
"""

import time

import numpy as np
import plotly.graph_objects as go
import streamlit as st

app = st.App(__file__)

PICTURE = np.tile(np.arange(256, dtype=np.uint8), (256, 1))


def one() -> None:
    """A title and a picture."""
    st.title("Page one")
    st.image(PICTURE)
    end = time.thread_time() + float(st.query_params.get("busy", "0"))
    while time.thread_time() < end:
        pass


def two() -> None:
    """Another title and a picture."""
    st.title("Page two")
    st.image(PICTURE)


@st.fragment
def chart() -> None:
    """A chart as large as that of a line on Compare, another one after each press."""
    pressed = st.button("Redraw")
    rise = st.session_state["rise"] = st.session_state.get("rise", 0) + int(pressed)
    figure = go.Figure()
    for curve in range(4):
        figure.add_scatter(y=np.sin(np.arange(150) / (5 + rise + curve)), mode="lines")
    figure.update_layout(height=300)
    st.plotly_chart(figure, key="chart")


def three() -> None:
    """A chart in a fragment."""
    st.title("Page three")
    chart()


if __name__ == "__main__":
    st.navigation([
        st.Page(one, title="One", default=True), st.Page(two, title="Two"),
        st.Page(three, title="Three"),
    ]).run()  # fmt: skip
