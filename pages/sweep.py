"""Sweep: a grid of short runs that differ in one or two loss weights, side by side."""

import streamlit as st

from ctdenoise.ui import sweep
from ctdenoise.ui.components import cards, next_step
from ctdenoise.ui.session import from_link, keep_link, recall, remember

st.title("What does each weight do to the picture?")
cards.pairs_to_learn_from()
sweeps = sweep.known()
if linked := [id for id in from_link("sweep", "sweep") if id in sweeps]:
    st.session_state["sweep-shown"] = linked[0]
with st.expander("A new sweep", expanded=not sweeps, icon=":material/add:"):
    sweep.order()
if not sweeps:
    next_step.after("Sweep")
    st.stop()
if recall("sweep-shown", next(iter(sweeps))) not in sweeps:
    st.session_state["sweep-shown"] = next(iter(sweeps))
names = cards.distinct({id: sweep.name(runs) for id, runs in sweeps.items()})
shown: str = st.selectbox(
    "Sweep",
    list(sweeps),
    key="sweep-shown",
    format_func=names.__getitem__,
)
remember("sweep-shown")
keep_link("sweep", "sweep", [shown])
st.fragment(sweep.show, run_every=sweep.pace(sweeps[shown]))(shown)
next_step.after("Sweep")
