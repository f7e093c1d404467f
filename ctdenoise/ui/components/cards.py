"""Small pieces that several pages show."""

import time
from collections.abc import Callable
from itertools import chain, count
from typing import NoReturn, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.scans.sample import SERIES
from ctdenoise.ui import menu
from ctdenoise.ui.components import panes
from ctdenoise.ui.components.text import plain, tell, telling_problems
from ctdenoise.ui.session import (
    choose,
    from_link,
    just_brought,
    pairs,
    recall,
    remember,
    start_problem,
    usual_pairs,
    waits_for_sample,
)
from ctdenoise.ui.viewer import viewer
from ctdenoise.units import counted
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import PairRecord, ScanRecord, library_of
from ctdenoise.workspace.runs import Run
from ctdenoise.workspace.sample import IDS
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

Key = TypeVar("Key")

STATES = {
    "queued": ":material/hourglass_top: waiting",
    "running": ":material/play_circle: training",
    "finished": ":material/check_circle: finished",
    "stopped": ":material/pause_circle: stopped",
    "failed": ":material/error: failed",
}


def standing(run: Run) -> str:
    """How a run stands, in a word; one that has begun is in training between its turns, too."""
    begun = run.job is not None and run.job.live and run.job.used > 0
    return STATES["running" if begun else run.state]


def pair_name(owner: str, record: PairRecord) -> str:
    """One line that tells a pair apart: name, dose, slices."""
    dose = f", {record.dose_fraction:.0%} dose" if record.dose_fraction else ""
    how = " simulated" if record.simulated else ""
    sample = "Sample: " if owner == SAMPLE else ""
    return f"{sample}{record.name} ({counted(record.slices, 'slice')}{dose}{how})"


def distinct(names: dict[Key, str]) -> dict[Key, str]:
    """The names, numbered where they repeat: a choice is sent back by its name.

    >>> distinct({1: "Run", 2: "Run (2)", 3: "Run"})
    {1: 'Run', 2: 'Run (2)', 3: 'Run (3)'}
    """
    told: dict[str, Key] = {}
    for key, name in names.items():
        numbered = (f"{name} ({number})" for number in count(2))
        told[next(each for each in chain([name], numbered) if each not in told)] = key
    return {key: name for name, key in told.items()}


def pair_names(available: dict[tuple[str, str], PairRecord]) -> dict[tuple[str, str], str]:
    """What the choices of pairs read."""
    return distinct({key: pair_name(key[0], record) for key, record in available.items()})


def scan_names(scans: dict[str, ScanRecord]) -> dict[str, str]:
    """What the choices of scans read."""
    return distinct(
        {id: f"{scan.name} ({counted(scan.slices, 'slice')})" for id, scan in scans.items()}
    )


def no_network() -> NoReturn:
    """Say that nothing has been trained, with the way on; the page ends here."""
    st.info("No network has been trained here yet.", icon=":material/model_training:")
    st.page_link(
        menu.page("Train"),
        label="Choose a network and press Train",
        icon=":material/arrow_forward:",
    )
    st.stop()


def pair_picker(label: str, page: str) -> tuple[str, PairRecord]:
    """Choose one pair; a page stops here, with the way on, while there is none."""
    preparing_sample()
    available = pairs()
    if not available:
        st.stop()
    key = f"{page}-pair"
    if brought := just_brought():
        st.session_state[key] = brought[0]
    for linked in from_link("pair", page):
        if found := next((k for k in available if k[1] == linked), None):
            st.session_state[key] = found
            if found not in brought:
                choose()
    if recall(key, first := next(iter(available))) not in available:
        st.session_state[key] = first
    chosen = st.selectbox(
        label,
        list(available),
        format_func=pair_names(available).__getitem__,
        key=key,
        on_change=choose,
    )
    remember(key)
    return chosen[0], available[chosen]


