"""One step of a lesson: its text, what is live, the question, and what there was to see."""

import streamlit as st

from ctdenoise.lessons.model import Click, Step
from ctdenoise.ui.lesson import clicks, elements, questions
from ctdenoise.ui.lesson.visit import Visit, go


def draw(at: Visit) -> None:
    """Draw the step that the visitor is at."""
    step = at.lesson.steps[at.at]
    chapter = at.chapter
    if chapter and step == chapter.steps[0]:
        st.title(chapter.title)
    st.markdown(step.text)
    beside = step.show and not elements.is_wide(step.show) and step.ask
    live, asking = st.columns([3, 2], gap="large") if beside else (st.container(), st.container())
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
    if step.reveal and step.reveal.show and answered:
        elements.draw(step.reveal.show, at, f"{step.id}-reveal")
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
