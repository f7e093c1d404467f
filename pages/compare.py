"""Compare: the low dose, the full dose, a Gaussian filter and any runs on the same slices."""

import streamlit as st

from ctdenoise.training import epochs
from ctdenoise.ui import cards, judging, menu, panes
from ctdenoise.ui.session import arrived, keep_link, recall, remember, runs

st.title("Which picture would you rather read?")
trained = {run.id: run for run in runs() if epochs.kept(run.folder)}
if linked := [run_id for run_id in arrived("run", "compare") if run_id in trained]:
    st.session_state["compare-runs"] = linked[:3]
    judged_on, judged, _ = panes.progress_slice(trained[linked[0]])
    if judged:
        st.session_state["compare-pair"] = (judged_on, judged.id)
kept = recall("compare-runs", list(trained)[:1])
st.session_state["compare-runs"] = [run_id for run_id in kept if run_id in trained]

bar = st.columns([3, 3, 2, 2], vertical_alignment="bottom")
with bar[0]:
    owner, record = cards.pair_picker("Scan", "compare")
with bar[1]:
    picked = st.multiselect(
        "Networks",
        list(trained),
        key="compare-runs",
        max_selections=3,
        format_func=cards.told_apart({id: run.name for id, run in trained.items()}).__getitem__,
        placeholder="Train one first" if not trained else "None",
    )
remember("compare-runs")
keep_link("run", "compare", picked)
keep_link("pair", "compare", [record.id])
with bar[2]:
    sigma = st.slider(
        "Gaussian filter (px)",
        0.0,
        4.0,
        1.4,
        0.1,
        key="compare-sigma",
        persist_state="session",
        help="The classical way: blurs noise and edges alike. 1.4 px is the article's. 0 hides it.",
    )
with bar[3]:
    maps = st.selectbox(
        "Difference maps",
        list(judging.MAPS),
        key="compare-maps",
        persist_state="session",
        help="Removed noise: low dose minus the picture; anatomy in it has been lost. "
        "Error: the picture minus the full dose.",
    )
judging.show(owner, record, [trained[i] for i in picked], sigma, maps)
if not trained:
    st.page_link(
        menu.page("Train"),
        label="Train a network to compare",
        icon=":material/arrow_forward:",
        query_params={"pair": record.id},
    )
