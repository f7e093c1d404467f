"""Showing a run of one's own to the class, as a whole: for its curves and for the ranking."""

import streamlit as st

from ctdenoise.ui.components.text import plain, telling_problems
from ctdenoise.workspace import classes, shares
from ctdenoise.workspace.access import Thing
from ctdenoise.workspace.runs import Run


def of(run: Run) -> str:
    """A run as shares list it."""
    return str(Thing(run.workspace, "run", run.id))


def offer(run: Run) -> None:
    """The button that shows a run to the class that its owner is in, or withdraws it."""
    seat = classes.seat_of(run.workspace)
    if seat is None:
        return
    found, member = seat
    mine = [
        share
        for share in shares.of_class(found.id)
        if share.workspace == run.workspace and share.shown is None and of(run) in share.things
    ]
    st.markdown("**Your class**")
    with st.container(horizontal=True, vertical_alignment="center"):
        if mine:
            st.button(
                "Show it no longer", icon=":material/visibility_off:", on_click=_withdraw,
                args=([share.id for share in mine], run.workspace),
            )  # fmt: skip
            st.caption(f"{plain(found.name)} sees this run and its curves.", width="content")
        else:
            st.button(
                "Show my run to the class", icon=":material/groups:", on_click=_show,
                args=(found.id, run),
            )  # fmt: skip
            st.caption(
                f"{plain(found.name)} then sees its curves, pictures and figures, as by "
                f"{plain(member.nickname)}.",
                width="content",
            )


@telling_problems
def _withdraw(ids: list[str], workspace: str) -> None:
    for id in ids:
        shares.withdraw(id, workspace)


@telling_problems
def _show(class_id: str, run: Run) -> None:
    shares.add(class_id, run.workspace, run.name, [of(run)])
