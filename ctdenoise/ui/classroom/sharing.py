"""What members show to their class, as small pictures; and its way to the projector."""

from typing import Any

import streamlit as st

from ctdenoise.ui.classroom import looks, presenting, stream
from ctdenoise.ui.components.cards import ago
from ctdenoise.ui.components.text import plain, telling_problems
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import TOOLS, Dial, Pane, viewer
from ctdenoise.units import Window
from ctdenoise.workspace import classes, shares
from ctdenoise.workspace.access import Visitor, allowed
from ctdenoise.workspace.care import of, require_teacher
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.shares import Setting, Share, Shown

SMALL, LARGE = 150, 520
AT_ONCE = 6
"""So many are drawn before somebody asks for more."""
TEACHER_SECONDS, LEARNER_SECONDS = 2.0, 10.0
"""After which the list is drawn anew."""
MOST, PROJECTED = "shown-most", "projected"
"""Session state: how many are drawn, and which one is on the projector."""


def shown_list(found: Class, *, teacher: bool, named: bool = False) -> None:
    """Pictures that are shown to the class, newest first, kept up to date. The ``teacher`` puts one
    on the projector, and sees whose they are where ``named``; whoever shows one withdraws it."""
    every = TEACHER_SECONDS if teacher else LEARNER_SECONDS
    st.fragment(_shown_list, run_every=every)(found, teacher, named)


@telling_problems
def _shown_list(found: Class, teacher: bool, named: bool) -> None:
    found = classes.find(found.id)
    if found.ended is not None or not allowed(Visitor(workspace()), "see", of(found)):
        st.rerun(scope="app")  # it has ended since the page was drawn, or they are out of it
    shown = [each for each in shares.of_class(found.id) if each.shown]
    if not shown:
        st.caption(
            "Nobody shows a picture yet. Above the pictures of every page, the button with the "
            "arrow that points up shows them to the class."
        )
        return
    if teacher:
        _projector(found, shown)
    names = {each.workspace: each.nickname for each in looks.members(found.id)} if named else {}
    most = st.session_state.get(MOST, AT_ONCE)
    columns = st.columns(2)
    for place, share in enumerate(shown[:most]):
        with columns[place % 2].container(border=True):
            _one(found, share, names, teacher)
    if len(shown) > most and st.button("Show earlier ones"):
        st.session_state[MOST] = most + AT_ONCE
        st.rerun(scope="fragment")


def _one(found: Class, share: Share, names: dict[str, str], teacher: bool) -> None:
    mine = share.workspace == workspace()
    whose = "yours" if mine else plain(names.get(share.workspace, ""))
    st.caption(" · ".join(filter(None, [f"**{plain(share.title)}**", whose, ago(share.created)])))
    if share.shown:
        _pictures(share.shown, f"shown-{share.id}", SMALL, {})
    with st.container(horizontal=True):
        if teacher:
            st.button(
                "Put on the projector",
                key=f"project-{share.id}",
                icon=":material/present_to_all:",
                on_click=_project,
                args=(share.id,),
            )
        if teacher or mine:
            st.button(
                "Withdraw" if mine else "Remove",
                key=f"withdraw-{share.id}",
                on_click=telling_problems(withdraw),
                args=(found, share, workspace()),
            )


def withdraw(found: Class, share: Share, by: str) -> None:
    """Show something no longer: one's own, or as the teacher anybody's."""
    if share.workspace != by:
        require_teacher(found, by)
    shares.withdraw(share.id, share.workspace)


def _project(id: str) -> None:
    st.session_state[PROJECTED] = id


@telling_problems
def _take_off(found: Class) -> None:
    st.session_state.pop(PROJECTED, None)
    presenting.stop(found, workspace())


def _projector(found: Class, shown: list[Share]) -> None:
    """What is on the projector: the teacher's viewer, over the whole screen, which the class
    follows."""
    id = st.session_state.get(PROJECTED)
    share = next((each for each in shown if each.id == id), None)
    if share is None or share.shown is None:
        return
    with st.container(border=True):
        told, way = st.columns([3, 2], vertical_alignment="center")
        told.markdown(f"On the projector, and with everybody who follows: **{plain(share.title)}**")
        way.button("Take off the projector", on_click=_take_off, args=(found,), width="stretch")
        to = presenting.to_class(stream.present_to(found.id), share.title, "") | {"large": True}
        _pictures(share.shown, f"projected-{share.id}", LARGE, {"presenting": to})


def _pictures(shown: Shown, key: str, height: int, classroom: dict[str, Any]) -> None:
    setting = shown.model_dump(mode="json", include=set(Setting.model_fields))
    viewer(
        [
            Pane(p.name, p.color, p.frames, dash=p.dash, minus=p.minus, note=p.note)
            for p in shown.panes
        ],
        key=key,
        height=height,
        window=Window(*shown.window),
        frame=shown.frame,
        spacing=shown.spacing,
        unit=shown.unit,
        orientation=shown.orientation,
        labels=shown.labels,
        dials=[Dial(each.title, each.low, each.high) for each in shown.dials],
        dial=shown.dial,
        stops=shown.stops,
        report=(),
        columns=len(shown.panes) if height == SMALL else None,
        tools=() if height == SMALL else TOOLS,
        classroom=classroom | {"setting": setting},
    )
