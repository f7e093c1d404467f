"""What Compare opens with: networks that are worth a look side by side, on a scan that they are
judged on."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from ctdenoise.config import progress_slice
from ctdenoise.config.shipped import Shipped, shipped
from ctdenoise.errors import Problem
from ctdenoise.ui.components import panes
from ctdenoise.ui.session import pairs, workspace
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.runs import Run

MOST = 3
"""Networks side by side."""
SCAN, NETWORKS = "compare-pair", "compare-runs"
"""Keys of what is chosen."""


def open_scan(trained: Mapping[str, Run], linked: Sequence[str]) -> None:
    """Before the scan can be chosen: that on which the linked run is judged, else the newest run,
    unless there is a newer scan of one's own."""
    own = [record.created for (owner, _), record in pairs().items() if owner == workspace()]
    usual = next(iter(pairs()), None)
    newest = next(iter(trained.values()), None)
    if newest and newest.created > max(own, default=0.0):
        usual = _judged_on(newest) or usual
    first = next((trained[id] for id in linked if id in trained), None)
    if first and (found := _judged_on(first)):
        _open(SCAN, found)
    elif usual:
        _arrive(SCAN, usual)


def networks(trained: Mapping[str, Run], record: PairRecord) -> dict[str, Run | Shipped]:
    """By id, all that take pictures in the unit of this pair: own ones, newest first, then those
    that ship."""
    own = {id: run for id, run in trained.items() if _unit(run, record) == record.unit}
    ships = {each.id: each for each in shipped().values() if each.unit == record.unit}
    return {**own, **ships}


def open_networks(known: Mapping[str, Run | Shipped], linked: Sequence[str]) -> None:
    """Before the networks can be chosen: those of the link; else the newest of one's own.

    The link to a single run, on no scan in particular, asks for it beside others. (This page's own
    address always says on which scan.)
    """
    found = [id for id in linked if id in known][:MOST]
    usual = _company(known, found)
    if len(linked) == 1 and found and "pair" not in st.query_params:
        chosen = _chosen(NETWORKS)
        beside = (st.session_state.get(f"kept:{NETWORKS}") or []) if chosen else usual
        company = list(dict.fromkeys([*found, *beside]))
        company = [id for id in company if id in known][:MOST]
        if chosen:
            st.session_state[NETWORKS] = company
        else:
            _open(NETWORKS, company)
    elif found:
        st.session_state[NETWORKS] = found
        st.session_state[f"opened:{NETWORKS}"] = usual
    else:
        _arrive(NETWORKS, usual)
    before = st.session_state[NETWORKS]
    fit = [id for id in before if id in known]
    st.session_state[NETWORKS] = fit if fit or not before else usual


def _company(known: Mapping[str, Run | Shipped], linked: Sequence[str]) -> list[str]:
    """The first of the linked runs, else the newest, beside the newest others, those first that
    learned from the same pairs; without a run of one's own the first network that ships."""
    own = [network for network in known.values() if isinstance(network, Run)]
    if not own:
        return list(known)[:1]
    first = next((run for run in own if run.id in linked), own[0])
    others = [run for run in own if run is not first]
    others.sort(key=lambda run: set(run.pairs) != set(first.pairs))  # the newest first in each
    return [run.id for run in [first, *others][:MOST]]


def _arrive(key: str, usual: Any) -> None:
    """When one comes to the page by the menu, a choice of one's own is still there; what nobody
    chose gives way to what is usual by now."""
    if key in st.session_state:
        return
    if _chosen(key):
        st.session_state[key] = st.session_state[f"kept:{key}"]
    else:
        _open(key, usual)


def _open(key: str, value: Any) -> None:
    st.session_state[key] = st.session_state[f"opened:{key}"] = value


def _chosen(key: str) -> bool:
    """Whether a person left the page with something else than it was opened with."""
    kept = st.session_state.get(f"kept:{key}")
    return kept is not None and kept != st.session_state.get(f"opened:{key}")


def _judged_on(run: Run) -> tuple[str, str] | None:
    owner, record, _ = panes.judged_on(run)
    return (owner, record.id) if record else None


def _unit(run: Run, record: PairRecord) -> str:
    """What a run learned in; where nothing tells, that of ``record``."""
    known = pairs()
    if found := next((known[key] for key in run.pairs if key in known), None):
        return found.unit
    with suppress(Problem):
        return progress_slice.facts(run.folder).unit
    return record.unit
