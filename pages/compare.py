"""Compare: the low dose, the full dose, a Gaussian filter and any networks on the same slices."""

import streamlit as st

from ctdenoise.config import run_folder
from ctdenoise.config.shipped import PREFIX, Shipped
from ctdenoise.ui.compare import adapt, choices, view
from ctdenoise.ui.components import cards, next_step, panes
from ctdenoise.ui.components.text import tell
from ctdenoise.ui.session import from_link, keep_link, recall, remember, runs

# The choices that make the article's last figure of this page. (Streamlit shows bare strings.)
RIVALS = [f"{PREFIX}article", f"{PREFIX}optimised"]
FIGURE = {
    choices.NETWORKS: RIVALS,
    "compare-sigma": 0.0,
    "compare-maps": view.MAPS[0],
    "compare-zoom": True,
}

st.title("Which picture would you rather read?")
adapted = adapt.through()
trained = {run.id: run for run in runs() if run_folder.kept(run.folder)}
linked = from_link("run", "compare")
choices.open_scan(trained, linked)

bar = st.columns([4.6, 4, 2, 2, 1.4], vertical_alignment="bottom")
with bar[0]:
    owner, record = cards.pair_picker("Scan", "compare")
networks = choices.networks(trained, record)
choices.open_networks(networks, linked)
has_figure = all(id in networks for id in RIVALS)
if from_link("figure", "compare") == ["last"]:
    if has_figure:
        st.session_state.update(FIGURE)
    else:
        st.warning("The two networks of the article's last figure do not ship for this scan.")
if adapted and adapted.id in networks:
    kept = list(st.session_state[choices.NETWORKS])
    if len(kept) == choices.MOST and adapted.id not in kept:  # beside what it is compared with
        kept.remove(next(id for id in kept if id != adapted.parent))
    st.session_state[choices.NETWORKS] = list(dict.fromkeys([*kept, adapted.id]))
elif adapted:
    tell(adapted.job.message if adapted.job else "")
with bar[1]:
    picked = st.multiselect(
        "Networks",
        list(networks),
        wrap=True,
        key=choices.NETWORKS,
        max_selections=choices.MOST,
        format_func=cards.distinct(
            {id: panes.network_name(network) for id, network in networks.items()}
        ).__getitem__,
        placeholder="Train one first" if not networks else "None",
    )
with bar[2]:
    recall("compare-sigma", 1.4)
    sigma = st.slider(
        "Gaussian filter (px)",
        0.0,
        4.0,
        step=0.1,
        key="compare-sigma",
        help="The classical way: blurs noise and edges alike. 1.4 px is the article's. 0 hides it.",
    )
with bar[3]:
    recall("compare-maps", view.MAPS[0])
    maps = st.selectbox(
        "Difference maps",
        list(view.MAPS),
        key="compare-maps",
        help="Removed noise: low dose minus the picture; anatomy in it has been lost. "
        "Error: the picture minus the full dose.",
    )
with bar[4], st.popover("More", width="stretch"):
    recall("compare-zoom", False)
    zoomed = st.toggle(
        "Enlarged as well",
        key="compare-zoom",
        help="A second row shows a part of the body, large. It follows slice and window.",
    )
    if has_figure:
        st.button(
            "As in the article's last figure",
            icon=":material/compare:",
            on_click=st.session_state.update,
            args=(FIGURE,),
            help="The article's network, the optimised one and the routine dose, whole and "
            "enlarged.",
        )
for key in FIGURE:
    remember(key)
keep_link("run", "compare", picked)
keep_link("pair", "compare", [record.id])
is_figure = all(st.session_state[key] == value for key, value in FIGURE.items())
keep_link("figure", "compare", ["last"] if is_figure else [])
adapt.tell()
view.show(owner, record, [networks[id] for id in picked], sigma, maps, zoomed)
with st.container(horizontal=True):
    for id in picked:
        if isinstance(network := networks[id], Shipped):
            adapt.offer(network, owner, record)
next_step.after("Compare", pair=record.id)
