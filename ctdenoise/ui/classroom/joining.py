"""The door of the page Class: how one comes in, by a code and a nickname, or back by a personal
code."""

from contextlib import AbstractContextManager

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.ui import signing
from ctdenoise.ui.classroom import guesses
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import device, from_link, workspace
from ctdenoise.workspace import classes, devices
from ctdenoise.workspace.classes import NICKNAME_LETTERS, Class
from ctdenoise.workspace.codes import CODE_LETTERS, PERSONAL_LETTERS

DOOR = "class-door"
"""Session state: the code of the class at whose door somebody stands."""


def guarded() -> AbstractContextManager[None]:
    """Around one try of a code or a key by this browser."""
    # What the proxy nearest to us has added tells its visitors apart; who sends such a header
    # without one is still held by the limit of the server.
    forwarded = st.context.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return guesses.counted(device(), forwarded or str(st.context.ip_address))


def arrive() -> Class | None:
    """The class that a link or a typed code leads to, until somebody is in; a code that nobody has
    is told."""
    for code in from_link("code", "class"):
        _find(code)
    id = st.session_state.get(DOOR)
    if id is None:
        return None
    try:
        found = classes.find(id)
    except Problem as problem:  # deleted meanwhile
        leave_door()
        tell(problem)
        return None
    if found.ended is not None or _role(found) is not None:
        leave_door()
        return None
    return found


def leave_door() -> None:
    """Stand at no door any more."""
    st.session_state.pop(DOOR, None)


def knock(found: Class) -> None:
    """One field and one button, and one is in."""
    st.markdown(f"You are about to join **{plain(found.name)}**. No account is needed.")
    with st.form("join", border=False):
        name = st.text_input(
            "What may the class call you?",
            max_chars=NICKNAME_LETTERS,
            placeholder="Your first name, or any other",
            value=signing.given_name()[:NICKNAME_LETTERS],
        )
        pressed = st.form_submit_button("Join", type="primary", width="stretch")
    if pressed:
        try:
            classes.join(found, workspace(), name)
        except Problem as problem:
            tell(problem)
        else:
            leave_door()
            st.rerun()
    signing.offer()


def enter_code() -> None:
    """Where there was no link: a field for the code of the class, and one to come back."""
    with st.form("code", border=False):
        code = st.text_input(
            f"The code of your class: {CODE_LETTERS} letters and digits",
            max_chars=20,
            placeholder="As your teacher shows it",
        )
        pressed = st.form_submit_button("Go on", type="primary", width="stretch")
    if pressed and _find(code):
        st.rerun()
    with st.expander("Come back by your personal code", icon=":material/devices:"):
        with st.form("personal", border=False):
            personal = st.text_input(
                f"Your personal code: {PERSONAL_LETTERS} letters and digits", max_chars=20
            )
            back = st.form_submit_button("Come back", width="stretch")
        st.caption(
            "This device then opens what you have in the class. What it had before stays as it is, "
            "and opens again after *Leave this device*."
        )
    if back:
        try:
            with guarded():
                member = classes.by_personal_code(personal)
        except Problem as problem:
            tell(problem)
        else:
            open_workspace(member.workspace)
    signing.offer()


def open_workspace(workspace: str) -> None:
    """Let this device open a workspace from now on, and show nothing of the one before."""
    devices.bind(device(), workspace)
    st.session_state.clear()
    st.rerun()


def _find(code: str) -> bool:
    try:
        with guarded():
            st.session_state[DOOR] = classes.by_code(code).id
    except Problem as problem:
        leave_door()
        tell(problem)
        return False
    return True


def _role(found: Class) -> str | None:
    return classes.role_of(found.id, workspace())
