"""Questions: asked in a form, answered before anything is revealed, and told in words."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from ctdenoise.lessons import tally
from ctdenoise.lessons.model import Answer, Choice, Click, Slider, Written, right
from ctdenoise.ui.components.text import plain
from ctdenoise.ui.lesson import clicks, visit
from ctdenoise.ui.lesson.visit import Visit
from ctdenoise.workspace.answers import MOST_LETTERS

Question = Choice | Slider | Click | Written


def ask(
    at: Visit,
    key: str,
    asked: Question,
    *,
    marked: clicks.Place | None = None,
    label: str = "Answer",
    then: Callable[[], None] | None = None,
) -> None:
    """Draw a question with its button, which keeps the answer and does what comes ``then``.

    ``marked``: the place that is marked in the picture, of a :class:`Click`.
    """
    given = at.answer(key)
    st.markdown(f"**{asked.question}**")
    visit.troubles()
    if isinstance(asked, Click):
        _click(at, key, marked, label, then)
        return
    widget = f"answer:{at.id}:{key}"

    def answered() -> None:
        value = st.session_state.get(widget)
        if value is None or not str(value).strip():
            st.session_state[f"{widget}:empty"] = True
            return
        if visit.submit(at, key, value.strip() if isinstance(value, str) else value) and then:
            then()

    if widget not in st.session_state and (start := _start(asked, given)) is not None:
        st.session_state[widget] = start
    with st.form(f"ask:{at.id}:{key}", border=False):
        _widget(asked, widget)
        if st.session_state.pop(f"{widget}:empty", False):
            st.caption(":material/info: Answer first, a guess will do.")
        st.form_submit_button(
            label if given is None else _again(label),
            key=f"submit:{at.id}:{key}",
            type="primary" if given is None or then else "secondary",
            on_click=answered,
        )


def told(asked: Question, given: Sequence[Answer]) -> str:
    """What the answers were, whether the last one is right and what else would be, as Markdown."""
    last = given[-1]
    verdict = right(asked, last)
    words = in_words(asked, last)
    if verdict is None:
        text = f"You answered: {words}"
    elif verdict:
        text = f":green[:material/check_circle:] **Right:** {words}"
    else:
        text = f":orange[:material/lightbulb:] **Not quite.** You answered: {words}"
        if truth := solution(asked):
            text += f"  \nRight is: {truth}"
    if len(given) > 1:
        text += f"  \nYour first answer was: {in_words(asked, given[0])}"
    return text


def in_words(asked: Question, value: Answer) -> str:
    """An answer as one reads it."""
    if isinstance(asked, Click):
        return "the place that you marked"
    words = tally.in_words(asked, value)
    return plain(words) if isinstance(value, str) else words  # whatever the question is by now


def solution(asked: Question) -> str:
    """The right answer as one reads it; empty where there is none."""
    if isinstance(asked, Written) or asked.right is None:
        return ""
    if isinstance(asked, Click):
        return "the place inside the green line"
    if isinstance(asked, Slider):
        near = f", within {asked.within:g}" if asked.within else ""
        return f"{asked.right:g} {asked.unit}".strip() + near
    return asked.options[asked.right - 1]


def _widget(asked: Question, key: str) -> None:
    if isinstance(asked, Choice):
        options = range(1, len(asked.options) + 1)
        st.radio(
            asked.question,
            options,
            index=None,
            format_func=lambda number: asked.options[number - 1],
            key=key,
            label_visibility="collapsed",
        )
    elif isinstance(asked, Slider):
        number: Any = _number(asked)
        unit = asked.unit.replace("%", "%%")
        st.slider(
            f"{asked.question} ({asked.unit})" if asked.unit else asked.question,
            number(asked.low),
            number(asked.high),
            step=number(asked.step),
            format=f"%{'d' if number is int else 'g'} {unit}".strip(),
            key=key,
            label_visibility="collapsed",
        )
    else:
        st.text_area(
            asked.question,
            max_chars=MOST_LETTERS,
            height=80,
            key=key,
            label_visibility="collapsed",
            placeholder="Your own words",
        )


def _click(
    at: Visit,
    key: str,
    marked: clicks.Place | None,
    label: str,
    then: Callable[[], None] | None,
) -> None:
    given = at.answer(key)
    if marked is None:
        st.caption(":material/touch_app: Click on the picture, or use the arrow keys in it.")

    def answered() -> None:
        if marked and visit.submit(at, key, marked) and then:
            then()

    unchanged = given is not None and marked == given
    st.button(
        label if given is None else _again(label),
        key=f"submit:{at.id}:{key}",
        type="primary" if given is None or then else "secondary",
        disabled=marked is None or (unchanged and not then),
        on_click=answered,
    )


def _again(label: str) -> str:
    return "Change my answer" if label == "Answer" else label


def _number(asked: Slider) -> type[int] | type[float]:
    """What a slider's numbers are."""
    whole = all(float(each).is_integer() for each in (asked.low, asked.high, asked.step))
    return int if whole else float


def _start(asked: Question, given: Answer | None) -> Answer | None:
    """Where a question's control stands at first: at what was answered, unless the lesson has been
    changed so that this does not fit any more."""
    if isinstance(asked, Choice):
        return given if isinstance(given, int) and 1 <= given <= len(asked.options) else None
    if isinstance(asked, Slider):
        fits = isinstance(given, int | float) and asked.low <= given <= asked.high
        middle = asked.low + asked.step * round((asked.high - asked.low) / asked.step / 2)
        return _number(asked)(given if fits and isinstance(given, int | float) else middle)
    return given if isinstance(given, str) else None
