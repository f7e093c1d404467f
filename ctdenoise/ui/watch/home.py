"""What of a run can be taken home."""

import streamlit as st

from ctdenoise.config.run_folder import kept
from ctdenoise.ui import downloads
from ctdenoise.ui.classroom import own_run
from ctdenoise.workspace.runs import Run


def offer(run: Run) -> None:
    """The run as a zip and its newest network as ONNX, made on a worker when they are asked for."""
    dial = " Its dial stands at the smooth end." if run.config.loss.dial else ""
    offers: tuple[tuple[downloads.Of, str, str, str], ...] = (
        (
            "card",
            "Run card (zip)",
            ":material/badge:",
            "Everything about this run, to keep or to hand on: settings, figures, pictures, "
            "network, and a script that repeats it. No scan goes with it, except for the slice in "
            "its pictures.",
        ),
        (
            "network",
            "Network (ONNX)",
            ":material/deployed_code:",
            "The trained network alone, for programs without PyTorch: HU in and out, any size."
            f"{dial} Takes a few seconds.",
        ),
    )
    st.markdown("**Take home**")
    for column, (what, label, icon, sentence) in zip(st.columns(2), offers, strict=True):
        with column:
            st.link_button(
                label, downloads.of_run(run, what), icon=icon, disabled=not kept(run.folder)
            )
            st.caption(sentence)
    own_run.offer(run)
