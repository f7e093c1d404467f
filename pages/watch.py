"""Watch: one run, from before training to its last epoch, while it goes on or afterwards."""

import streamlit as st

from ctdenoise.runs.store import store
from ctdenoise.ui import cards, menu, monitor
from ctdenoise.ui.session import runs

heading, choice = st.columns([2, 3], vertical_alignment="bottom")
heading.title("Is it learning?")
mine = {run.id: run for run in runs()}
if not mine:
    st.info("No network has been trained here yet.", icon=":material/model_training:")
    st.page_link(
        menu.page("Train"),
        label="Choose a network and press Train",
        icon=":material/arrow_forward:",
    )
    st.stop()

if (linked := st.query_params.get("run")) in mine:
    st.session_state["watch-run"] = linked
elif linked:
    st.warning("The run of this link is not in this workspace; the newest one is shown instead.")
if st.session_state.get("watch-run") not in mine:
    st.session_state["watch-run"] = next(iter(mine))


def chosen() -> None:
    st.query_params["run"] = st.session_state["watch-run"]


run_id = choice.selectbox(
    "Run",
    label_visibility="collapsed",
    options=list(mine),
    key="watch-run",
    on_change=chosen,
    persist_state="session",
    format_func=lambda i: f"{mine[i].name} ({cards.ago(mine[i].created)})",
)
st.query_params["run"] = run_id
live = mine[run_id].state in ("queued", "running")
st.fragment(monitor.show, run_every=monitor.pace(mine[run_id]))(run_id)

with st.expander("This run"):
    columns = st.columns(2)
    name = columns[0].text_input("Name", mine[run_id].name, max_chars=80)
    if name and name != mine[run_id].name:
        store().rename(run_id, name)
        st.rerun()
    with columns[1].popover("Delete this run …"):
        st.write("Its pictures, curves and network are deleted for good.")
        if st.button(
            "Delete", type="primary", disabled=live, help="Stop it first." if live else None
        ):
            store().remove(run_id)
            st.query_params.clear()
            st.rerun()
    st.json(mine[run_id].config.model_dump(mode="json"), expanded=False)
