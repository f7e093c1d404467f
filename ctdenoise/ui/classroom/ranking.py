"""The runs that a class shows, ranked on a slice that none of them learned from, by two metrics at
once: the order is not the same."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from ctdenoise.config import events, run_folder
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.judge import JUDGE, Judge
from ctdenoise.metrics.metric import METRICS, Metric, headlines, viewing
from ctdenoise.settings import settings
from ctdenoise.ui.classroom import board
from ctdenoise.ui.compare.view import test_slices
from ctdenoise.ui.components import charts, jobs, palette, panes
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.session import workspace
from ctdenoise.units import WINDOWS
from ctdenoise.workspace import shares
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.denoisers import RunNetwork
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.runs import Run, find_run
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE
from ctdenoise.workspace.sample import sample_records

FIRST, SECOND = "psnr", "ssim"
MOST = 12
"""Runs that are ranked, the newest ones."""
ALIKE = (
    "All these runs have the same numbers: the same settings on the same pictures give the same "
    "network. Let somebody train with other settings, and show that run."
)


@dataclass(frozen=True)
class Unseen:
    """A slice of the sample that no run learned from; ``new``: not even from its patient."""

    record: PairRecord
    index: int
    rows: tuple[int, int]
    new: bool


def show(found: Class, named: bool) -> None:
    """Curves, and both orders side by side."""
    runs = shown_runs(found)
    if not runs:
        st.info(
            "Nobody shows a run yet. On *Watch*, below *This run*, a learner presses *Show my run "
            "to the class* once its first epoch is done."
        )
        return
    label = board.called(found, named=True)
    names = {
        run.id: f"{label.get(run.workspace, 'Teacher')}: {run.name}" if named else f"Run {number}"
        for number, run in enumerate(runs, 1)
    }
    left, right = st.columns([3, 4], gap="large")
    with left:
        st.markdown("##### While they learned")
        _curves(runs, names)
    with right:
        st.markdown("##### On a slice that none of them learned from")
        _ranks(runs, names)


def shown_runs(found: Class) -> list[Run]:
    """The runs that are shown to a class as a whole and have a network, newest share first."""
    runs: dict[str, Run] = {}
    for share in shares.of_class(found.id):
        for thing in share.things if share.shown is None else ():
            kind, owner, id = thing.split("/", 2)
            if kind != "run" or owner != share.workspace:
                continue
            with suppress(Problem):  # it was deleted since
                run = find_run(id)
                if run.workspace == owner and run_folder.kept(run.folder):
                    runs[id] = run
    return list(runs.values())[:MOST]


def unseen(runs: Sequence[Run]) -> Unseen | None:
    """A slice of the sample that no run learned from: of a patient that is in none of them, where
    there is one, else one that all of them kept for the test."""
    records = [each for each in sample_records(settings().workspaces) if each.unit == "HU"]
    known = {pair for run in runs for _, pair in run.pairs}
    patients = {record.patient for record in records if record.id in known}
    for record in records:
        if record.id not in known and record.patient not in patients:
            return Unseen(record, record.slices // 2, (0, record.rows), new=True)
    for record in records:
        kept: set[int] | None = None
        rows = 0, record.rows
        for run in runs:
            division = panes.division(run)
            learned = {
                i
                for part in (*division.train, *division.validation)
                if run.pairs[part.pair][1] == record.id and part.rows is None
                for i in part.slices
            }
            own = any(pair == record.id for _, pair in run.pairs)
            tested = set(test_slices(record, [run])) if own else set(range(record.slices))
            kept = (tested if kept is None else kept & tested) - learned
            for part in division.test:
                if part.rows and run.pairs[part.pair][1] == record.id:
                    rows = part.rows
        if kept:
            return Unseen(record, sorted(kept)[len(kept) // 2], rows, new=False)
    return None


def _ranks(runs: Sequence[Run], names: dict[str, str]) -> None:
    place = unseen(runs)
    if place is None:
        st.info("Every slice of the sample was learned from by one of these runs.")
        return
    window = WINDOWS["soft tissue"]
    asked = Judge(
        owner=SAMPLE,
        pair=place.record.id,
        slices=(place.index,),
        rows=place.rows,
        methods=tuple(
            RunNetwork(run=run.id, epoch=run_folder.kept(run.folder)[-1],
                       dial=(0.0,) * len(run.config.loss.dial or ()))
            for run in runs
        ),
        level=window.level,
        width=window.width,
    )  # fmt: skip
    figures: list[dict[str, float | None]] | None = jobs.answer(JUDGE, asked, workspace())
    if figures is None:
        return
    metrics = [m for m in headlines(of_region=False) if m.better and "reference" in m.needs]
    known = {metric.name: metric for metric in metrics}
    columns = st.columns(2)
    orders = []
    for column, default in zip(columns, (FIRST, SECOND), strict=True):
        with column:
            name = st.selectbox(
                "By", list(known), index=list(known).index(default) if default in known else 0,
                format_func=lambda name: known[name].heading("HU"), key=f"rank-by-{default}",
            )  # fmt: skip
            orders.append((known[name], order(known[name], runs, figures)))
            for rank, run, told in places(*orders[-1]):
                st.markdown(f"{rank}\\. **{plain(names[run.id])}** {told}")
    (one, first), (other, second) = orders
    if len(first) > 1 and {rank for each in orders for rank, _, _ in places(*each)} == {1}:
        st.info(ALIKE)
    else:
        st.info(plain(lesson(one, [names[r.id] for r, _ in first],
                             other, [names[r.id] for r, _ in second])))  # fmt: skip
    who = "a patient of whom no run has seen anything" if place.new else "kept for the test by all"
    st.caption(
        f"Slice {place.index + 1} of {plain(place.record.name)}, {who}. {viewing(window).sentence}."
    )


def order(
    metric: Metric, runs: Sequence[Run], figures: Sequence[dict[str, float | None]]
) -> list[tuple[Run, float]]:
    """The runs that have a number of this metric, best first."""
    found = [
        (run, value)
        for run, each in zip(runs, figures, strict=False)
        if (value := each.get(metric.name)) is not None
    ]
    return sorted(found, key=lambda each: each[1], reverse=metric.better == "larger")


def places(metric: Metric, ranked: Sequence[tuple[Run, float]]) -> list[tuple[int, Run, str]]:
    """The rank of each run and its number; who has the same number has the same rank."""
    told = [metric.text(value) for _, value in ranked]
    return [(told.index(each) + 1, run, each) for (run, _), each in zip(ranked, told, strict=True)]


def lesson(one: Metric, first: Sequence[str], other: Metric, second: Sequence[str]) -> str:
    """What is to be learned from two orders of the same runs."""
    if one.name == other.name or len(first) < 2:
        return "Choose two metrics, and two runs or more: the order may change with the metric."
    if list(first) == list(second):
        return (
            f"{one.title} and {other.title} put these runs in the same order. Try another metric: "
            "each looks at something else, and none of them decides which picture reads best."
        )
    if first[0] != second[0]:
        return (
            f"By {one.title} the best is {first[0]}, by {other.title} it is {second[0]}. The order "
            "changes with the metric, so a ranking says as much about the metric as about the runs."
        )
    return (
        f"{first[0]} comes first by both, but further down {one.title} and {other.title} disagree. "
        "The order changes with the metric, so say which one you mean."
    )


def _curves(runs: Sequence[Run], names: dict[str, str]) -> None:
    drawn = []
    for number, run in enumerate(runs):
        said = [each for each in events.read(run.folder) if isinstance(each, events.Epoch)]
        points = [(e.epoch, e.psnr) for e in said if e.psnr is not None]
        style = palette.RUNS[number % len(palette.RUNS)]  # a person's runs alone differ by number
        if points:
            x, y = zip(*points, strict=True)
            drawn.append(charts.Curve(names[run.id], x, y, style.color, style.dash))
    if drawn:
        chart = charts.lines(drawn, "Epoch", METRICS[FIRST].heading("HU"))
        st.plotly_chart(chart, key="ranking-curves", config={"displayModeBar": False})
        st.caption("Each on the progress slice of its own training: no fair race.")
