"""Look: low dose, full dose and their difference side by side."""

import streamlit as st

from ctdenoise.ui.components import cards, next_step, panes
from ctdenoise.ui.session import keep_link, workspace
from ctdenoise.ui.viewer import viewer
from ctdenoise.workspace.library import library_of

heading, choice = st.columns([3, 2], vertical_alignment="bottom")
heading.title("What does a lower dose do to the picture?")
with choice:
    owner, record = cards.pair_picker("Scan", "look")
keep_link("pair", "look", [record.id])
shown = [panes.low(owner, record), panes.full(owner, record)]
shown.append(panes.difference("Low minus full", shown, of=0, minus=1, like=0))
viewer(
    shown,
    key=f"look-{record.id}",
    height=430,
    window=panes.first_window(shown[0], record.unit),
    report=(),
    **panes.geometry(library_of(owner).pair(record.id)),
)
cards.source(owner, record)
st.caption(
    "Drag on a picture to change the window; the wheel goes through the slices; the toolbar has "
    "a ruler, a region with mean and SD, a magnifier and a curtain. In the difference, only noise "
    "should be seen, or movement between two real scans."
)
next_step.after("Look", pair=[record.id] if owner == workspace() else [])  # of the sample, all
