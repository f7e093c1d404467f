"""Teach: make a class, see who is where and what they answer, and look after it."""

import streamlit as st

from ctdenoise.ui import signing
from ctdenoise.ui.classroom import asking, board, caring, looks, making, ranking, sharing
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import keep_link, recall, remember, workspace
from ctdenoise.workspace import classes

VIEWS = ("Progress", "Answers", "Vote", "Ranking", "Shown", "The class")

making.take_key()
taught = {each.id: each for each in classes.taught_by(workspace())}
chosen = st.session_state.get(making.CHOSEN)
linked = next((each for each in taught.values() if each.code == st.query_params.get("code")), None)
if chosen not in taught:
    chosen = linked.id if linked else next(iter(taught), None)

if chosen is None or st.session_state.get("teach-new"):
    st.title("Whom will you teach?")
    st.markdown(
        "Learners join by a code and a nickname, on any device, without an account. You see who is "
        "where, what they answer, and what they train."
    )
    with st.container(width=640):
        making.form()
        if chosen is not None and st.button("Back"):
            st.session_state.pop("teach-new")
            st.rerun()
    signing.offer()
    st.stop()

found = taught[chosen]
st.session_state[making.CHOSEN] = chosen
keep_link("code", "teach", [found.code])
if st.session_state.get("teach-projector"):
    making.projector(found)
    st.button("Back", on_click=st.session_state.pop, args=("teach-projector",))
    st.stop()

heading, switch, new = st.columns([5, 3, 2], vertical_alignment="bottom")
heading.title(plain(found.name))
if len(taught) > 1:
    with switch:
        st.selectbox(
            "Class",
            list(taught),
            format_func=lambda id: (
                plain(taught[id].name) + (" (ended)" if taught[id].ended is not None else "")
            ),
            key=making.CHOSEN,
            label_visibility="collapsed",
        )
if new.button("New class", icon=":material/add:", width="stretch"):
    st.session_state["teach-new"] = True
    st.rerun()

if found.ended is not None:
    st.info("This class has ended.", icon=":material/event_busy:")
    caring.ending(found)
    st.stop()

making.door(found)
with st.container(horizontal=True, vertical_alignment="center"):
    if st.button("Show on the projector", icon=":material/present_to_all:"):
        st.session_state["teach-projector"] = True
        st.rerun()
    making.teachers_link(found)
    caring.buttons(found)
    named = st.toggle(
        "Names", key="teach-names", help="Off, this page can be shown to the class: no names."
    )
if found.paused:
    st.warning("The class pauses: no run of a learner goes on.", icon=":material/pause_circle:")
recall("teach-view", VIEWS[0])
shown = st.segmented_control("Show", VIEWS, key="teach-view", label_visibility="collapsed")
remember("teach-view")
match shown:
    case "Answers":
        asking.answers(found, named)
    case "Vote":
        asking.voting(found)
    case "Ranking":
        ranking.show(found, named)
    case "Shown":
        with st.container(key="teach-shown"):
            sharing.shown_list(found, teacher=True, named=named)
    case "The class":
        caring.learner(found, named)
        caring.limits(found)
        caring.ending(found)
    case _:
        with st.container():
            st.fragment(board.show, run_every=looks.PACE_SECONDS)(found.id, named)
