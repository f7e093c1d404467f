"""The page Class of somebody who is in one: who they are here, the way to the lesson, the vote, and
the ways out."""

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.lessons import reading
from ctdenoise.ui import menu, signing
from ctdenoise.ui.classroom import vote
from ctdenoise.ui.classroom.joining import open_workspace
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import device, workspace
from ctdenoise.workspace import classes
from ctdenoise.workspace.classes import NICKNAME_LETTERS, Class, Member

PERSONAL = "class-personal"
"""Session state: the personal code that was made last, to be read once."""


def show(found: Class, member: Member) -> None:
    """Everything but what is presented and what was shown, which follow on the page."""
    if member.role == "teacher":
        st.info("You teach this class.", icon=":material/co_present:")
        st.page_link(menu.page("Teach"), label="To the teacher's page", icon=menu.ICONS["Teach"])
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"You are **{plain(member.nickname)}**.", width="content")
        with st.popover("Change", type="tertiary"):
            _rename(found, member)
    lesson = reading.lessons().get(found.lesson)
    if "Learn" in menu.ICONS and lesson and lesson.lesson:
        st.page_link(
            menu.page("Learn"),
            label=f"**Go to the lesson:** {plain(lesson.lesson.title)}",
            icon=":material/school:",
            query_params={"lesson": found.lesson},
        )
    vote.show()


def ended() -> None:
    """What became of the class that one was in."""
    if found := classes.left_behind(workspace()):
        st.info(
            f"The class **{plain(found.name)}** has ended. Your scans, runs and results stay "
            "yours.",
            icon=":material/event_busy:",
        )


def ways_out(found: Class, member: Member) -> None:
    """To another device, and out of the class; below everything else."""
    with st.container(horizontal=True):
        if workspace() != device() and not signing.given_name():
            _leave_device()
        if member.role == "learner":
            _other_device(member)
            _leave(found, member)


def _rename(found: Class, member: Member) -> None:
    with st.form("rename", border=False):
        name = st.text_input("Nickname", member.nickname, max_chars=NICKNAME_LETTERS)
        if st.form_submit_button("Change"):
            try:
                classes.join(found, member.workspace, name)
            except Problem as problem:
                tell(problem)
            else:
                st.rerun()


def _other_device(member: Member) -> None:
    with st.popover("Come back on another device", icon=":material/devices:"):
        st.write(
            "With a personal code you go on elsewhere as the same person: open this page there and "
            "type it. Whoever has it can do so; a new one ends the one before."
        )
        if st.button("Make a personal code", type="primary"):
            st.session_state[PERSONAL] = classes.personal_code(member)
        if code := st.session_state.get(PERSONAL):
            st.markdown(f"## `{code[:4]} {code[4:]}`")


def _leave_device() -> None:
    with st.popover("Leave this device", icon=":material/phonelink_off:"):
        st.write(
            "This device opens its own workspace again, with what it had before. What you have in "
            "the class stays where you came from."
        )
        if st.button("Leave it", type="primary"):
            open_workspace(device())


def _leave(found: Class, member: Member) -> None:
    with st.popover("Leave the class", icon=":material/logout:"):
        st.write(
            "Your scans, runs and results stay yours, and the class is shown none of them any "
            "more. What you answered stays with the class until your teacher deletes it. With the "
            "code you can come in again."
        )
        if st.button("Leave", type="primary"):
            classes.leave(found.id, member.workspace)
            st.rerun()
