"""One step of a lesson: its text, what is live, the question, and what there was to see."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ctdenoise.lessons.model import Click, Step, Sweep, Train
from ctdenoise.ui.lesson import clicks, elements, questions
from ctdenoise.ui.lesson.visit import Visit, go


def draw(at: Visit) -> None:
    """Draw the step that the visitor is at."""
    step = at.lesson.steps[at.at]
    chapter = at.chapter
    if chapter and step == chapter.steps[0]:
        st.title(chapter.title)
    st.markdown(step.text)
    beside = step.ask and step.show and not elements.is_wide(step.show, at, step.id)
    live, asking = _places(step, bool(beside))
    marked = None
    if step.show:
        with live:
            marked = elements.draw(step.show, at, step.id, _clicking(at, step))
    answered = step.ask is None or at.answer(step.id) is not None
    with asking:
        if step.ask:
            questions.ask(at, step.id, step.ask, marked=marked)
            if answered:
                with st.container(border=True, key="reveal"):
                    st.markdown(questions.told(step.ask, [g.value for g in at.given[step.id]]))
                    _told(step)
        elif step.reveal:
            _told(step)
    revealed = step.reveal.show if step.reveal and answered else None
    seen = st.container()
    with asking if beside and not revealed else st.container():
        _way(at, answered)  # before what may not be drawn
    if revealed:
        with seen:
            elements.draw(revealed, at, f"{step.id}-reveal")


def _places(step: Step, beside: bool) -> Sequence[DeltaGenerator]:
    """Where what is live and the question stand; below a question that is asked before one sees
    what a training makes, the training."""
    if beside:
        return st.columns([3, 2], gap="large")
    first, second = st.container(), st.container()
    return (second, first) if isinstance(step.show, Train | Sweep) else (first, second)


def _way(at: Visit, answered: bool) -> None:
    with st.container(horizontal=True, key="lesson-way"):
        if before := at.beside(-1):
            st.button(
                "Back", icon=":material/arrow_back:", key="back", on_click=go, args=(at.id, before)
            )
        if after := at.beside(1):
            st.button(
                "Next" if answered else "Next without an answer",
                icon=":material/arrow_forward:",
                icon_position="right",
                type="primary" if answered else "secondary",
                key="next",
                on_click=go,
                args=(at.id, after),
            )


def _told(step: Step) -> None:
    if step.reveal:
        st.markdown(step.reveal.text)


def _clicking(at: Visit, step: Step) -> elements.Clicking | None:
    if not isinstance(step.ask, Click):
        return None
    before = at.answer(step.id)
    place: clicks.Place | None = before if isinstance(before, tuple) else None
    return elements.Clicking(step.ask, place, told=before is not None)
