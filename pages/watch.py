"""Watch: one run, from before training to its last epoch, while it goes on or afterwards."""

import streamlit as st

from ctdenoise.config.run_folder import kept
from ctdenoise.ui import foreign
from ctdenoise.ui.components import cards, damage, next_step
from ctdenoise.ui.session import from_link, keep_link, recall, remember, runs, workspace
from ctdenoise.ui.watch import home, settings, view
from ctdenoise.workspace.runs import damaged, remove_run, rename_run

heading, choice = st.columns([2, 3], vertical_alignment="bottom")
heading.title("Is it learning?")
damage.show(damaged(workspace()), remove_run)
mine = {run.id: run for run in runs()}
linked = from_link("run", "watch")
if linked and linked[0] in mine:
    st.session_state["watch-run"] = linked[0]
elif linked and (shown := foreign.shown_run(linked[0])):
    view.show_others(shown)
    st.stop()
if not mine:
    cards.no_network()

if recall("watch-run", next(iter(mine))) not in mine:
    st.session_state["watch-run"] = next(iter(mine))
run_id = choice.selectbox(
    "Run",
    label_visibility="collapsed",
    options=list(mine),
    key="watch-run",
    format_func=cards.distinct({id: run.name for id, run in mine.items()}).__getitem__,
)
remember("watch-run")
keep_link("run", "watch", [run_id])
live = mine[run_id].live
with st.container():  # which keeps the place of what follows, whenever the timer draws anew
    st.fragment(view.show, run_every=view.pace(mine[run_id]))(run_id)


def rename(id: str, name: str) -> None:
    """Rename a run and keep it chosen."""
    rename_run(id, name)
    st.session_state["watch-run"] = id  # else the list above would look for the old name


with st.expander("This run"):
    cards.renamer(mine[run_id].name, run_id, rename)
    home.offer(mine[run_id])
    settings.show(mine[run_id].config)
    with st.popover("Delete this run …"):
        st.write("Its pictures, curves and network are deleted for good.")
        if st.button(
            "Delete", type="primary", disabled=live, help="Stop it first." if live else None
        ):
            remove_run(run_id)
            st.query_params.clear()
            st.rerun()
if kept(mine[run_id].folder):
    next_step.after("Watch", run=view.siblings(mine[run_id]))
