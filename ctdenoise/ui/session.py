"""Whose session this is: the workspace behind the browser's cookie, its library and its runs."""

from itertools import chain, count
from typing import Any

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.ui.visitors import COOKIE, no_workspace, workspace_of
from ctdenoise.workspace.library import PairRecord, library_of
from ctdenoise.workspace.runs import Run, runs_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE


def workspace() -> str:
    """The workspace of this browser; :class:`Problem` where it keeps no cookies."""
    found = workspace_of(st.context.cookies.get(COOKIE))
    if found is None:
        raise no_workspace()
    return found


def pairs() -> dict[tuple[str, str], PairRecord]:
    """Every pair this session may use, by (workspace, pair id): its own first, then the sample."""
    mine = workspace()
    return {
        (owner, record.id): record
        for owner in (mine, SAMPLE)
        for record in library_of(owner).pairs()
    }


def runs() -> list[Run]:
    """The runs of this session, newest first."""
    return runs_of(workspace())


def free_name(name: str) -> str:
    """The name, numbered where another run has it: curves and tables tell runs apart by it."""
    taken = {run.name for run in runs()}
    numbered = (f"{name}, {number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def from_link(parameter: str, page: str) -> list[str]:
    """What a link to ``page`` brought in ``parameter``; told once, then the page's choices hold."""
    values = st.query_params.get_all(parameter)
    mark = f"from_link:{page}:{parameter}"
    if values == st.session_state.get(mark, []):
        return []
    st.session_state[mark] = values
    return values


def keep_link(parameter: str, page: str, values: list[str]) -> None:
    """Write the choices of ``page`` into its address, so that a reload or a link finds them."""
    st.session_state[f"from_link:{page}:{parameter}"] = values
    st.query_params[parameter] = values


def enter(page: str) -> bool:
    """Before ``page`` is drawn: whether one comes from another. What was brought or made since then
    is to be chosen on the pages that follow, see :func:`just_brought`."""
    state = st.session_state
    if state.get("page") == page:
        return False
    state["page"], state["comes"] = page, True
    own = [key for key in pairs() if key[0] == workspace()]
    if fresh := [key for key in own if key not in state.get("own-pairs", own)]:
        state["brought"] = fresh
    state["own-pairs"] = own
    return True


def just_brought() -> list[tuple[str, str]]:
    """The pairs that were last brought or made in this session, newest first, for a page to choose
    when one comes to it; none once a person has chosen for themselves, see :func:`choose`."""
    state = st.session_state
    if not state.pop("comes", False):
        return []
    return [key for key in state.get("brought", []) if key in state["own-pairs"]]


def choose() -> None:
    """A person has chosen a pair: what was brought before is chosen by itself no more."""
    st.session_state.pop("brought", None)


def recall(key: str, default: Any) -> Any:
    """Before a widget with this key is drawn: its state, its last one on this page, or ``default``.

    Streamlit's own ``persist_state`` would overrule what a link brings.
    """
    if key not in st.session_state:
        st.session_state[key] = st.session_state.get(f"kept:{key}", default)
    return st.session_state[key]


def remember(key: str) -> None:
    """After a widget with this key was drawn: keep its state for the next visit to the page."""
    st.session_state[f"kept:{key}"] = st.session_state[key]


_start_problems: list[Problem] = []


def tell_start_problem(problem: Problem) -> None:
    """Keep what went wrong when the server started, for the pages to say."""
    _start_problems.append(problem)


def start_problem() -> Problem | None:
    """What went wrong last when the server started, if anything did."""
    return _start_problems[-1] if _start_problems else None
