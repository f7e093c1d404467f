"""The teacher presents what the own viewers show; the class follows, see :mod:`.stream`."""

from pathlib import Path
from typing import Any

import streamlit as st

from ctdenoise.ui import addresses, menu
from ctdenoise.ui.classroom import stream, vote
from ctdenoise.ui.components.text import telling_problems
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import CLASSROOM, assets, follower
from ctdenoise.workspace import presented
from ctdenoise.workspace.care import require_teacher
from ctdenoise.workspace.classes import Class, seat_of

HERE = Path(__file__).parent
CLASS = "Class"
"""The page on which one follows."""

_notice = st.components.v2.component(
    "ctdenoise_presented",
    html='<div class="notice" role="status" data-testid="notice" hidden></div>',
    css=(HERE / "presenting_notice.css").read_text("utf-8"),
    js=assets.joined(
        [assets.HERE / "dom.js", assets.HERE / "stream.js", HERE / "presenting_notice.js"]
    ),
)


def bar(title: str, page: str) -> None:
    """Before a page is drawn, for members of a class: the teacher's switch, or the learners' lines;
    and what the page's viewers do for the class."""
    seat = seat_of(workspace())
    st.session_state[CLASSROOM] = {}
    if seat is None:
        return
    found, member = seat
    if member.role == "teacher":
        if _switch(found, member.workspace):
            to = to_class(stream.present_to(found.id), title, page)
            st.session_state[CLASSROOM] = {"presenting": to}
        return
    st.session_state[CLASSROOM] = {"showing": to_class(stream.SHOW, title, page)}
    if title != CLASS:
        told = _notice(
            key="presented", data=[f"{stream.FOLLOW}?quiet"], on_follow_change=lambda: None
        )
        if told.get("follow"):
            st.switch_page(menu.page(CLASS))
        vote.notice()


def to_class(url: str, title: str, page: str) -> dict[str, Any]:
    """Where viewers send what they show, and what that is called."""
    return {"url": url, "title": title, "page": page}


def followed(height: int = 480) -> None:
    """What the teacher presents, followed live; one tap leaves and comes back."""
    follower(stream.FOLLOW, key="followed", height=height, pages=addresses.below(""))


def _switch(found: Class, teacher: str) -> bool:
    if "present" not in st.session_state:  # a page that was loaded anew goes on
        st.session_state["present"] = (found.presented or {}).get("by") == teacher
    with st.container(key="present-bar", horizontal=True, horizontal_alignment="right"):
        on = st.toggle(
            "Present to the class",
            key="present",
            on_change=_stop,
            args=(found,),
            help="Your class sees the pictures of the page that you are on, as you set them.",
        )
    return bool(on)


@telling_problems
def _stop(found: Class) -> None:
    if not st.session_state["present"]:
        stop(found, workspace())


def stop(found: Class, teacher: str) -> None:
    """Present nothing to a class any more."""
    require_teacher(found, teacher)
    presented.stop(found.id)
