"""Who is where: a row for each learner with the place in the lesson, the last sign of life and the
runs; without names unless the teacher wants them."""

import time
from collections import defaultdict
from html import escape

import streamlit as st

from ctdenoise.jobs.kind import KINDS
from ctdenoise.lessons.model import Lesson
from ctdenoise.ui.classroom import looks
from ctdenoise.ui.components import sharing
from ctdenoise.ui.components.cards import ago
from ctdenoise.ui.components.text import telling_problems
from ctdenoise.units import counted
from ctdenoise.workspace import classes
from ctdenoise.workspace.answers import Place
from ctdenoise.workspace.class_export import lesson_of, names
from ctdenoise.workspace.classes import Class, Member
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.runs import Run

HERE_SECONDS = 30.0
"""Who was seen so lately is here."""
MOST_LINES = 3
"""Of one learner's work, the newest first."""
STYLE = """<style>
.board { width: 100%; border-collapse: collapse; font-size: 0.95rem }
.board th, .board td { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; vertical-align: top;
  border-bottom: 1px solid rgb(128 128 128 / 25%) }
.board th { font-weight: 600 }
.board .bar { position: relative; width: 11rem; height: 0.7rem; margin-top: 0.4rem;
  border-radius: 0.35rem; background: rgb(128 128 128 / 25%); overflow: hidden }
.board .bar > i { position: absolute; inset: 0 auto 0 0; background: #0072B2 }
.board .away { opacity: 0.75 }
.board .run { display: block }
</style>"""


def called(found: Class, *, named: bool) -> dict[str, str]:
    """What the learners of a class are called on this page, by workspace."""
    return names(looks.learners(found.id), named)


@telling_problems
def show(class_id: str, named: bool) -> None:
    """The board as it is now; drawn anew every second."""
    found = classes.find(class_id)
    people, places, runs = looks.learners(found.id), looks.places(found), looks.runs(found)
    here = sum(time.time() - each.seen < HERE_SECONDS for each in people)
    live = [run for run in runs if run.live]
    st.markdown(
        f"**{counted(len(people), 'learner')}**, {here} here now · "
        f"{counted(len(live), 'run')} waiting or training"
    )
    if not people:
        st.info("Nobody has joined yet. Show the code on the projector.")
        return
    lesson, label = lesson_of(found), called(found, named=named)
    told: defaultdict[str, list[str]] = defaultdict(list)
    for run in runs:
        told[run.workspace].append(_run(run, named=named))
    for job in looks.other_jobs(found):
        told[job.workspace].append(_other(job))
    rows = "".join(
        _row(each, label[each.workspace], places.get(each.workspace), lesson, told[each.workspace])
        for each in people
    )
    st.html(
        f"{STYLE}<table class='board'><thead><tr><th>Learner</th><th>Lesson</th><th>Step</th>"
        f"<th>Seen</th><th>Runs and other work</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(
    person: Member, name: str, place: Place | None, lesson: Lesson | None, work: list[str]
) -> str:
    share, where = _where(place, lesson)
    away = "" if time.time() - person.seen < HERE_SECONDS else " class='away'"
    lines = "".join(f"<span class='run'>{escape(line)}</span>" for line in work[:MOST_LINES])
    more = f"and {len(work) - MOST_LINES} more" if len(work) > MOST_LINES else ""
    return (
        f"<tr><td>{escape(name)}</td>"
        f"<td><div class='bar' role='img' aria-label='{share:.0%} of the lesson'>"
        f"<i style='width:{share:.0%}'></i></div></td>"
        f"<td>{escape(where)}</td><td{away}>{'now' if not away else ago(person.seen)}</td>"
        f"<td>{lines}{more}</td></tr>"
    )


def _where(place: Place | None, lesson: Lesson | None) -> tuple[float, str]:
    """How much of the lesson lies behind somebody, and in which chapter and step they are."""
    if place is None:
        return 0.0, "not begun"
    if lesson is None:
        return 0.0, place.step
    steps = list(lesson.steps)
    if place.step not in steps:
        return (1.0, "test at the end") if place.step.startswith("after") else (0.0, "first test")
    number = steps.index(place.step)
    for chapter in lesson.chapters:
        ids = [step.id for step in chapter.steps]
        if place.step in ids:
            at = f"{chapter.title}, {ids.index(place.step) + 1} of {len(ids)}"
            return (number + 1) / len(steps), at
    return 0.0, place.step


def _run(run: Run, *, named: bool) -> str:
    """How a run stands and when it ends; its name, which may tell whose it is, where names are."""
    name = f"{run.name}: " if named else ""
    if not (run.job and run.live):
        return f"{name}{run.state}"
    return name + _standing(run.job, "training")


def _other(job: Job) -> str:
    """The same for what is no run."""
    title = KINDS[job.kind].title if job.kind in KINDS else job.kind
    return f"{title}: {_standing(job, 'at work')}"


def _standing(job: Job, working: str) -> str:
    if job.state == "queued" and sharing.paused(job):
        return "paused"
    when = sharing.seen(job).end
    state = working if job.state == "running" or job.used else "waiting"
    return state + ("" if when is None else f", done in {sharing.about(when)}")
