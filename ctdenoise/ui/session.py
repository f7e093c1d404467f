"""Whose session this is: the workspace behind the browser's cookie, its library and its runs; and
what was chosen on each page, which its address and the session keep."""

from collections.abc import Iterable, Mapping
from itertools import chain, count
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.ui import signing
from ctdenoise.ui.visitors import COOKIE, device_of, no_workspace, workspace_of
from ctdenoise.workspace.library import PairRecord, library_of
from ctdenoise.workspace.runs import Run, runs_of
from ctdenoise.workspace.sample import IDS, sample_is_there, sample_records
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE


def workspace() -> str:
    """The workspace that this browser opens, or who is signed on in it; :class:`Problem` where it
    keeps no cookies."""
    cookie = st.context.cookies.get(COOKIE)
    found = workspace_of(cookie)
    if found is None:
        raise no_workspace()
    return signing.workspace_of(device()) if signing.configured() else found


def device() -> str:
    """This browser itself, whatever workspace it opens; :class:`Problem` where it keeps no
    cookies."""
    found = device_of(st.context.cookies.get(COOKIE))
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


def enter(page: str) -> bool:
    """Before ``page`` is drawn: whether one comes from another, or by the browser's Back and
    Forward. Only then does the address tell what was chosen, see :func:`brought`, and only then is
    what was brought or made since chosen by itself, see :func:`just_brought`."""
    state, context = st.session_state, get_script_run_ctx()
    if state.get("page") == page and not (context and context.is_history_navigation):
        return False
    state["page"], state["comes"], state["writes"] = page, True, True
    for key in state:
        if str(key).startswith(_WRITTEN):
            del state[key][:-1]
    own = [key for key in pairs() if key[0] == workspace()]
    if fresh := [key for key in own if key not in state.get("own-pairs", own)]:
        state["brought"] = fresh
    state["own-pairs"] = own
    return True


def brought(page: str, *parameters: str) -> dict[str, list[str]]:
    """What the address brings for ``page`` in ``parameters``, by name and those that are missing
    empty, told once; nothing where the page's own choices hold.

    They hold where the address has none of the parameters, as after a click on the menu, and where
    it says what this page itself has written since one came to it: a message of the browser may
    have crossed with our last writing, and brings the one before.
    """
    given = {name: st.query_params.get_all(name) for name in parameters}
    written = _written(page, parameters)
    if not any(given.values()) or given in written:
        return {}
    written.append(given)
    return given


def keep(page: str, choices: Mapping[str, list[str]]) -> None:
    """Write choices of ``page`` into its address, by parameter: a reload, a link, Back, Forward and
    another server find them there."""
    written = _written(page, choices)
    if written[-1:] != [choices]:
        written.append(dict(choices))
    changed = any(st.query_params.get_all(name) != each for name, each in choices.items())
    # Once after each arrival in any case: the page that one left may have written last.
    if st.session_state.pop("writes", False) or changed:
        st.query_params.update(choices)


_WRITTEN = "written:"


def _written(page: str, parameters: Iterable[str]) -> list[dict[str, list[str]]]:
    """What the address of ``page`` has said in ``parameters`` since one came to it, last last."""
    key = f"{_WRITTEN}{page}:{','.join(parameters)}"
    found: list[dict[str, list[str]]] = st.session_state.setdefault(key, [])
    return found


def from_link(parameter: str, page: str) -> list[str]:
    """What the address brings for ``page`` in this parameter alone, see :func:`brought`."""
    return brought(page, parameter).get(parameter, [])


def keep_link(parameter: str, page: str, values: list[str]) -> None:
    """Write what ``page`` has chosen for this parameter alone into its address."""
    keep(page, {parameter: values})


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
