"""What the Watch page shows of one run; drawn again and again while the run is live."""

import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import streamlit as st

from ctdenoise.config import events, progress_slice, shipped
from ctdenoise.config.config import MOST_EPOCHS
from ctdenoise.config.run_folder import kept as kept_epochs
from ctdenoise.jobs.kinds.estimate import foreseen
from ctdenoise.jobs.kinds.train import continue_run
from ctdenoise.ui import menu, pictures
from ctdenoise.ui.caching import Newest
from ctdenoise.ui.components import cards, jobs, panes, sharing
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import runs
from ctdenoise.ui.train import form, link
from ctdenoise.ui.viewer import Pane, viewer
from ctdenoise.ui.watch import readout
from ctdenoise.units import Window, counted
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.runs import Run, find_run, last_epoch

SLOW_SECONDS, SLOWER, RECENT = 30.0, 3, 5
"""An epoch is late after so many seconds, and so many times what the recent ones took."""
PATIENCE_SECONDS = 15.0
"""Who waits longer for a first picture is told what to do meanwhile."""
MEANWHILE = {
    "Look": "Look at the scans",
    "Dial": "Turn the dial of a network that ships",
    "Denoise": "Denoise a scan with one",
}
"""Pages that are worth a visit before one has trained anything."""
COMPARED = 3
"""As many networks as Compare shows at a time."""
HEIGHT = 420
"""Of a picture at most, in pixels: three of them fill a screen of 1280 x 720."""


def pace(run: Run) -> float | None:
    """Seconds between two looks at a run: quick until its first picture, slower while many share
    the machine, none once it has ended."""
    if not (run.job and run.live):
        return None
    return sharing.pace(run.job, 1.0 if last_epoch(run) else 0.4)


@cards.telling_problems
def show(run_id: str) -> None:
    """Pictures of every epoch so far, curves, figures, and the buttons Stop and Continue."""
    run = find_run(run_id)
    before = st.session_state.get("watch-pace")
    st.session_state["watch-pace"] = now = (run_id, pace(run))
    _show(run)
    if before and before != now and before[0] == run_id:
        st.rerun(scope="app")  # with the new pace


def show_others(run: Run) -> None:
    """The pictures and curves of somebody else's run, to be looked at."""
    said = events.read(run.folder)
    epochs = [each for each in said if isinstance(each, events.Epoch)]
    st.markdown(f"**{plain(run.name)}**: {cards.standing(run)}")
    if epochs:
        start = events.start(said)
        _pictures(run, epochs, start)
        st.caption(plain(f"{readout.convention(start)} {start.split}"))


def _show(run: Run) -> None:
    said = events.read(run.folder)
    epochs = [e for e in said if isinstance(e, events.Epoch)]
    _status(run, epochs)
    _descent(run)
    for notice in (e for e in said if isinstance(e, events.Notice)):
        st.warning(plain(notice.sentence), icon=":material/warning:")
    if not run.live and events.damaged(run.folder):
        st.warning(
            "A part of this run's record is damaged on the disk: epochs are missing in its "
            "pictures and curves. Its networks are not touched by that.",
            icon=":material/warning:",
        )
    if run.job and run.live and not any(each.epoch for each in epochs):
        _meanwhile(run.job)
    if not epochs:
        return
    start = events.start(said)
    _pictures(run, epochs, start)
    st.caption(plain(f"{readout.convention(start)} {start.split}"))


def _status(run: Run, epochs: list[events.Epoch]) -> None:
    """One line: the state, how far, how long still, and what can be done."""
    bar, button, aside = st.columns([5, 1, 1], vertical_alignment="center")
    with aside:
        _branch(run)
    total, budget = run.config.epochs, run.config.time_budget_s
    done = epochs[-1].epoch if epochs else 0
    job, text = run.job, ""
    if job and done:  # it is on the page before it is in the row
        job = replace(job, first=0.0)
    if job and epochs and (job.state == "running" or (job.state == "queued" and job.used)):
        text = f"Epoch {done}" if done else "In epoch 1"
        text += "" if budget else f" of {total}"
        slow = late(epochs, _own_seconds(job, epochs[-1])) if job.state == "running" else ""
        text = sharing.far(job, text + slow, None if slow else _alone(run, done))
    with bar:
        if job:
            jobs.show(job, text)
        else:
            st.info("This run has not begun: press Continue.")
    if job and job.live:
        with button:
            jobs.stop_button(job, "What is trained so far is kept.")
        return
    with button.popover("Continue", icon=":material/play_arrow:", width="stretch"):
        most = MOST_EPOCHS - done
        if most < 1:
            st.write(f"This run has had {counted(done, 'epoch')}, and more are not possible.")
            return
        more = st.number_input("More epochs", 1, most, min(most, max(total - done, 5)))
        if st.button("Go on", type="primary", width="stretch"):
            continue_run(run.id, done + more)
            st.rerun(scope="app")


def late(epochs: list[events.Epoch], passed: float) -> str:
    """Where it is so: that the next epoch takes longer than those before it, ``passed`` seconds of
    a worker after the last one."""
    lengths = [b.time - a.time for a, b in pairwise(epochs)][-RECENT:]
    if passed <= max([SLOW_SECONDS, *(SLOWER * length for length in lengths)]):
        return ""
    told = ", the next one takes longer than usual:" if lengths else ", for"
    return f"{told} {cards.duration(passed)} so far"


