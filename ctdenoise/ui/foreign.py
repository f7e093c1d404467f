"""Links to what is not one's own: a sentence says so, on every page, and the thing is not shown;
a run that was shown to one's class is opened to be looked at."""

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from ctdenoise.config.shipped import PREFIX
from ctdenoise.errors import Problem
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import pairs, runs, workspace
from ctdenoise.workspace import classes, results, shares
from ctdenoise.workspace.access import Thing, Visitor, allowed
from ctdenoise.workspace.runs import Run, find_run
from ctdenoise.workspace.shares import Share


def tell() -> None:
    """Say of everything that the address names and that is not one's own, whose it is."""
    for parameter, is_own in _OWN.items():
        for id in st.query_params.get_all(parameter):
            if is_own(id):
                continue
            share = _shown(parameter, id)
            if share is None:
                st.warning(
                    f"The {parameter} of this link belongs to another workspace, or was deleted: "
                    "it is not shown. Open one of your own.",
                    icon=":material/lock:",
                )
            else:
                how = "opened read-only" if parameter == "run" else "look at it on the page Class"
                st.info(
                    f"The {parameter} of this link was shown to your class by {_by(share)}: {how}.",
                    icon=":material/visibility:",
                )


def shown_run(id: str) -> Run | None:
    """The run of somebody else that this person may look at; None for all others."""
    with suppress(Problem):
        run = find_run(id)
        mine = workspace()
        seen = allowed(Visitor(mine), "see", Thing(run.workspace, "run", id))
        return run if seen and run.workspace != mine else None
    return None


def _is_own_run(id: str) -> bool:
    return id.startswith(PREFIX) or any(run.id == id for run in runs())


def _is_own_result(id: str) -> bool:
    with suppress(Problem):
        return bool(results.find(workspace(), id))
    return False


_OWN: dict[str, Callable[[str], bool]] = {
    "run": _is_own_run,
    "pair": lambda id: any(known == id for _, known in pairs()),
    "result": _is_own_result,
    "sweep": lambda id: any(run.sweep == id for run in runs()),
}
"""Whether what a link names by this parameter is one's own, or the sample's."""


def _shown(kind: str, id: str) -> Share | None:
    """The newest share by which a thing of this id is shown to one's class."""
    seat = classes.seat_of(workspace())
    for share in shares.of_class(seat[0].id) if seat else ():
        if f"{kind}/{share.workspace}/{id}" in share.things:
            return share
    return None


def _by(share: Share) -> str:
    known = {each.workspace: each.nickname for each in classes.members(share.class_id)}
    return plain(known.get(share.workspace, "somebody who has left"))
