"""What is live in a step: pictures of the learner's scan, runs, figures, other pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ctdenoise.config.presets import PRESETS
from ctdenoise.config.run_folder import kept
from ctdenoise.config.shipped import shipped
from ctdenoise.errors import Problem
from ctdenoise.lessons import model
from ctdenoise.lessons.model import Click
from ctdenoise.ui import menu
from ctdenoise.ui.compare import view as compared
from ctdenoise.ui.components import cards, figures, panes
from ctdenoise.ui.components.text import tell
from ctdenoise.ui.figures import feature_loss, low_dose, network
from ctdenoise.ui.lesson import clicks, training
from ctdenoise.ui.lesson.scan import Chosen, chosen, of_sample
from ctdenoise.ui.lesson.visit import Visit
from ctdenoise.ui.pictures import Denoised
from ctdenoise.ui.viewer import POINT, Pane, viewer
from ctdenoise.units import WINDOWS, Window
from ctdenoise.workspace.library import library_of

SIGMA = 1.4
"""Of the smoothed low dose, in pixels: the article's."""
HEIGHT = 340
"""Of a picture at most, in pixels: the text above and the question beside stay in view."""


@dataclass(frozen=True)
class Clicking:
    """A question that is answered by a click: what was marked before, and whether the right place
    may be shown by now."""

    asked: Click
    before: clicks.Place | None
    told: bool


def is_wide(show: model.Show, at: Visit, step: str) -> bool:
    """Whether something live takes the whole width of the page."""
    match show:
        case model.Viewer():
            return len(show.panes) > 2
        case model.Train() | model.Sweep():
            return step in at.made
    return isinstance(show, model.Run | model.Figure)


def draw(
    show: model.Show, at: Visit, key: str, clicking: Clicking | None = None
) -> clicks.Place | None:
    """Draw something live; the place that is marked in it, where that is asked for. What cannot be
    drawn is told, and the step goes on."""
    try:
        match show:
            case model.Viewer():
                return _viewer(show, at, key, clicking)
            case model.Train():
                training.train(show, at, key)
            case model.Sweep():
                training.sweep(show, at, key)
            case model.Run():
                training.run(show, at)
            case model.Figure():
                _figure(show, at, key)
            case model.Page():
                _page(show)
            case model.Image():
                st.image(str(at.folder / show.file), alt=show.alt)
    except Problem as problem:
        tell(problem)
    return None


def _viewer(
    show: model.Viewer, at: Visit, key: str, clicking: Clicking | None
) -> clicks.Place | None:
    found = chosen() if show.scan == "own" else of_sample(int(show.scan.removeprefix("sample-")))
    if found is None:
        st.info("There is no scan to show yet.", icon=":material/radiology:")
        return None
    owner, record = found
    shown, missing = _panes(show.panes, found, at)
    scan = library_of(owner).pair(record.id)
    geometry = panes.geometry(scan)
    low = panes.low(owner, record)
    shape = (record.rows, record.columns)
    extra: dict[str, Any] = {}
    if clicking:
        asked = clicking.asked
        if clicking.before:
            extra["point"] = clicks.stored(clicking.before, shape, scan.orientation)
        if clicking.told and asked.right:
            extra["target"] = clicks.box(asked.right, asked.within, shape, scan.orientation)
    state = viewer(
        shown,
        key=f"learn-{at.id}-{key}-{record.id}",
        height=HEIGHT,
        window=_window(show, low, record.unit),
        frame=round(show.slice * (record.slices - 1)),
        tools=(*((POINT,) if clicking else ()), *show.tools),
        report=(*((POINT,) if clicking else ()), *(("frame", "window") if show.figures else ())),
        view=panes.enlarged(low, record.unit) if show.enlarged else None,
        **geometry,
        **extra,
    )
    cards.source(owner, record)
    for each in missing:
        training.lacks(at, each)
    if show.figures:
        figures.brief([*_images(shown), panes.full(owner, record)], record, state)
    return clicks.displayed(state.point, shape, scan.orientation) if state.point else None


def _window(show: model.Viewer, low: Pane, unit: str) -> Window:
    if unit != "HU":
        return panes.first_window(low, unit)
    return WINDOWS[show.window] if isinstance(show.window, str) else Window(*show.window)


def _panes(names: Sequence[str], found: Chosen, at: Visit) -> tuple[list[Pane], list[str]]:
    """The panes of a viewer, and the steps whose run there is not yet; low dose where nothing else
    is left."""
    owner, record = found
    shown: dict[str, Pane] = {}
    missing = []
    for name in names:
        kind, _, which = name.partition(":")
        if name == "low":
            shown[name] = panes.low(owner, record)
        elif name == "full":
            shown[name] = panes.full(owner, record)
        elif name == "gaussian":
            shown[name] = panes.gaussian(owner, record, SIGMA)
        elif name == "difference":
            shown[name] = panes.low(owner, record)  # what is subtracted from it is known below
        elif kind == "network":
            if (ships := shipped().get(which)) and ships.unit == record.unit:
                shown[name] = panes.shipped(ships, owner, record)
        elif (run := training.made(at, which)) and kept(run.folder):
            shown[name] = compared.pane(run, owner, record)
        else:
            missing.append(which)
    if "difference" in shown:
        places, of_all = list(shown), list(shown.values())
        low, full = places.index("low"), places.index("full")
        shown["difference"] = panes.difference("Low dose − full dose", of_all, low, full, low)
    return list(shown.values()) or [panes.low(owner, record)], missing


def _images(shown: Sequence[Pane]) -> list[Pane]:
    """Those of the panes that figures are taken of; the full dose is their reference."""
    return [pane for pane in shown if pane.minus is None and pane.name != "Full dose"]


def _figure(show: model.Figure, at: Visit, key: str) -> None:
    found = chosen()
    if found is None:
        return
    owner, record = found
    index, place = record.slices // 2, f"learn-{at.id}-{key}"
    made = training.made(at, show.of) if show.of else None
    if show.figure == "low-dose":
        low_dose.show(owner, record.id, index, key=place)
    elif show.figure == "network":
        config = made.config if made else PRESETS["recommended"]
        network.show(config, owner, record.id, index, key=place)
    else:
        output = None
        if made and (epochs := kept(made.folder)):
            output = Denoised(
                owner=owner, pair=record.id, index=index, network=made.id, version=str(epochs[-1])
            )
        feature_loss.show(owner, record.id, index, key=place, output=output)
    if show.of and not made:
        training.lacks(at, show.of)


def _page(show: model.Page) -> None:
    with st.container(border=True):
        st.page_link(menu.page(show.page), label=show.label, icon=menu.ICONS[show.page])
        st.caption("*Learn* in the menu leads back to this step.")
