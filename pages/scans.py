"""Scans: bring scans in, pair low dose with full dose, or make the low-dose twin of one."""

import streamlit as st

from ctdenoise.ui import menu
from ctdenoise.ui.components import cards, damage, next_step, upload
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.scans import download, simulate
from ctdenoise.ui.scans import pair as pairing
from ctdenoise.ui.session import pairs, workspace
from ctdenoise.workspace.library import PairRecord, library_of

st.title("Which scans shall we use?")
mine = library_of(workspace())
WAYS = {"Look": ":material/visibility:", "Train": ":material/model_training:"}


def pair_line(owner: str, record: PairRecord) -> None:
    """One pair with what can be done with it."""
    own = owner == workspace()
    with st.container(border=True):
        told, ways = st.columns([3, 2], vertical_alignment="center")
        name = plain(cards.pair_name(owner, record))
        told.markdown(f"**{name}**  \n:small[{plain(record.matched)}]")
        with ways.container(horizontal=True, horizontal_alignment="right"):
            for page in ("Look", "Train"):
                query = {"pair": record.id}
                st.page_link(menu.page(page), label=page, icon=WAYS[page], query_params=query)
            if own:
                change(record)


def change(record: PairRecord) -> None:
    """Another name for a pair, or its end."""
    with st.popover("Change"):
        cards.renamer(record.name, record.id, mine.rename)
        st.caption("Removing a pair keeps the runs that learned from it.")
        if st.button("Remove", key=f"remove-{record.id}", icon=":material/delete:"):
            mine.remove(record.id)
            st.rerun()


upload.uploader()
upload.outcome()
damage.show(mine.damaged(), mine.remove)
download.real_pairs()
scans = {record.id: record for record in mine.scans()}
if scans:
    suggested = pairing.suggestions(mine)
    paired = {id for pair in mine.pairs() for id in (pair.low_scan, pair.full_scan)}
    waiting = bool(suggested) or bool(set(scans) - paired) or simulate.under_way()
    with st.expander("**Make a pair:** the same slices at two doses", expanded=waiting):
        ways = {"two": "From two scans", "twin": "From one scan, with simulated low dose"}
        how, removal = st.columns([5, 1], vertical_alignment="center")
        way = how.segmented_control(
            "How",
            list(ways),
            format_func=ways.__getitem__,
            default="two" if suggested else "twin",
            required=True,
            label_visibility="collapsed",
            key=f"way-{len(scans)}",
        )
        with removal.popover("Remove a scan …", width="stretch"):
            unwanted = st.selectbox(
                "Scan", list(scans), format_func=cards.scan_names(scans).__getitem__
            )
            st.caption("Pairs that were made of it stay.")
            if st.button("Remove this scan", icon=":material/delete:"):
                mine.remove(unwanted)
                st.rerun()
        if way == "two":
            pairing.from_two(mine, scans, suggested)
        else:
            simulate.from_one(mine, scans)
else:
    st.caption(
        "One full-dose scan is enough: its low-dose twins are simulated here, at any dose from "
        "100 % down to 1 %. Of a low-dose and a full-dose scan of the same slices a pair is made."
    )

st.subheader("Pairs ready to learn from")
cards.preparing_sample()
available = pairs()
for (owner, _), record in available.items():
    pair_line(owner, record)
if available:
    next_step.after("Scans", pair=next(iter(available.values())).id)
