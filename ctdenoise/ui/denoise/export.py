"""Taking a denoised scan home: choose a format, have the file prepared, download it."""

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.exports.formats import FORMATS, ExportFormat
from ctdenoise.jobs import export
from ctdenoise.jobs.executor import Answer, engine
from ctdenoise.jobs.export import Order
from ctdenoise.ui.components import cards
from ctdenoise.units import Window
from ctdenoise.workspace.results import Denoising


def preparing(result: Denoising) -> bool:
    """Whether a file is being made, so that the section has to be drawn again and again."""
    return _key(result) in st.session_state


def show(result: Denoising, frame: int, strength: float, window: Window) -> None:
    """The section below a result that is not worked on any more; the slice and the window are
    those in view."""
    strength = round(strength, 2)
    st.markdown("##### Take it away")
    choice, button, told = st.columns([2.4, 2, 5], vertical_alignment="center")
    name: str = choice.selectbox(
        "What to take away",
        list(FORMATS),
        key="takeaway-form",
        persist_state="session",
        format_func=lambda each: FORMATS[each].title,
        label_visibility="collapsed",
    )
    form = FORMATS[name]
    if preparing(result):
        asked: Answer[None]
        made, asked = st.session_state[_key(result)]
        if not asked.done():
            fraction, sentence = export.progress(result, made)
            button.progress(fraction, sentence or "Waiting for its turn")
            return
        del st.session_state[_key(result)]
        try:
            asked.result()
        except Problem as problem:
            st.session_state[_key(result, "-problem")] = problem
        st.rerun(scope="app")  # without the timer
    if failed := st.session_state.pop(_key(result, "-problem"), None):
        st.error(str(failed), icon=":material/error:")
    if form.scope == "slice" and frame not in result.figures:
        told.caption("The slice in view has not been denoised: look at another one.")
        return
    order = Order(name, strength, frame, window)
    if reason := export.lacking(result, order):
        told.caption(f":material/info: {reason}")
        return
    told.caption(f"{form.sentence} {_what(result, form, order)}")
    file = export.file(result, order)
    if file.exists():
        button.download_button(
            f"Download ({_size(file.stat().st_size)})",
            lambda: file.open("rb"),  # read when it is clicked, not at every look at the page
            f"{result.record.name}-{file.name}",
            form.mime,
            type="primary",
            icon=":material/download:",
            width="stretch",
            on_click="ignore",
        )
    elif button.button("Prepare", icon=":material/package_2:", width="stretch"):
        record = result.record
        whole = form.scope == "series"
        asked = engine().ask(export.make, record.workspace, record.id, order, long=whole)
        st.session_state[_key(result)] = name, asked
        st.rerun(scope="app")  # with a timer


def _what(result: Denoising, form: ExportFormat, order: Order) -> str:
    """Which slices, and at which strength."""
    mix = f"at strength {order.strength:.0%}"
    if form.scope == "series":
        return f"Now: {cards.slices(len(result.figures))} {mix}."
    window = order.window
    return f"Now: slice {order.frame + 1} {mix}, window {window.level:g}/{window.width:g}."


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MB" if count >= 2**20 / 10 else f"{max(count / 2**10, 1):.0f} kB"


def _key(result: Denoising, more: str = "") -> str:
    """Of the format that is being made and the answer to come, in the session."""
    return f"takeaway-{result.record.id}{more}"
