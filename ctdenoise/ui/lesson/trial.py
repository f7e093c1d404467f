"""The concept test: the same ideas before the first chapter and after the last, and both results
side by side in the end."""

import streamlit as st

from ctdenoise.lessons.model import AFTER, BEFORE, Click, Concept, right
from ctdenoise.ui.components import next_step
from ctdenoise.ui.lesson import elements, questions
from ctdenoise.ui.lesson.visit import Visit, go


def draw(at: Visit, when: str) -> None:
    """One question after the other, with nothing told in between."""
    concepts = at.lesson.concepts
    key = f"learn-test:{at.id}:{when}"
    if key not in st.session_state:
        left = [n for n, each in enumerate(concepts) if each.key(when) not in at.given]
        st.session_state[key] = left[0] if left else 0
    number = min(st.session_state[key], len(concepts) - 1)
    concept = concepts[number]
    asked, show = concept.asked(when)
    idea = concept.key(when)
    st.title(f"Question {number + 1} of {len(concepts)}")
    last = number + 1 == len(concepts)

    def move(to: int) -> None:
        st.session_state[key] = to

    def then() -> None:
        if last:
            st.session_state.pop(key)
            go(at.id, at.beside(1))
        else:
            move(number + 1)

    picture, form = st.columns([3, 2], gap="large") if show else (None, st.container())
    marked = None
    if show and picture:
        with picture:
            before = at.answer(idea)
            clicking = None
            if isinstance(asked, Click):
                place = before if isinstance(before, tuple) else None
                clicking = elements.Clicking(asked, place, told=False)
            marked = elements.draw(show, at, idea.replace(":", "-"), clicking)
    with form:
        label = "Answer and finish" if last else "Next question"
        questions.ask(at, idea, asked, marked=marked, label=label, then=then)
        st.caption("Whether it is right is told at the end of the lesson.")
        with st.container(horizontal=True):
            if number:
                st.button("Back", key="test-back", on_click=move, args=(number - 1,))
            st.button("Skip the test", key="skip", on_click=go, args=(at.id, at.beside(1)))


def results(at: Visit) -> None:
    """The end of the lesson: each idea before and after, and what is right, once that was asked."""
    st.title("What has changed?" if at.lesson.concepts else "That was the lesson")
    rows = []
    for concept in at.lesson.concepts:
        before, after = (_verdict(at, concept, when) for when in (BEFORE, AFTER))
        known = concept.key(AFTER) in at.given
        words = questions.solution(concept.after) if known else "told once you have answered"
        name = concept.title or concept.idea.replace("-", " ").capitalize()
        rows.append(f"| {name} | {before} | {after} | {words.replace('|', '/')} |")
    if rows:
        head = "| Idea | Before | After | Right in the second one |\n|---|---|---|---|\n"
        st.markdown(head + "\n".join(rows))
        counts = [
            sum(_verdict(at, c, when) == _RIGHT for c in at.lesson.concepts)
            for when in (BEFORE, AFTER)
        ]
        st.markdown(f"**{counts[0]} of {len(rows)}** right before, **{counts[1]}** after.")
        if any(each.key(AFTER) not in at.given for each in at.lesson.concepts):
            st.button("To the questions after the lesson", on_click=go, args=(at.id, AFTER))
    st.markdown(
        "The runs that you trained here are yours: *Watch* and *Compare* have them, and every "
        "step of the lesson stays open."
    )
    st.button("Back", key="back", on_click=go, args=(at.id, at.beside(-1)))
    next_step.after("Learn")


_RIGHT = ":green[:material/check_circle: right]"


def _verdict(at: Visit, concept: Concept, when: str) -> str:
    asked, _ = concept.asked(when)
    value = at.answer(concept.key(when))
    if value is None:
        return ":gray[not answered]"
    verdict = right(asked, value)
    if verdict is None:
        return "answered"
    return _RIGHT if verdict else ":orange[:material/lightbulb: not yet]"
