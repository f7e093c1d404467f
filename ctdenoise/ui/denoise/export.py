"""Taking a denoised scan home: choose a format, have the file prepared, download it."""

import streamlit as st

from ctdenoise.exports.formats import FORMATS, ExportFormat
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds import export
from ctdenoise.jobs.kinds.export import EXPORT, Export
from ctdenoise.ui import downloads
from ctdenoise.ui.components import jobs
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.units import Window, counted, size
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.results import Result


def preparing(result: Result) -> bool:
    """Whether a file is being made, so that the section has to be drawn again and again."""
    newest = _newest(result)
    return newest is not None and newest.live


def show(result: Result, frame: int, mix: float, window: Window, watched: bool) -> None:
    """The section below a result that is not worked on any more; the slice and the window are
    those in view. ``watched``: drawn again and again, as long as a file is being made."""
    st.markdown("##### Take it away")
    choice, rest = st.columns([2.4, 7], vertical_alignment="center")
    name: str = choice.selectbox(
        "What to take away",
        list(FORMATS),
        key="export-format",
        persist_state="session",
        format_func=lambda each: FORMATS[each].title,
        label_visibility="collapsed",
    )
    form = FORMATS[name]
    newest = _newest(result)
    if newest and newest.live:
        with rest:
            jobs.line(newest)
        return
    if watched:
        st.rerun(scope="app")  # without the timer
    button, told = rest.columns([2, 5], vertical_alignment="center")
    asked = Export(
        result=result.record.id,
        format=name,
        mix=round(mix, 2),
        index=frame,
        level=window.level,
        width=window.width,
    )
    if newest and newest.state == "failed" and newest.arguments["format"] == name:
        tell(newest.message)
    if form.scope == "slice" and frame not in result.figures:
        told.caption("The slice in view has not been denoised: look at another one.")
        return
    if reason := export.lacking(result, asked):
        told.caption(f":material/info: {plain(reason)}")
        return
    note = export.note(result, asked)
    told.caption(" ".join(filter(None, (form.sentence, note, _what(result, form, asked)))))
    file = export.file(result, asked)
    if file.exists():
        button.link_button(
            f"Download ({size(file.stat().st_size)})",
            downloads.of_result(result, form, file),
            type="primary",
            icon=":material/download:",
            width="stretch",
        )
    elif button.button("Prepare", icon=":material/package_2:", width="stretch"):
        executor().submit(EXPORT, asked, result.record.workspace, subject=result.record.id)
        st.rerun(scope="app")  # with a timer


def _newest(result: Result) -> Job | None:
    """The last export of a result, whoever asked for it and from which page."""
    found = queue.jobs_of(result.record.workspace, EXPORT.name, result.record.id)
    return found[0] if found else None


def _what(result: Result, form: ExportFormat, asked: Export) -> str:
    """Which slices, and how they are mixed."""
    told = f"at strength {asked.mix:.0%}"
    if form.scope == "series":
        return f"Now: {counted(len(result.figures), 'slice')} {told}."
    return f"Now: slice {asked.index + 1} {told}, window {asked.level:g}/{asked.width:g}."
