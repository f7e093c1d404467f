"""Somebody in a lesson: where they are, what they answered and what they made.

Where one is stands in the session, in the address and, for the next browser, in the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import streamlit as st

from ctdenoise.errors import Problem
from ctdenoise.lessons.model import AFTER, BEFORE, END, Answer, Chapter, Lesson
from ctdenoise.lessons.reading import Found
from ctdenoise.ui.components.text import tell
from ctdenoise.ui.session import brought, keep, workspace
from ctdenoise.workspace import answers, classes
from ctdenoise.workspace.answers import Given

_PROBLEM = "learn-problem"


@dataclass
class Visit:
    """A lesson as the visitor finds it; ``at`` is a step's id, or one of the places of the test."""

    id: str
    folder: Path
    lesson: Lesson
    workspace: str
    at: str
    made: Mapping[str, str] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)
    """The runs whose pictures, and the steps whose lack of a run, are on the page already."""

    @cached_property
    def places(self) -> list[str]:
        """Everywhere that one can be, in order."""
        return places(self.lesson)

    @cached_property
    def given(self) -> dict[str, list[Given]]:
        """What was answered here, by question, the newest last."""
        found: dict[str, list[Given]] = {}
        for each in answers.of_person(self.workspace, self.id):
            if each.round == 0:
                found.setdefault(each.step, []).append(each)
        return found

    def answer(self, key: str) -> Answer | None:
        """The answer that counts, if there is one."""
        return self.given[key][-1].value if key in self.given else None

    @property
    def given_parts(self) -> set[str]:
        """The parts of the test that are answered, and the end where one is there."""
        parts = {
            when
            for when in (BEFORE, AFTER)
            if all(each.key(when) in self.given for each in self.lesson.concepts)
        }
        return parts | ({END} if self.at == END else set())

    @property
    def chapter(self) -> Chapter | None:
        """The chapter in which one is; None in the test."""
        return next(
            (c for c in self.lesson.chapters if any(s.id == self.at for s in c.steps)), None
        )

    def beside(self, far: int) -> str:
        """The place ``far`` places on; empty where there is none."""
        number = self.places.index(self.at) + far
        return self.places[number] if 0 <= number < len(self.places) else ""

    @cached_property
    def furthest(self) -> int:
        """How many places have been reached."""
        known = {*self.given, *self.made, self.at}
        return max(number for number, each in enumerate(self.places) if each in known)

    def done(self, chapter: Chapter) -> bool:
        """Whether every question of a chapter is answered, and its last step has been seen."""
        asked = [step.id for step in chapter.steps if step.ask]
        last = self.places.index(chapter.steps[-1].id)
        seen = last < self.furthest or bool(chapter.steps[-1].ask)
        return seen and all(id in self.given for id in asked)


def places(lesson: Lesson) -> list[str]:
    """Everywhere that one can be in a lesson, in order."""
    before, after = ([BEFORE], [AFTER]) if lesson.concepts else ([], [])
    return [*before, *lesson.steps, *after, END]


def arrive(found: Mapping[str, Found]) -> Visit | str:
    """Where the visitor is: in a lesson, before one that they have not begun (its id), or (empty)
    before the choice of one."""
    own = workspace()
    stored = answers.places([own])
    by_lesson = {each.lesson: each for each in stored}
    given = brought("learn", "lesson", "step")
    if linked := "".join(given.get("lesson", [])[-1:]):
        if linked in found:
            st.session_state[_at(own)] = linked, "".join(given["step"][-1:])
        else:
            st.warning("The lesson of this link is not here; these are.")
            st.session_state[_at(own)] = "", ""
    if _at(own) not in st.session_state:
        newest = max(stored, key=lambda each: each.changed, default=None)
        seat = None if newest else classes.seat_of(own)
        known = newest.lesson if newest else seat[0].lesson if seat else ""
        st.session_state[_at(own)] = known, ""
    id: str
    at: str
    id, at = st.session_state[_at(own)]
    lesson = found[id].lesson if id in found else None
    if lesson is None:
        _keep("", "")
        return ""
    before = by_lesson.get(id)
    if at not in places(lesson):
        at = before.step if before and before.step in places(lesson) else ""
    st.session_state[_at(own)] = id, at
    _keep(id, at)
    if not at:
        return id
    if before is None or before.step != at:
        _write(own, id, at)
    return Visit(id, found[id].folder, lesson, own, at, before.made if before else {})


def go(lesson: str, at: str) -> None:
    """Be at another place from now on; for buttons, whose page is then drawn anew."""
    st.session_state[_at(workspace())] = lesson, at


def to_the_top(at: Visit) -> None:
    """Another place begins at its top, though the button that leads there is at the bottom."""
    st.html(
        "<style>[data-testid=stLayoutWrapper]:has(> .st-key-to-the-top) {display: none}</style>"
    )
    with st.container(key="to-the-top"):
        script = "document.querySelector('[data-testid=stMain]')?.scrollTo(0, 0)"
        st.html(f"<script>/* {at.at} */ {script}</script>", unsafe_allow_javascript=True)


def submit(visit: Visit, key: str, value: Answer) -> bool:
    """Keep an answer; where that is not possible, :func:`troubles` tells why. One that was given
    last is not kept again."""
    if value == visit.answer(key):
        return True
    try:
        seat = classes.attended(visit.workspace)
        answers.add(visit.workspace, visit.id, key, value, class_id=seat[0].id if seat else "")
    except Problem as problem:
        st.session_state[_PROBLEM] = str(problem)
        return False
    return True


def troubles() -> None:
    """Why the last answer could not be kept, where it was given."""
    if told := st.session_state.pop(_PROBLEM, ""):
        tell(told)
        st.caption("What you answered still stands here: send it again in a moment.")


def _write(own: str, lesson: str, at: str) -> None:
    """Being somewhere is written along; where that fails the lesson goes on all the same."""
    try:
        answers.go_to(own, lesson, at)
    except Problem as problem:
        tell(problem)


def _keep(lesson: str, at: str) -> None:
    keep("learn", {"lesson": [lesson] if lesson else [], "step": [at] if at else []})


def _at(own: str) -> str:
    return f"learn-at:{own}"
