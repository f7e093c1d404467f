"""A mistake made live: ordinary runs, and a scan or pair of one's own where it takes one."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from ctdenoise.jobs import queue
from ctdenoise.jobs.kinds import simulate
from ctdenoise.jobs.kinds.simulate import Physics, Simulate
from ctdenoise.jobs.kinds.train import launch
from ctdenoise.lessons.alterations import altered
from ctdenoise.lessons.gallery import Entry, Scanned
from ctdenoise.scans.sample import SERIES
from ctdenoise.scans.scan import Facts, Pair, Scan
from ctdenoise.ui import menu
from ctdenoise.ui.components import cards, jobs
from ctdenoise.ui.components.text import plain, telling_problems
from ctdenoise.ui.session import free_name, runs, workspace
from ctdenoise.workspace import quota
from ctdenoise.workspace.library import ScanRecord, library_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

STARTED = "mistakes-started"
"""Session state: what was begun, by the entry's id."""
LOOK_SECONDS = 2.0
PAIRS = {each.prefix: (SAMPLE, each.pair) for each in SERIES}


@dataclass(frozen=True)
class Started:
    """What the button of an entry has begun: ids of its runs, of its scan and of the job that
    lowers the dose of that, "" where there is none."""

    runs: tuple[str, ...]
    scan: str = ""
    job: str = ""


def show(entry: Entry) -> None:
    """The button, and what came of it."""
    live = entry.live
    st.markdown("##### Do it yourself")
    st.write(live.sentence)
    if (live.runs or live.scan) and st.button(
        live.button, icon=":material/play_arrow:", key=f"live-{entry.id}"
    ):
        _begin(entry)
    started = _started().get(entry.id)
    if started:
        going = any(run.live for run in runs() if run.id in started.runs)
        st.fragment(_standing, run_every=LOOK_SECONDS if going else None)(started, going)
        _made(started)
    _way(entry, started)


@telling_problems
def _begin(entry: Entry) -> None:
    """Queue what the entry says; what goes wrong is told in its place."""
    live, owner = entry.live, workspace()
    quota.require_runs(owner, len(live.runs))  # all of them, or none
    scan = _scan(live.scan) if live.scan else None
    job = _lowered(live.scan, scan) if live.scan and scan and live.scan.dose else ""
    pairs = [PAIRS[each] for each in live.series]
    begun = [launch(owner, free_name(run.name), run.settings, pairs) for run in live.runs]
    _started()[entry.id] = Started(tuple(run.id for run in begun), scan.id if scan else "", job)


def _started() -> dict[str, Started]:
    found: dict[str, Started] = st.session_state.setdefault(STARTED, {})
    return found


def _scan(what: Scanned) -> ScanRecord:
    """The altered scan among one's own: of the full dose where its dose is to be lowered, of the
    low dose otherwise."""
    pair = library_of(SAMPLE).pair(what.of.pair)
    assert pair.spacing is not None
    values = np.asarray(pair.full if what.dose else pair.low[0])
    quota.require(workspace(), more_bytes=values.nbytes, more_jobs=0)
    scan = _as_scan(pair, what.name, altered(values, pair.spacing, what.shift, what.disc))
    return library_of(workspace()).add_scan(scan, [])


def _as_scan(pair: Pair, name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
             ) -> Scan:  # fmt: skip
    along, down = np.reshape(pair.orientation, (2, 3))
    return Scan(
        name=name,
        values=values,
        spacing=pair.spacing,
        positions=np.array(pair.positions),
        origins=np.outer(pair.positions, np.cross(along, down)),
        orientation=pair.orientation,
        unit=pair.unit,
        facts=Facts(patient=pair.patient, series=name),
        located=pair.located,
    )


def _lowered(what: Scanned, scan: ScanRecord) -> str:
    """Have its low dose simulated: the id of the job."""
    assert what.dose is not None
    physics = Physics(photons=what.of.photons, f50=what.f50 or what.of.f50)
    asked = Simulate(scan=scan.id, doses=(what.dose,), physics=physics, draws=1, seed=1)
    return simulate.start(workspace(), asked).id


@telling_problems
def _standing(started: Started, watched: bool) -> None:
    """One line a run; the page is drawn anew when the last has ended."""
    found = [run for run in runs()[::-1] if run.id in started.runs]
    if watched and not any(run.live for run in found):
        st.rerun(scope="app")
    for run in found:
        cards.run_line(run)


def _made(started: Started) -> None:
    """The scan, and how far its low dose is."""
    known = {each.id: each for each in library_of(workspace()).scans()}
    if not started.scan or started.scan not in known:
        return
    told = f"**{plain(known[started.scan].name)}** is among your scans now."
    st.markdown(f":material/check: {told}")
    if started.job:
        jobs.follow(queue.job(started.job))


def _way(entry: Entry, started: Started | None) -> None:
    """To the page on which it is seen, once there is something to see; at once where nothing has
    to be made."""
    live = entry.live
    if (live.runs or live.scan) and not started:
        return
    query: list[tuple[str, str]] = []
    if started:
        query += [("run", run.id) for run in runs() if run.id in started.runs][::-1]
        made = [p.id for p in library_of(workspace()).pairs() if p.full_scan == started.scan]
        if live.scan and live.scan.dose:
            query += [("pair", id) for id in made[:1]]
            if not made:
                return
    st.page_link(
        menu.page(live.page),
        label=f"See it on {live.page}",
        icon=menu.ICONS[live.page],
        query_params=query or None,
    )
