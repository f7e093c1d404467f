"""The Map page: every epoch of every run as a dot, and the picture behind a dot."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from ctdenoise.config import events, progress_slice
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds import map as places
from ctdenoise.jobs.kinds.map import Dot
from ctdenoise.ui import menu, pictures, session
from ctdenoise.ui.components import cards, charts, jobs, panes
from ctdenoise.ui.session import pairs
from ctdenoise.ui.viewer import Pane, viewer
from ctdenoise.units import Window
from ctdenoise.workspace.runs import Run, rename_run, star_run

Group = tuple[str, str, int]
"""Workspace, pair and slice that some runs picture: only those can be compared."""


def groups(runs: Sequence[Run]) -> dict[Group, list[Run]]:
    """Runs by the slice that they picture."""
    found: dict[Group, list[Run]] = {}
    for run in runs:
        if (run.folder / progress_slice.FACTS).exists():
            with suppress(Problem):  # damaged: Watch tells it, the others are shown
                events.start(events.read(run.folder))
                progress_slice.facts(run.folder)
                part = panes.division(run).progress
                found.setdefault((*run.pairs[part.pair], part.slices[0]), []).append(run)
    return found


def title(group: Group) -> str:
    """What a group of runs is judged on, for people."""
    owner, pair_id, index = group
    record = pairs().get((owner, pair_id))
    return f"{record.name if record else 'a scan since removed'}, slice {index + 1}"


@cards.telling_problems
def show(group: Group, watched: bool) -> None:
    """The map of a group, then the picture behind the dot that was clicked, beside low and full
    dose; ``watched``: drawn again and again, as long as a run of it is live."""
    runs = groups(session.runs()).get(group, [])
    if watched != any(run.live for run in runs):
        st.rerun(scope="app")  # with or without the timer
    measured = {run.id: _dots(run) for run in runs}
    drawn = [run for run in runs if measured[run.id][0]]
    if not drawn:
        coming = any(run.live for run in runs)
        st.info(
            "The first dot appears as soon as a run has made its first picture."
            if coming
            else "None of these runs has made a picture that can be measured.",
            icon=":material/hourglass_top:",
        )
        return
    unit = progress_slice.facts(drawn[0].folder).unit
    every = [(dot.rmse, dot.texture) for run in drawn for dot in measured[run.id][0]]
    chart = charts.landscape(
        [_trail(run, measured[run.id][0]) for run in drawn],
        [(dot.name, dot.rmse, dot.texture) for dot in measured[drawn[0].id][1]],
        places.frontier(every),
        unit,
    )
    left, right = st.columns([1, 1], gap="medium")
    with left:
        answer = st.plotly_chart(
            chart,
            key="map",
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False},
        )
    run_id, number = _clicked(answer) or (drawn[0].id, -1)
    run = next((run for run in drawn if run.id == run_id), drawn[0])
    dots = measured[run.id][0]
    with right:
        _chosen(run, number if 0 <= number < len(dots) else len(dots) - 1, dots, unit)
    st.caption(
        "Each dot is one picture that a network made, one an epoch; the largest is its newest. "
        "Click a dot to see its picture. Left: closer to full dose, pixel by pixel. Down: grain "
        "more like that of full dose. No picture can be best at both (Blau and Michaeli 2018); the "
        "broad line joins those that no other beats at both."
    )


def _dots(run: Run) -> tuple[list[Dot], list[Dot]]:
    """Of a run's pictures, and of what needs no network; none before they are measured."""
    pictures = sum(isinstance(said, events.Epoch) for said in events.read(run.folder))
    if not pictures:
        return [], []
    asked = places.Map(run=run.id, pictures=pictures)
    own, others = jobs.answer(places.MAP, asked, run.workspace) or ([], [])
    return [Dot(**each) for each in own], [Dot(**each) for each in others]


def _trail(run: Run, dots: list[Dot]) -> charts.Trail:
    return charts.Trail(
        run.id,
        run.name,
        [dot.rmse for dot in dots],
        [dot.texture for dot in dots],
        panes.run_style(run).color,
        run.starred,
    )


def _clicked(answer: object) -> tuple[str, int] | None:
    """The run and the number of its picture behind the dot that was clicked last."""
    for point in getattr(answer, "selection", {}).get("points", []):
        name = point.get("customdata")
        if isinstance(name, list | tuple) and len(name) == 2:
            return str(name[0]), int(name[1])
    return None


def _chosen(run: Run, number: int, dots: list[Dot], unit: str) -> None:
    """A dot's picture and figures; its run can be named, starred and opened."""
    name, star = st.columns([4, 1], vertical_alignment="bottom")
    with name:
        cards.renamer(run.name, run.id, rename_run)
    starred = star.toggle("Star", run.starred, key=f"star-{run.id}", help="Starred dots stand out.")
    if starred != run.starred:
        star_run(run.id, starred)
        st.rerun(scope="app")
    said = events.read(run.folder)
    epochs = [e for e in said if isinstance(e, events.Epoch)]
    start = events.start(said)
    epoch = epochs[number]
    when = f"Epoch {epoch.epoch}" if epoch.epoch else panes.before(run)
    figures = (
        f"RMSE {dots[number].rmse:.1f}{unit and f' {unit}'}, texture {dots[number].texture:.1f} dB"
    )
    own = (pictures.Progress(run=run.id, image=epoch.image).address,)
    viewer(
        [
            Pane(when, panes.run_style(run).color, own, note=figures),
            panes.references(run)[1],
        ],
        key="map-pictures",
        height=330,
        window=Window(*start.window),
        report=(),
        tools=("window", "zoom", "line", "region", "curtain"),
        **progress_slice.facts(run.folder).geometry,
    )
    watch, compare = st.columns(2)
    watch.page_link(menu.page("Watch"), label="Watch this run", query_params={"run": run.id})
    compare.page_link(
        menu.page("Compare"), label="Compare it with others", query_params={"run": run.id}
    )
