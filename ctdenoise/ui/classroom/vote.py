"""The vote as a learner sees it: the question, the own answer, and the bars once the teacher shows
them."""

import time

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.exports.answer_charts import bars
from ctdenoise.lessons.model import Answer, Choice
from ctdenoise.lessons.tally import bars as counted_bars
from ctdenoise.lessons.tally import in_words
from ctdenoise.ui import menu
from ctdenoise.ui.classroom import looks
from ctdenoise.ui.components.sharing import PAUSED
from ctdenoise.ui.components.text import plain, tell, telling_problems
from ctdenoise.ui.session import workspace
from ctdenoise.units import counted
from ctdenoise.workspace import classes, votes
from ctdenoise.workspace.classes import Class, Member
from ctdenoise.workspace.votes import Vote

LOOK_SECONDS = 2.0
SEEN_SECONDS = 10.0
"""A learner who is here is told of so often."""


def show() -> None:
    """The vote of the class, as soon as there is one; in its place a sentence while it pauses."""
    with st.container():  # which keeps the place of what follows, whenever the timer draws anew
        st.fragment(_show, run_every=LOOK_SECONDS)()


def notice() -> None:
    """For other pages: one line while the class is asked something, or pauses; nothing for who is
    in no class."""
    if _seat() is not None:
        with st.container():
            st.fragment(_notice, run_every=2 * LOOK_SECONDS)()


@telling_problems
def _show() -> None:
    seat = _seat()
    if seat is None:
        st.rerun(scope="app")
    found, member = seat
    if found.paused:
        st.info(PAUSED, icon=":material/pause_circle:")
    if vote := votes.current(found):
        with st.container(border=True):
            _vote(found, member, vote)
    else:
        st.caption("When your teacher asks the class something, the question comes up here.")


@telling_problems
def _notice() -> None:
    seat = _seat()
    if seat is None:
        return
    found, member = seat
    if found.paused:
        st.info(PAUSED, icon=":material/pause_circle:")
    vote = votes.current(found)
    if vote and _own(found, member, vote) is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/how_to_vote: Your teacher asks: **{plain(vote.ask.question)}**",
                width="stretch",
            )
            st.page_link(menu.page("Class"), label="Answer", icon=menu.ICONS["Class"])


def _seat() -> tuple[Class, Member] | None:
    """The class that this person learns in, who is told to be here."""
    seat = classes.attended(workspace())
    if seat is None:
        return None
    moment = time.monotonic()
    if moment - st.session_state.get("class-seen", -SEEN_SECONDS) >= SEEN_SECONDS:
        st.session_state["class-seen"] = moment
        classes.seen(seat[0].id, seat[1].workspace)
    return seat


def _own(found: Class, member: Member, vote: Vote) -> Answer | None:
    """What somebody has answered in this round."""
    for each in looks.given(found.id):
        if (each.workspace, each.step, each.round) == (member.workspace, vote.key, vote.round):
            return each.value
    return None


def _vote(found: Class, member: Member, vote: Vote) -> None:
    again = "Discuss it with your neighbours, then answer once more. " if vote.round == 2 else ""
    st.markdown(f"##### {plain(vote.ask.question)}")
    if again:
        st.caption(again)
    key = f"{vote.key}-{vote.round}"
    ask = vote.ask
    value: Answer | None
    if isinstance(ask, Choice):
        value = st.radio(
            "Your answer",
            range(1, len(ask.options) + 1),
            index=None,
            format_func=lambda number: plain(ask.options[number - 1]),
            key=f"vote-{key}",
            label_visibility="collapsed",
        )
    else:
        value = st.slider(
            f"Your answer{f' ({plain(ask.unit)})' if ask.unit else ''}",
            ask.low,
            ask.high,
            step=ask.step,
            key=f"vote-{key}",
        )
    if st.button("Send my answer", type="primary", disabled=value is None, key=f"send-{key}"):
        assert value is not None
        try:
            votes.cast(found, member, vote.key, vote.round, value)
            st.session_state[f"sent-{key}"] = value
        except Problem as problem:
            tell(problem)
    sent = st.session_state.get(f"sent-{key}", _own(found, member, vote))
    if sent is not None:
        st.success(
            f"Your answer: {plain(in_words(ask, sent))}. You can change it while the vote lasts."
        )
    if vote.shown:
        rounds(found, vote)


def rounds(found: Class, vote: Vote, *, right: bool = False) -> None:
    """The bars of a vote: of its first round, and beside them those of the second."""
    given = looks.given(found.id)
    of_round = [
        [each.value for each in given if (each.step, each.round) == (vote.key, number)]
        for number in range(1, vote.round + 1)
    ]
    st.html(bars([counted_bars(vote.ask, values) for values in of_round], right=right))
    named = zip(("First vote (blue)", "second vote (orange)"), of_round, strict=False)
    told = [f"{name}: {counted(len(values), 'answer')}" for name, values in named]
    st.caption(f"{', '.join(told)}.")
