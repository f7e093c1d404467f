"""Two scans become a pair: suggested by the program, corrected and confirmed by the user."""

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.pair import PAIR, MakePair
from ctdenoise.scans.matching import match, refuse_equal
from ctdenoise.scans.pairing import Recognised, recognise
from ctdenoise.ui.components import cards, jobs
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import workspace
from ctdenoise.workspace.library import Library, ScanRecord


def suggestions(library: Library) -> list[tuple[str, str, str]]:
    """(low scan id, full scan id, why) of the scans that belong together and are no pair yet."""
    records = library.scans()
    known = {(pair.low_scan, pair.full_scan) for pair in library.pairs()}
    return [
        (low, full, why)
        for low, full, why in _recognised(library, tuple(record.id for record in records))
        if (low, full) not in known and (full, low) not in known
    ]


@st.cache_data(
    max_entries=64, show_spinner="Looking which is which …", hash_funcs={Library: lambda x: x.root}
)
def _recognised(library: Library, ids: tuple[str, ...]) -> list[tuple[str, str, str]]:
    found: list[Recognised] = recognise([library.scan(id) for id in ids])
    return [(ids[each.low], ids[each.full], each.why) for each in found]


def from_two(
    library: Library, scans: dict[str, ScanRecord], suggested: list[tuple[str, str, str]]
) -> None:
    """Two choices with a swap between them, what was matched, and the button that keeps it."""
    if len(scans) < 2:
        st.info("There is only one scan: add its partner above, or simulate the low dose.")
        return
    ids = list(scans)
    low, full, why = suggested[0] if suggested else (ids[1], ids[0], "")
    key = "-".join(sorted((low, full)))  # a new suggestion starts afresh
    st.session_state.setdefault(f"low-{key}", low)
    st.session_state.setdefault(f"full-{key}", full)

    def swap() -> None:
        state = st.session_state
        state[f"low-{key}"], state[f"full-{key}"] = state[f"full-{key}"], state[f"low-{key}"]

    name = cards.scan_names(scans).__getitem__
    left, middle, right = st.columns([5, 1, 5], vertical_alignment="bottom")
    low = left.selectbox("Low dose", ids, format_func=name, key=f"low-{key}")
    middle.button("Swap", icon=":material/swap_horiz:", on_click=swap, width="stretch")
    full = right.selectbox("Full dose", ids, format_func=name, key=f"full-{key}")
    if why and {low, full} == set(suggested[0][:2]):
        st.caption(f"Suggested: {plain(why)}")
    if low == full:
        st.warning("Choose two different scans.")
        return
    try:
        matched = match(library.scan(low), library.scan(full))
        refuse_equal(matched, name(low), name(full))
    except Problem as problem:
        tell(problem)
        return
    st.caption(plain(matched.sentence))
    for warning in matched.warnings:
        st.warning(plain(warning))
    place = "Position (mm)" if matched.pair.located else "Number"
    with st.expander("Which slices were paired"):
        st.dataframe(
            [
                {"Low dose slice": i + 1, "Full dose slice": j + 1, place: float(z)}
                for i, j, z in zip(
                    matched.low_slices, matched.full_slices, matched.pair.positions, strict=True
                )
            ],
            hide_index=True,
            height=200,
        )
    last = jobs.newest(PAIR)
    asked = MakePair(low=low, full=full)
    if last and (last.live or (last.state != "finished" and last.arguments == asked.model_dump())):
        jobs.follow(last)
    if st.button(
        "Keep this pair",
        type="primary",
        icon=":material/link:",
        disabled=last is not None and last.live,
    ):
        jobs.forget_told()
        executor().submit(PAIR, asked, workspace())
        st.rerun()
