"""Dial: one network whose loss is chosen afterwards, by a slider."""

import streamlit as st

from ctdenoise.config import run_folder
from ctdenoise.config.shipped import Shipped, shipped
from ctdenoise.ui import dial
from ctdenoise.ui.components import cards, next_step, panes
from ctdenoise.ui.session import from_link, keep_link, recall, remember, runs
from ctdenoise.workspace.runs import Run

st.title("How smooth, how grainy would you have it?")
cards.pairs_to_learn_from()
trained = {run.id: run for run in runs() if run.config.loss.dial and run_folder.kept(run.folder)}
ships = {network.id: network for network in shipped().values() if network.config.loss.dial}
networks: dict[str, Run | Shipped] = {**trained, **ships}
if not networks:
    dial.order()
    next_step.after("Dial")
    st.stop()
if linked := [id for id in from_link("run", "dial") if id in networks]:
    st.session_state["dial-run"] = linked[0]
    if linked[0] in trained:
        owner, judged, _ = panes.judged_on(trained[linked[0]])
        if judged:
            st.session_state["dial-pair"] = (owner, judged.id)
if recall("dial-run", next(iter(networks))) not in networks:
    st.session_state["dial-run"] = next(iter(networks))
first, second = st.columns(2)
with first:
    chosen: str = st.selectbox(
        "Network",
        list(networks),
        key="dial-run",
        format_func=cards.distinct(
            {id: panes.network_name(network) for id, network in networks.items()}
        ).__getitem__,
    )
remember("dial-run")
with second:
    owner, record = cards.pair_picker("Scan", "dial")
keep_link("run", "dial", [chosen])
keep_link("pair", "dial", [record.id])
dial.show(networks[chosen], owner, record)
with st.expander("A new network with a dial", icon=":material/add:"):
    dial.order()
next_step.after("Dial")
