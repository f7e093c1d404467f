"""Map: all runs and epochs by how true and how natural their pictures are."""

import streamlit as st

from ctdenoise.ui import map
from ctdenoise.ui.components import cards, next_step
from ctdenoise.ui.session import runs

st.title("Which is truer, which looks more natural?")
groups = map.groups(runs())
if not groups:
    cards.no_network()
chosen = next(iter(groups))
if len(groups) > 1:
    chosen = st.selectbox(
        "Runs that are judged on",
        list(groups),
        format_func=cards.distinct({key: map.title(key) for key in groups}).__getitem__,
        help="Only pictures of the same slice can be compared.",
    )
live = any(run.live for run in groups[chosen])
st.fragment(map.show, run_every=3.0 if live else None)(chosen, live)
next_step.after("Map")
