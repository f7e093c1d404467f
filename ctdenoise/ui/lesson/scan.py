"""The learner's scan: chosen once, shown in every step."""

import streamlit as st

from ctdenoise.settings import settings
from ctdenoise.ui.components import cards
from ctdenoise.ui.session import pairs, recall, remember, waits_for_sample
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.sample import IDS, sample_records
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

Chosen = tuple[str, PairRecord]
KEY = "learn-scan"


def picker() -> None:
    """Choose a scan; the sample's first unless one chooses."""
    available = _available()
    if not available:
        st.caption("There is no scan yet.")
        return
    if recall(KEY, first := next(iter(available))) not in available:
        st.session_state[KEY] = first
    st.selectbox(
        "Your scan",
        list(available),
        format_func=cards.pair_names(available).__getitem__,
        key=KEY,
        help="A scan that you brought is here as well. The lesson shows and trains on this one.",
    )
    remember(KEY)


def chosen() -> Chosen | None:
    """Workspace and record of the learner's scan; None while there is none."""
    available = _available()
    key = st.session_state.get(KEY)
    if key not in available:
        key = next(iter(available), None)
    return (key[0], available[key]) if key else None


def to_learn_from() -> list[tuple[str, str]]:
    """What a network of the lesson learns from: the learner's own scan or, with one of the
    sample's, the whole sample, so that a patient is kept aside."""
    available = _available()
    key = st.session_state.get(KEY)
    if key in available and key[0] != SAMPLE:
        return [key]
    if waits_for_sample():  # nobody learns from a part of it unawares
        return []
    return [each for each in available if each[1] in IDS] or list(available)[:1]


def of_sample(number: int) -> Chosen | None:
    """The sample's ``number``-th patient, counted from 1; its last where it has fewer."""
    found = {record.id: record for record in sample_records(settings().workspaces)}
    known = [found[id] for id in IDS if id in found] or list(found.values())
    return (SAMPLE, known[min(number, len(known)) - 1]) if known else None


def _available() -> dict[tuple[str, str], PairRecord]:
    found = pairs()
    first = {key: record for key, record in found.items() if key[0] == SAMPLE}
    return first | found