def pairs_to_learn_from() -> dict[tuple[str, str], PairRecord]:
    """Every pair; a page stops here while the sample is being made, so that nobody learns from a
    part of it unawares."""
    preparing_sample()
    available = pairs()
    if not available or (waits_for_sample() and not _sample_problem()):
        st.stop()
    return available


def pairs_picker(
    available: dict[tuple[str, str], PairRecord], key: str, note: str | None = None
) -> list[tuple[str, str]]:
    """Choose the pairs to learn from; the usual ones where all that were chosen are gone."""
    kept = recall(key, usual_pairs(available))
    left = [each for each in kept if each in available]
    st.session_state[key] = left or (usual_pairs(available) if kept else [])
    chosen = st.multiselect(
        "Learn from",
        list(available),
        wrap=True,
        key=key,
        on_change=choose,
        format_func=pair_names(available).__getitem__,
        help=note,
    )
    remember(key)
    return chosen


def preparing_sample() -> None:
    """How far the sample is, for the first seconds of a fresh installation; the page is drawn anew
    with every pair of it that is there."""
    if waits_for_sample():
        with st.container():  # which keeps the place of what follows, whenever it is drawn anew
            _preparing_sample(len(pairs()))


@st.fragment(run_every=0.5)
@telling_problems
def _preparing_sample(shown: int) -> None:
    if len(pairs()) > shown or not waits_for_sample():
        st.rerun(scope="app")
    if problem := _sample_problem():
        tell(f"The sample could not be made. {problem}")
        return
    job = _sample_job("running")
    far = plain(job.message) if job and job.message else "This takes a few seconds."
    st.progress(job.progress or 0.0 if job else 0.0, f"The sample is being made of real CT. {far}")


def _sample_problem() -> Problem | str | None:
    failed = _sample_job("failed")
    return start_problem() or (failed.message if failed else None)


def _sample_job(state: str) -> Job | None:
    """The newest job that makes the sample, where it stands so."""
    return next((job for job in queue.jobs_of(SAMPLE, "sample")[:1] if job.state == state), None)


def source(owner: str, record: PairRecord) -> None:
    """Whose pictures the sample's are."""
    if owner == SAMPLE and record.id in IDS:
        whose = SERIES[IDS.index(record.id)].source
        st.caption(f"Full dose: {whose}. The low dose is simulated.")


def first_look(owner: str, record: PairRecord) -> None:
    """Low dose beside full dose: the first picture of the product."""
    low, full = panes.low(owner, record), panes.full(owner, record)
    viewer(
        [low, full],
        key="first-look",
        height=330,
        window=panes.first_window(low, record.unit),
        report=(),
        **panes.geometry(library_of(owner).pair(record.id)),
    )
    source(owner, record)


def step(place: DeltaGenerator, page: str, sentence: str) -> None:
    """A card with a link to a page, and a sentence below it."""
    with place.container(border=True, height="stretch"):
        st.page_link(menu.page(page), label=f"**{page}**", icon=menu.ICONS[page], width="stretch")
        st.caption(sentence)


def run_line(run: Run) -> None:
    """One run in one line, with the way to it."""
    columns = st.columns([5, 2, 2, 1], vertical_alignment="center")
    columns[0].markdown(f"**{plain(run.name)}**")
    columns[1].markdown(standing(run))
    columns[2].caption(ago(run.created))
    columns[3].page_link(menu.page("Watch"), label="Open", query_params={"run": run.id})


def ago(moment: float) -> str:
    """How long since ``moment`` (seconds since 1970), in words."""
    seconds = max(0, time.time() - moment)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{counted(int(seconds // length), unit)} ago"
    return "just now"


def duration(seconds: float) -> str:
    """A length of time as people say it: 8 s, 2 min 10 s, 1 h 5 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def renamer(name: str, id: str, rename: Callable[[str, str], None]) -> None:
    """A text field that renames; an empty name changes nothing."""
    key = f"name-{id}"

    def changed() -> None:
        if new := " ".join(st.session_state[key].split()):
            rename(id, new)

    st.text_input("Name", name, key=key, max_chars=80, on_change=changed)
