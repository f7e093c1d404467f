"""Mistakes: what goes wrong, predicted before it is seen."""

import streamlit as st

from ctdenoise.lessons import gallery
from ctdenoise.ui.components import next_step
from ctdenoise.ui.gallery import view
from ctdenoise.ui.session import from_link, keep_link, recall, remember

st.title("What goes wrong, and would you notice?")
entries = {each.id: each for each in gallery.entries()}
if linked := [id for id in from_link("mistake", "mistakes") if id in entries]:
    st.session_state["mistake"] = linked[0]
if recall("mistake", next(iter(entries))) not in entries:
    st.session_state["mistake"] = next(iter(entries))
chosen: str | None = st.pills(
    "Mistakes",
    list(entries),
    key="mistake",
    required=True,
    label_visibility="collapsed",
    format_func=lambda id: entries[id].title,
)
assert chosen
remember("mistake")
keep_link("mistake", "mistakes", [chosen])
view.show(entries[chosen])
for follows in list(entries)[list(entries).index(chosen) + 1 :][:1]:
    st.button(
        f"Next mistake: {entries[follows].title}",
        icon=":material/arrow_downward:",
        on_click=st.session_state.update,
        args=({"mistake": follows},),
    )
next_step.after("Mistakes")
