"""Taking a denoised scan home: choose a form, have the file prepared, download it."""

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.jobs import export as takeaway
from ctdenoise.jobs.executor import Answer, engine
from ctdenoise.jobs.export import SERIES, Form, Order, lacking
from ctdenoise.ui.components import cards
from ctdenoise.units import Window
from ctdenoise.workspace.results import Denoising

FORMS: dict[Form, tuple[str, str]] = {
    "dicom": (
        "DICOM series (zip)",
        "A derived series that a PACS accepts, de-identified: names, dates and numbers of the "
        "patient are taken out or replaced. It is marked as derived and says how it was made.",
    ),
    "nifti": (
        "NIfTI volume (.nii.gz)",
        "For research programs; it holds CT numbers, spacing and position, nothing of the patient.",
    ),
    "npy": (
        "NumPy array (.npy)",
        "The bare numbers for Python, float32 (slices, rows, columns), nothing of the patient.",
    ),
    "png": (
        "Picture of this slice (PNG)",
        "The slice in view with the viewer's window burnt in, nothing of the patient.",
    ),
    "html": (
        "Report (HTML)",
        "Pictures of the slice in view, noise, CT numbers, settings and the network's card in one "
        "page for the browser. It names the scan as you called it.",
    ),
    "pdf": (
        "Report (PDF)",
        "Pictures of the slice in view, noise, CT numbers, settings and the network's card to "
        "print. It names the scan as you called it.",
    ),
}
"""What each form is called, and what is in it."""
MIME = {
    "dicom": "application/zip",
    "nifti": "application/gzip",
    "npy": "application/octet-stream",
    "png": "image/png",
    "html": "text/html",
    "pdf": "application/pdf",
}


def preparing(result: Denoising) -> bool:
    """Whether a file is being made, so that the section has to be drawn again and again."""
    return _key(result) in st.session_state


def show(result: Denoising, frame: int, strength: float, window: Window) -> None:
    """The section below a result that is not worked on any more; the slice and the window are
    those in view."""
    strength = round(strength, 2)
    st.markdown("##### Take it away")
    choice, button, told = st.columns([2.4, 2, 5], vertical_alignment="center")
    form: Form = choice.selectbox(
        "What to take away",
        list(FORMS),
        key="takeaway-form",
        persist_state="session",
        format_func=lambda each: FORMS[each][0],
        label_visibility="collapsed",
    )
    if preparing(result):
        asked: Answer[None]
        made, asked = st.session_state[_key(result)]
        if not asked.done():
            fraction, sentence = takeaway.progress(result, made)
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
    if form not in SERIES and frame not in result.figures:
        told.caption("The slice in view has not been denoised: look at another one.")
        return
    if reason := lacking(result.record.source, form):
        told.caption(f":material/info: {reason}")
        return
    told.caption(f"{FORMS[form][1]} {_what(result, form, frame, strength, window)}")
    order = Order(form, strength, frame, window)
    file = takeaway.file(result, order)
    if file.exists():
        button.download_button(
            f"Download ({_size(file.stat().st_size)})",
            lambda: file.open("rb"),  # read when it is clicked, not at every look at the page
            f"{result.record.name}-{file.name}",
            MIME[form],
            type="primary",
            icon=":material/download:",
            width="stretch",
            on_click="ignore",
        )
    elif button.button("Prepare", icon=":material/package_2:", width="stretch"):
        record = result.record
        asked = engine().ask(takeaway.make, record.workspace, record.id, order, long=form in SERIES)
        st.session_state[_key(result)] = form, asked
        st.rerun(scope="app")  # with a timer


def _what(result: Denoising, form: Form, frame: int, strength: float, window: Window) -> str:
    """Which slices, and at which strength."""
    mix = f"at strength {strength:.0%}"
    if form in SERIES:
        return f"Now: {cards.slices(len(result.figures))} {mix}."
    return f"Now: slice {frame + 1} {mix}, window {window.level:g}/{window.width:g}."


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MB" if count >= 2**20 / 10 else f"{max(count / 2**10, 1):.0f} kB"


def _key(result: Denoising, more: str = "") -> str:
    """Of the form that is being made and the answer to come, in the session."""
    return f"takeaway-{result.record.id}{more}"
