"""The Sweep page: ordering a grid of short runs, and the grid of their pictures."""

import secrets
from collections.abc import Sequence

import streamlit as st

from ctdenoise.config import events, progress_slice
from ctdenoise.config.config import Config
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.sweep import Axis, grid, spread
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.train import launch, stop_sweep
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.metrics.metric import Metric, titles, viewing
from ctdenoise.ui import addresses, pictures
from ctdenoise.ui.components import cards, limits, panes, sharing, tables
from ctdenoise.ui.components.moments import moment
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.session import just_brought, pairs, runs, workspace
from ctdenoise.ui.viewer import Pane, viewer
from ctdenoise.units import Window, counted
from ctdenoise.workspace import quota
from ctdenoise.workspace.runs import Run

NONE = "nothing else"
LOOK_SECONDS = 2.0
"""Between two looks at all its pictures."""
PAIRS = "sweep-pairs"
"""Where the session keeps which scans are learned from."""


def known() -> dict[str, list[Run]]:
    """The sweeps of this workspace, newest first, each with its runs in the order of the grid."""
    found: dict[str, list[Run]] = {}
    for run in runs():
        if run.sweep:
            found.setdefault(run.sweep, []).insert(0, run)
    return found


def name(cells: list[Run]) -> str:
    """What a sweep is called: the weights that differ between its runs, their values, and when it
    began. (Not how long ago: a list in the browser loses its choice when names change.)"""
    told = []
    for weight in LOSS_TERMS:
        values = sorted({getattr(run.config.loss, weight) for run in cells})
        if len(values) > 1:
            told.append(f"{LOSS_TERMS[weight].title} {', '.join(f'{value:g}' for value in values)}")
    return f"{' × '.join(told)} ({moment(cells[0].created)})"


def order() -> None:
    """Choose one or two weights and their values, and start the grid."""
    first, second, start = st.columns([3, 3, 2], vertical_alignment="bottom")
    with first:
        axes = [_axis("first", [w for w in LOSS_TERMS if w != "mse"], "texture")]
    with second:
        others = [NONE, *(w for w in LOSS_TERMS if w not in ("mse", axes[0].weight))]
        if (other := _axis("second", others, "vgg")).weight != NONE:
            axes.append(other)
    available = pairs()
    if fresh := just_brought():
        st.session_state[PAIRS] = fresh
    chosen = cards.pairs_picker(available, PAIRS)
    try:
        cells = grid(PRESETS["recommended"], axes)
    except Problem as problem:
        tell(problem)
        return
    st.caption(
        "Mean squared error keeps 100 parts in every cell; the weights above are parts beside it. "
        "All runs have the same network, seed and scans, and take 180 steps each."
    )
    configs = [config for _, config in cells]
    limit = limits.said(configs)
    limits.show(limit, configs)
    with start:
        pressed = st.button(
            f"Train all {len(cells)}",
            type="primary",
            icon=":material/grid_view:",
            disabled=not chosen or isinstance(limit, Problem),
            width="stretch",
        )
    if pressed:
        st.session_state["sweep-shown"] = start_all(axes, cells, chosen)
        st.rerun()


def start_all(
    axes: Sequence[Axis],
    cells: Sequence[tuple[tuple[float, ...], Config]],
    chosen: Sequence[tuple[str, str]],
) -> str:
    """Queue the runs of a grid, all or none; the id of the sweep."""
    quota.require(workspace(), more_jobs=len(cells))
    sweep = secrets.token_hex(6)
    for values, config in cells:
        told = ", ".join(
            f"{a.title.split(' (')[0]} {v:g}" for a, v in zip(axes, values, strict=True)
        )
        launch(workspace(), told, config, chosen, sweep=sweep)
    return sweep


def _axis(place: str, weights: list[str], usual: str) -> Axis:
    """A weight, its range and how many values."""
    weight = st.selectbox(
        f"The {place} weight",
        weights,
        index=weights.index(usual) if usual in weights else 0,
        key=f"sweep-{place}",
        format_func=lambda w: w if w == NONE else LOSS_TERMS[w].title,
        persist_state="session",
    )
    if weight == NONE:
        return Axis(NONE, ())
    low, high = st.slider(
        "From and to",
        0,
        400,
        (0, 400),
        10,
        key=f"sweep-range-{place}",
        persist_state="session",
        help="Parts beside the 100 of mean squared error: at 100 both pull alike on the picture.",
    )
    count = st.segmented_control(
        "Values",
        [2, 3, 4, 5],
        default=3,
        required=True,
        key=f"sweep-count-{place}",
        persist_state="session",
    )
    return Axis(weight, spread(low, high, count if high > low else 1))


def pace(cells: list[Run]) -> float | None:
    """Seconds between two looks at a sweep; none once it has ended."""
    live = next((run.job for run in cells if run.job and run.live), None)
    return max(sharing.pace(live, LOOK_SECONDS), LOOK_SECONDS) if live else None


