"""One mistake: its pictures, the question, the reveal and the way to do it live."""

import streamlit as st

from ctdenoise.lessons.gallery import Entry, Role
from ctdenoise.scans.sample import SERIES
from ctdenoise.ui.components import palette
from ctdenoise.ui.components.text import telling_problems
from ctdenoise.ui.gallery import live, question
from ctdenoise.ui.pictures import Prepared
from ctdenoise.ui.viewer import Pane, viewer
from ctdenoise.units import Window

STYLES: dict[Role, palette.Style] = {
    "low": palette.LOW,
    "full": palette.FULL,
    "right": palette.NETWORK,
    "wrong": palette.SHIPPED["optimised"],
    "other": palette.GAUSSIAN,
}
HEIGHT = 300
TOOLS = ("window", "zoom", "region", "magnifier", "curtain")


@telling_problems
def show(entry: Entry) -> None:
    """What there is to see before the answer and, once there is one, everything."""
    given = question.given().get(entry.id)
    st.write(entry.sentences)
    if given is None:
        pictures, asked = st.columns([3, 2], gap="medium")
        with pictures:
            _pictures(entry, revealed=False)
        with asked:
            question.ask(entry)
        return
    _pictures(entry, revealed=True)
    question.tell(entry, given)
    st.markdown("##### What is to be seen")
    st.markdown(entry.seen)
    question.again(entry)
    live.show(entry)


def panes(entry: Entry, revealed: bool) -> list[Pane]:
    """The pictures of an entry, without those that belong to the reveal unless it is ``revealed``;
    a difference stands behind what it is made of."""
    shown = [each for each in entry.pictures if revealed or not each.later]
    places = {each.picture: number for number, each in enumerate(shown) if each.minus is None}
    return [
        Pane(
            each.name,
            STYLES[each.role].color,
            (Prepared(entry=entry.id, image=each.picture).address,),
            dash=STYLES[each.role].dash,
            minus=places[each.minus] if each.minus else None,
            note=each.note,
        )
        for each in shown
    ]


def _pictures(entry: Entry, *, revealed: bool) -> None:
    viewer(
        panes(entry, revealed),
        key=f"mistake-{entry.id}-{revealed}",
        height=HEIGHT,
        window=Window(*entry.window),
        view=entry.view,
        spacing=entry.spacing,
        orientation=(1, 0, 0, 0, 1, 0),
        tools=TOOLS,
        report=(),
    )
    st.caption(f"Prepared from the sample: {SERIES[0].source}, with a simulated low dose.")
