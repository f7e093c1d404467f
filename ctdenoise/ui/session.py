"""Whose session this is: the workspace behind the browser's cookie, its library and its runs."""

from itertools import chain, count
from typing import Any

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.ui.visitors import COOKIE, no_workspace, workspace_of
from ctdenoise.workspace.library import PairRecord, library_of
from ctdenoise.workspace.runs import Run, runs_of
from ctdenoise.workspace.sample import IDS, sample_is_there, sample_records
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
    own = {(mine, record.id): record for record in library_of(mine).pairs()}
    return own | {(SAMPLE, record.id): record for record in sample_records(settings().workspaces)}


def usual_pairs(available: dict[tuple[str, str], PairRecord]) -> list[tuple[str, str]]:
    """What one learns from unless one chooses: one's own pairs, or else the sample."""
    own = [key for key in available if key[0] == workspace()]
    return own or [key for key in available if key[1] in IDS] or list(available)


def waits_for_sample() -> bool:
    """Whether there are no pairs of one's own and not all of the sample is made yet."""
    return not sample_is_there(settings().workspaces) and not library_of(workspace()).pairs()


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
