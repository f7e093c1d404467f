"""What a lesson trains: a run by one control or a sweep, and what came of either, live."""

import streamlit as st

from ctdenoise.config.config import Config, parse
from ctdenoise.config.config import settings as known_settings
from ctdenoise.config.run_folder import kept
from ctdenoise.errors import Problem
from ctdenoise.jobs.kinds.train import launch
from ctdenoise.lessons import model, recipe
from ctdenoise.ui import sweep as sweeps
from ctdenoise.ui.components import limits
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.lesson import scan
from ctdenoise.ui.lesson.visit import Visit, go
from ctdenoise.ui.session import free_name
from ctdenoise.ui.train import form
from ctdenoise.ui.watch import view
from ctdenoise.units import counted
from ctdenoise.workspace import answers
from ctdenoise.workspace.runs import Run, find_run


def made(at: Visit, step: str) -> Run | None:
    """The run that a step started last, unless it is deleted."""
    try:
        found = find_run(at.made[step])
    except (KeyError, Problem):
        return None
    return found if found.workspace == at.workspace else None


def train(show: model.Train, at: Visit, step: str) -> None:
    """The one control that is left of the form, the button, and the run once it was started."""
    found = made(at, step)
    if found is None:
        _order(show, at, step)
        return
    _watch(found, at)
    if not found.live:
        with st.expander("Train it again", icon=":material/replay:"):
            _order(show, at, step)


def run(show: model.Run, at: Visit) -> None:
    """The run that an earlier step started."""
    if found := made(at, show.of):
        _watch(found, at)
    else:
        lacks(at, show.of)


def lacks(at: Visit, step: str) -> None:
    """Say that a run is not there yet, with the way to it; once a page."""
    if step in at.drawn:
        return
    at.drawn.add(step)
    found = made(at, step)
    if found and found.live:
        with st.container():
            st.fragment(_wait, run_every=2.0)(found.id)
        return
    st.info("The network of an earlier step belongs here. Train it there, and come back.")
    st.button(
        "To that step",
        icon=":material/arrow_back:",
        key=f"way:{at.at}:{step}",
        on_click=go,
        args=(at.id, step),
    )


def sweep(show: model.Sweep, at: Visit, step: str) -> None:
    """A sweep: the button that orders it, or its pictures."""
    known = sweeps.known()
    id = at.made.get(step, "")
    if cells := known.get(id):
        with st.container():  # which keeps the place of what follows
            st.fragment(sweeps.show, run_every=sweeps.pace(cells))(id)
        return
    axis, grid = recipe.cells(show)
    configs = [config for _, config in grid]
    limit = limits.said(configs)
    limits.show(limit, configs)
    if st.button(
        f"Train all {len(grid)}",
        type="primary",
        icon=":material/grid_view:",
        disabled=isinstance(limit, Problem) or not scan.to_learn_from(),
    ):
        _made(at, step, sweeps.start_all([axis], grid, scan.to_learn_from()))


def _order(show: model.Train, at: Visit, step: str) -> None:
    key = f"learn-form:{at.id}:{step}"
    values = st.session_state.setdefault(key, recipe.config(show).model_dump(mode="json"))
    with st.container(border=True):
        if show.control:
            form.control(known_settings()[show.control], values, key)
        config = parse(values)
        chosen = scan.to_learn_from()
        limit = limits.said([config])
        limits.show(limit, [config])
        pressed = st.button(
            "Train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not chosen or isinstance(limit, Problem),
            key=f"train:{step}",
        )
        st.caption(f"It learns from {_what(chosen)}. You find it on *Watch* and *Compare* as well.")
    if pressed:
        _start(show, at, step, config, chosen)


def _start(
    show: model.Train, at: Visit, step: str, config: Config, chosen: list[tuple[str, str]]
) -> None:
    with st.spinner("Giving the run to the queue …"):
        started = launch(at.workspace, free_name(show.name), config, chosen)
    _made(at, step, started.id)


def _made(at: Visit, step: str, what: str) -> None:
    """Remember what a step has made, and show it."""
    answers.made(at.workspace, at.id, step, what)
    st.rerun()


def _what(chosen: list[tuple[str, str]]) -> str:
    if len(chosen) == 1:
        found = scan.chosen()
        return plain(found[1].name) if found else "your scan"
    return (
        f"the sample's {counted(len(chosen), 'patient')}"
        if chosen
        else "the sample, once all of it is there"
    )


def _watch(found: Run, at: Visit) -> None:
    """The run as Watch shows it; once a page."""
    if found.id in at.drawn:
        return
    at.drawn.add(found.id)
    with st.container():  # which keeps the place of what follows, whenever the timer draws anew
        st.fragment(view.show, run_every=view.pace(found))(found.id)


def _wait(id: str) -> None:
    """Until a run has its first network, or ends without one."""
    try:
        found = find_run(id)
    except Problem as problem:
        tell(problem)
        return
    if kept(found.folder) or not found.live:
        st.rerun(scope="app")
    st.info(f"{plain(found.name)} is on its way: its picture comes here.", icon=":material/timer:")