@cards.telling_problems
def show(sweep: str) -> None:
    """One picture a cell, linked, with its numbers; fills while the runs go on."""
    cells = known().get(sweep, [])
    if not cells:
        st.rerun(scope="app")
    ended = sum(not run.live for run in cells)
    if ended < len(cells):
        st.progress(ended / len(cells), _standing(cells))
    said = {run.id: events.read(run.folder) for run in cells}
    begun = [run for run in cells if _last(said[run.id])]
    if not begun:
        st.info(plain(_nothing_yet(cells)), icon=":material/hourglass_top:")
        _stop(sweep, cells)
        return
    start = events.start(said[begun[0].id])
    facts = progress_slice.facts(begun[0].folder)
    shown = [_cell(run, said[run.id], facts.unit) for run in begun]
    shown += panes.references(begun[0])
    viewer(
        shown,
        key=f"sweep-{sweep}",
        height=230,
        columns=_columns(cells),
        window=Window(*start.window),
        report=(),
        **facts.geometry,
    )
    _table(begun, said, facts.unit)
    _stop(sweep, cells)


def _standing(cells: list[Run]) -> str:
    """How many runs are done, and how long the others still take, with whoever shares the
    machine."""
    found = [sharing.seen(run.job) for run in cells if run.job and run.live]
    ends = [each.end for each in found if each.end is not None]
    people = max(each.people for each in found)
    told = f"{len(cells) - len(found)} of {counted(len(cells), 'run')} done"
    told += f", the rest in {sharing.about(max(ends))}" if len(ends) == len(found) else ""
    return f"{told}. {people} people share this machine." if people > 1 else told


def _nothing_yet(cells: list[Run]) -> str:
    """Why there is no picture."""
    if any(run.live for run in cells):
        return "The first picture appears as soon as the first run has begun."
    told = next((run.job.message for run in cells if run.job and run.job.message), "")
    return f"None of these runs has made a picture. {told}"


def _stop(sweep: str, cells: list[Run]) -> None:
    """The button that ends all runs, as long as there are live ones."""
    if live := [run for run in cells if run.live]:
        if st.button("Stop the sweep", icon=":material/stop:", help="Finished cells stay."):
            stop_sweep(live)
    elif st.session_state.pop(f"sweep-live-{sweep}", False):
        st.rerun(scope="app")  # to look no more
    if live:
        st.session_state[f"sweep-live-{sweep}"] = True


def _columns(cells: list[Run]) -> int:
    """As many as the last of the weights that differ has values: the grid as it was ordered."""
    for weight in reversed(list(LOSS_TERMS)):
        values = {getattr(run.config.loss, weight) for run in cells}
        if len(values) > 1 and len(cells) > len(values):
            inner = [getattr(run.config.loss, weight) for run in cells[:2]]
            if inner[0] != inner[1]:
                return len(values)
    return min(len(cells), 5)


def _last(said: list[events.Event]) -> events.Epoch | None:
    return next((e for e in reversed(said) if isinstance(e, events.Epoch)), None)


def _cell(run: Run, said: list[events.Event], unit: str) -> Pane:
    last = _last(said)
    assert last is not None
    style = panes.run_style(run)
    rmse = f"RMSE {last.validation_mse**0.5:.1f}{unit and f' {unit}'}"
    return Pane(
        run.name,
        style.color,
        (pictures.Progress(run=run.id, image=last.image).address,),
        style.dash,
        note=rmse,
    )


def _table(begun: list[Run], said: dict[str, list[events.Event]], unit: str) -> None:
    """The numbers under the pictures, and the way to each run."""
    rows = []
    error = f"RMSE ({unit})" if unit else "RMSE"
    shown: dict[Metric, None] = {}
    for run in begun:
        last = _last(said[run.id])
        assert last is not None
        figures = dict(progress_slice.figures(last))
        shown |= dict.fromkeys(figures)
        rows.append(
            {
                "Cell": run.name,
                error: last.validation_mse**0.5,
                "Low dose": last.low_mse**0.5,
                **{metric.heading(unit): value for metric, value in figures.items()},
                "State": cards.standing(run).rpartition(": ")[2],
                "Open": addresses.link("watch", query=[("run", run.id)]),
            }
        )
    start = next(e for e in said[begun[0].id] if isinstance(e, events.Started))
    how = viewing(Window(*start.window)).how
    number = st.column_config.NumberColumn
    tables.show(
        rows,
        {
            "Cell": st.column_config.TextColumn(),
            error: number(format="%.1f", help="Of the network, on the fixed validation patches"),
            "Low dose": number(format="%.1f", help="RMSE of the same patches before the network"),
            **{
                m.heading(unit): number(format=f"%.{m.digits}f", help=m.meaning or None)
                for m in shown
            },
            "State": st.column_config.TextColumn(),
            "Open": st.column_config.LinkColumn(display_text="Watch it"),
        },
    )
    st.caption(
        f"RMSE on the fixed validation patches; {titles(shown)} of the picture shown, {how}. "
        "A smaller RMSE is not the better picture: look at the grain."
    )
