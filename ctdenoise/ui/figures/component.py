"""The Python side of the figures: whose slice it is, and what the browser is told of it."""

from typing import Any

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.ui.components import palette
from ctdenoise.ui.figures import assets
from ctdenoise.ui.session import workspace
from ctdenoise.units import DIFFERENCE, WINDOWS
from ctdenoise.workspace.access import Thing, Visitor, require
from ctdenoise.workspace.library import PairRecord, library_of

_component = st.components.v2.component(
    "ctdenoise_figure", html=assets.html(), css=assets.css(), js=assets.javascript()
)


def pair_of(owner: str, pair_id: str, index: int) -> PairRecord:
    """The pair whose slice ``index`` is drawn; :class:`Problem` where there is none, or it is not
    for this visitor."""
    require(Visitor(workspace()), "see", Thing(owner, "pair", pair_id), what="This pair")
    record = library_of(owner).pair_record(pair_id)
    if not 0 <= index < record.slices:
        raise Problem(record.name, f"has no slice {index + 1}", "choose another slice")
    return record


def draw(figure: str, record: PairRecord, told: dict[str, Any], key: str) -> None:
    """Show a ``figure`` by its name, with what is ``told`` of it and of the pair."""
    window = WINDOWS["soft tissue"]
    data = {
        "figure": figure,
        "orientation": record.orientation,
        "spacing": record.spacing,
        "unit": record.unit,
        "window": [window.lower, window.upper] if record.unit == "HU" else None,
        "difference": DIFFERENCE,
        "colors": {"low": palette.LOW.color, "full": palette.FULL.color},
        **told,
    }
    _component(key=key, data=[data])  # a list, as in the viewer
