"""Denoise: a scan, a network or a filter, and what the one does to the other."""

import streamlit as st

from ctdenoise.runs import denoisings
from ctdenoise.ui import denoising, intake, ordering
from ctdenoise.ui.session import arrived, keep_link, library, recall, remember, workspace

st.title("What would a network do to this scan?")
mine = library(workspace())
with st.expander("Bring a scan", icon=":material/upload:", expanded=not mine.scans()):
    intake.uploader(mine)
ordering.show(mine)

results = {each.record.id: each for each in denoisings.every(workspace())}
if linked := [id for id in arrived("result", "denoise") if id in results]:
    st.session_state["denoise-result"] = linked[0]
if not results:
    st.stop()
if recall("denoise-result", next(iter(results))) not in results:
    st.session_state["denoise-result"] = next(iter(results))
chosen: str = st.selectbox(
    "Result",
    list(results),
    key="denoise-result",
    format_func=denoising.names(results).__getitem__,
)
remember("denoise-result")
keep_link("result", "denoise", [chosen])
denoising.show(results[chosen])
