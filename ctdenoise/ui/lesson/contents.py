"""What there is to learn: the lessons, the chapters of one, and how far one is."""

from collections.abc import Mapping

import streamlit as st

from ctdenoise.lessons.model import AFTER, BEFORE, END, Chapter, Lesson
from ctdenoise.lessons.reading import Found
from ctdenoise.ui.components import cards
from ctdenoise.ui.components.text import plain, tell
from ctdenoise.ui.lesson import scan
from ctdenoise.ui.lesson.visit import Visit, go
from ctdenoise.units import counted

MOST_TOLD = 5
"""Mistakes of a lesson; `ctdenoise lesson check` tells all of them."""


def choice(found: Mapping[str, Found]) -> None:
    """Every lesson with the button that opens it; of a damaged one what is wrong."""
    st.title("What would you like to learn?")
    if not found:
        st.info("There is no lesson here.", icon=":material/school:")
    for id, each in found.items():
        with st.container(border=True):
            if each.lesson is None:
                _damaged(each)
                continue
            told, button = st.columns([5, 1], vertical_alignment="center")
            told.markdown(f"#### {each.lesson.title}\n\n{each.lesson.summary}")
            told.caption(_size(each.lesson))
            button.button(
                "Open",
                key=f"open:{id}",
                type="primary",
                width="stretch",
                on_click=go,
                args=(id, ""),
            )


def beginning(id: str, lesson: Lesson) -> None:
    """A lesson that one has not begun: its chapters, and the way in, with the test or without."""
    st.title(lesson.title)
    told, table = st.columns([1, 1], gap="large")
    with told:
        st.markdown(lesson.summary)
        st.markdown(
            "Every step asks what you expect before it shows what is so. A guess is enough: nobody "
            "marks it, and you learn more from what surprises you."
        )
        first = next(iter(lesson.steps))
        if lesson.concepts:
            number = counted(len(lesson.concepts), "short question")
            st.caption(
                f"At the beginning and at the end there are {number} on the same ideas, which show "
                "you what you have learned."
            )
        with st.container(horizontal=True):
            label = "Begin at once" if lesson.concepts else "Begin"
            st.button(label, type="primary", key="begin", on_click=go, args=(id, first))
            if lesson.concepts:
                st.button("Begin with the questions", on_click=go, args=(id, BEFORE))
            st.button("Other lessons", type="tertiary", on_click=go, args=("", ""))
    with table:
        st.caption(_size(lesson))
        st.markdown(
            "\n".join(f"1. {each.title} :gray[· {each.minutes:g} min]" for each in lesson.chapters)
        )


def bar(at: Visit) -> None:
    """How far one is; the chapters, each with its minutes and a mark where it is done; the scan."""
    cards.preparing_sample()
    number = at.places.index(at.at)
    st.html("<style>.st-key-lesson { gap: 0.3rem; margin-top: 0.6rem }</style>")
    with st.container(key="lesson"):
        _bar(at, number)


def _bar(at: Visit, number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Chapters", icon=":material/list:", key=f"chapters:{at.at}"):
            _chapters(at)
        with st.popover("Your scan", icon=":material/radiology:"):
            scan.picker()
        st.caption(f"{_where(at)} · {number + 1} of {len(at.places)}", width="content")
    st.progress(number / max(len(at.places) - 1, 1))


def _where(at: Visit) -> str:
    if chapter := at.chapter:
        return f"Chapter {at.lesson.chapters.index(chapter) + 1}: {chapter.title}"
    return {BEFORE: "Before the first chapter", AFTER: "After the last chapter"}.get(
        at.at, at.lesson.title
    )


def _chapters(at: Visit) -> None:
    if at.lesson.concepts:
        _jump(at, BEFORE, "Questions before", at.at == BEFORE)
    for number, chapter in enumerate(at.lesson.chapters, 1):
        name = f"{number}. {chapter.title} · {chapter.minutes:g} min"
        _jump(at, chapter.steps[0].id, name, chapter == at.chapter, chapter)
    if at.lesson.concepts:
        _jump(at, AFTER, "Questions after", at.at == AFTER)
    _jump(at, END, "The end", at.at == END)
    st.button("All lessons", icon=":material/school:", type="tertiary", on_click=go, args=("", ""))


def _jump(at: Visit, place: str, name: str, here: bool, chapter: Chapter | None = None) -> None:
    done = at.done(chapter) if chapter else place in at.given_parts
    mark = "check_circle" if done else "play_circle" if here else "radio_button_unchecked"
    st.button(
        f"{name} (done)" if done else name,
        icon=f":material/{mark}:",
        key=f"jump:{place}",
        type="tertiary",
        on_click=go,
        args=(at.id, place),
    )


def _size(lesson: Lesson) -> str:
    minutes = sum(chapter.minutes for chapter in lesson.chapters)
    return f"{counted(len(lesson.chapters), 'chapter')}, {counted(round(minutes), 'minute')}"


def _damaged(found: Found) -> None:
    st.markdown(f"#### {plain(found.id)}")
    st.caption("This lesson cannot be opened before its file is mended:")
    for mistake in found.mistakes[:MOST_TOLD]:
        tell(mistake)
    if (more := len(found.mistakes) - MOST_TOLD) > 0:
        st.caption(f"And {counted(more, 'further mistake')}.")
