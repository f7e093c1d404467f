"""Small pieces that several pages show."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.hounsfield import WINDOWS
from ctdenoise.runs.store import Run
from ctdenoise.scans.library import PairRecord
from ctdenoise.ui import menu, panes
from ctdenoise.ui.session import SAMPLE, arrived, library, pairs
from ctdenoise.ui.viewer import viewer

STATES = {
    "queued": ":material/hourglass_top: waiting",
    "running": ":material/play_circle: training",
    "finished": ":material/check_circle: finished",
    "stopped": ":material/pause_circle: stopped",
    "failed": ":material/error: failed",
}


def pair_name(owner: str, record: PairRecord) -> str:
    """One line that tells a pair apart: name, dose, slices."""
    dose = f", {record.dose_fraction:.0%} dose" if record.dose_fraction else ""
    how = " simulated" if record.simulated else ""
    sample = "Sample: " if owner == SAMPLE else ""
    plural = "slice" if record.slices == 1 else "slices"
    return f"{sample}{record.name} ({record.slices} {plural}{dose}{how})"


def pair_picker(label: str, page: str) -> tuple[str, PairRecord]:
    """Choose one pair; a page stops here, with the way on, while there is none."""
    available = pairs()
    if not available:
        preparing_sample()
        st.stop()
    key = f"{page}-pair"
    for linked in arrived("pair", page):
        if found := next((k for k in available if k[1] == linked), None):
            st.session_state[key] = found
    if st.session_state.get(key) not in available:
        st.session_state.pop(key, None)
    chosen = st.selectbox(
        label,
        list(available),
        format_func=lambda k: pair_name(k[0], available[k]),
        key=key,
        persist_state="session",
    )
    return chosen[0], available[chosen]


@st.fragment(run_every=1.0)
def preparing_sample() -> None:
    """Shown for the first seconds of a fresh installation."""
    if library(SAMPLE).pairs():
        st.rerun(scope="app")
    st.info(
        "The sample is being made from real CT slices: a few seconds.",
        icon=":material/hourglass_top:",
    )


def first_look(owner: str, record: PairRecord) -> None:
    """Low dose beside full dose: the first picture of the product."""
    low, full = panes.low(owner, record), panes.full(owner, record)
    viewer(
        [low, full],
        key="first-look",
        height=330,
        window=WINDOWS["soft tissue"],
        report=(),
        **panes.geometry(library(owner).pair(record.id)),
    )


def step(place: DeltaGenerator, number: str, page: str, sentence: str) -> None:
    with place.container(border=True, height="stretch"):
        st.page_link(
            menu.page(page), label=f"**{number}. {page}**", icon=":material/arrow_forward:"
        )
        st.caption(sentence)


def run_line(run: Run) -> None:
    """One run in one line, with the way to it."""
    columns = st.columns([5, 2, 2, 1], vertical_alignment="center")
    columns[0].markdown(f"**{run.name}**")
    columns[1].markdown(STATES[run.state])
    columns[2].caption(ago(run.created))
    columns[3].page_link(menu.page("Watch"), label="Open", query_params={"run": run.id})


def ago(moment: float) -> str:
    """How long since ``moment`` (seconds since 1970), in words."""
    seconds = max(0, time.time() - moment)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def duration(seconds: float) -> str:
    """A length of time as people say it: 8 s, 2 min 10 s, 1 h 5 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