def _own_seconds(job: Job, last: events.Epoch) -> float:
    """Seconds of a worker that a run has had since its ``last`` epoch ended, as far as this session
    has seen: what passed meanwhile may have been others' turns."""
    epoch = (job.id, job.queued, last.epoch)
    before, used = st.session_state.get("watch-epoch", (None, 0.0))
    if before != epoch:
        passed = 0.0
        if not (before and before[0] == job.id) and sharing.seen(job).people == 1:
            passed = time.time() - max(last.time, job.started or 0.0)
        used = job.used - min(max(passed, 0.0), job.used)
        st.session_state["watch-epoch"] = epoch, used
    return float(job.used - used)


def _alone(run: Run, done: int) -> float | None:
    """Seconds that a run still needs where nobody else has a turn: as its worker said or, before it
    did, as was measured on Train for a run of these settings."""
    job = run.job
    assert job
    if done or job.left is not None:
        return sharing.seen(job).end
    measured = foreseen(run.config)
    return None if measured is None else measured - job.used


def _meanwhile(job: Job) -> None:
    """What to do until the first picture, where that takes its time; once said, it stays."""
    first = sharing.seen(job).first
    key = f"watch-meanwhile-{job.id}"
    if not st.session_state.get(key) and (first is None or first < PATIENCE_SECONDS):
        return
    st.session_state[key] = True
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("You can leave this page; the run goes on. Meanwhile:", width="content")
        for name, label in MEANWHILE.items():
            st.page_link(menu.page(name), label=label, icon=menu.ICONS[name], width="content")


def _branch(run: Run) -> None:
    """The way to a run that goes on from one of this run's epochs with other settings."""
    kept = kept_epochs(run.folder)
    with st.popover("Branch", icon=":material/fork_right:", width="stretch", disabled=not kept):
        st.write("Go on from an epoch with another loss or learning rate, as a run of its own.")
        epoch = st.selectbox("Epoch", kept[::-1], key=f"branch-{run.id}")
        if st.button("Choose its settings", type="primary", width="stretch"):
            form.adopt(run.config)
            st.session_state[link.BRANCH] = (run.id, epoch)
            st.switch_page(menu.page("Train"))


def siblings(run: Run) -> list[str]:
    """The runs to compare one with, itself first: what shares its sweep or its descent, then what
    learned from one of its pairs, the newest of each first."""
    others = [each for each in runs() if each.id != run.id and kept_epochs(each.folder)]
    family = {run.id, run.parent}
    near = [e for e in others if (e.sweep and e.sweep == run.sweep) or family & {e.id, e.parent}]
    beside = [e for e in others if e not in near and set(e.pairs) & set(run.pairs)]
    return [run.id, *(each.id for each in near + beside)][:COMPARED]


def _descent(run: Run) -> None:
    """Where a run came from, and both side by side."""
    if run.parent:
        told, way = st.columns([3, 2], vertical_alignment="center")
        told.caption(f":material/fork_right: Went on from {plain(_parent(run))}.")
        way.page_link(
            menu.page("Compare"),
            label="Compare it with its parent",
            icon=":material/compare:",
            query_params=[("run", run.id), ("run", run.parent)],
        )


def _parent(run: Run) -> str:
    """What a run went on from, in words."""
    if run.parent.startswith(shipped.PREFIX):
        name = run.parent.removeprefix(shipped.PREFIX)
        known = shipped.shipped().get(name)
        return f"{known.title if known else name}, which ships with CT Denoise"
    name = next((each.name for each in runs() if each.id == run.parent), "a run since deleted")
    return f"{name}, epoch {run.parent_epoch}"


def _pictures(run: Run, epochs: list[events.Epoch], start: events.Started) -> None:
    """Low dose, the network after each epoch, full dose, and what belongs to the epoch in view:
    the newest, until somebody chooses another."""
    depends = events.stamp(run.folder), run.name, run.number, run.live, run.config
    shown = _shown.of(run.id, depends, lambda: _viewed(run, epochs, start))
    viewer(key=f"watch-{run.id}", **shown)


_shown: Newest[dict[str, Any]] = Newest(64)
"""What the viewer was given last of a run: most looks at one find nothing new."""


def _viewed(run: Run, epochs: list[events.Epoch], start: events.Started) -> dict[str, Any]:
    (low, full), style = panes.references(run), panes.run_style(run)
    facts = progress_slice.facts(run.folder)
    each = tuple(pictures.Progress(run=run.id, image=epoch.image).address for epoch in epochs)
    return {
        "panes": [low, Pane(run.name, style.color, each, dash=style.dash), full],
        "height": HEIGHT,
        "window": Window(*start.window),
        "follow": True,
        "report": (),
        "frame": len(epochs) - 1,
        "labels": [panes.before(run) if e.epoch == 0 else f"Epoch {e.epoch}" for e in epochs],
        "readout": readout.readout(run, epochs, start, facts.unit),
        **facts.geometry,
    }
