"""Adapt to this scan: a network that ships learns on from the pair in view, for some minutes."""

import streamlit as st

from ctdenoise.config.shipped import Shipped
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.train import adapt
from ctdenoise.ui import menu
from ctdenoise.ui.components import cards, limits, sharing
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import free_name, runs, workspace
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.limits import limits_of
from ctdenoise.workspace.runs import Run

PENDING = "compare-adapting"


def offer(network: Shipped, owner: str, record: PairRecord) -> None:
    """Choose how long and start; nothing for a network with a dial, and one at a time."""
    if network.config.loss.dial or _pending():
        return
    with st.popover(f"Adapt to this scan: {network.title}", icon=":material/tune:"):
        st.write(
            "A copy of it learns on, in small steps, from this scan's own low and full dose. It "
            "becomes a run of yours, and Compare shows it beside the network as it ships."
        )
        st.caption(
            "It will have seen this scan: on it, its figures look better than on a new patient."
        )
        minutes = _minutes(f"adapt-minutes-{network.name}")
        configs = [network.config.model_copy(update={"time_budget_s": 60.0 * minutes})]
        limit = limits.said(configs)
        limits.show(limit, configs)
        if st.button(
            "Start",
            type="primary",
            key=f"adapt-{network.name}",
            disabled=isinstance(limit, Problem),
            width="stretch",
        ):
            name = free_name(f"{network.title}, adapted")
            pair = (owner, record.id)
            run = adapt(workspace(), name, network.name, [pair], 60 * minutes)
            st.session_state[PENDING] = run.id
            st.rerun()


def _minutes(key: str) -> int:
    """How long it shall learn: no longer than a run may."""
    most = min(10, limits_of(workspace()).longest_run // 60)
    if most == 1:
        st.write("It learns for 1 minute, the longest that a run may take here.")
        return 1
    return st.slider("Minutes", 1, most, min(3, most), key=key)


def through() -> Run | None:
    """The adaptation that was started here, once: after it has ended."""
    run = _pending()
    if run is None or run.live:
        return None
    del st.session_state[PENDING]
    return run


def tell() -> None:
    """How far the adaptation is that was started here, if there is one."""
    if _pending():
        with st.container():  # which keeps the place of what follows, whenever it is drawn anew
            st.fragment(_tell, run_every=2.0)()


@cards.telling_problems
def _tell() -> None:
    run = _pending()
    if run is None or not run.live:
        st.rerun(scope="app")  # which shows it
    told, way = st.columns([5, 2], vertical_alignment="center")
    how = "waits for its turn"
    if run.state == "running" or (run.job and run.job.used):
        left = sharing.seen(run.job).end if run.job else None
        how = f"is learning for {sharing.about(left)} more" if left is not None else "is learning"
    told.info(f"{plain(run.name)} {how}; then it appears here.", icon=":material/tune:")
    way.page_link(
        menu.page("Watch"), label="Watch it", icon=":material/arrow_forward:",
        query_params={"run": run.id},
    )  # fmt: skip


def _pending() -> Run | None:
    id = st.session_state.get(PENDING)
    return next((run for run in runs() if run.id == id), None) if id else None
