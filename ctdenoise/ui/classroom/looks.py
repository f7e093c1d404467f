"""What many pages of one class look at, read twice a second for all of them."""

import time

from ctdenoise.jobs import queue
from ctdenoise.ui.caching import once
from ctdenoise.workspace import answers, classes
from ctdenoise.workspace.answers import Given, Place
from ctdenoise.workspace.classes import Class, Member
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.runs import Run, runs_of_all

PACE_SECONDS = 1.0
"""Between two looks of the teacher's page."""
FRESH_SECONDS = 0.5
"""So long everybody is shown what was read once."""


def members(class_id: str) -> list[Member]:
    """Everybody in a class."""
    return _members(class_id, _tick())


def learners(class_id: str) -> list[Member]:
    """Those who learn."""
    return [each for each in members(class_id) if each.role == "learner"]


def given(class_id: str) -> list[Given]:
    """What the class answered, each person's last answers alone."""
    return _given(class_id, _tick())


def places(found: Class) -> dict[str, Place]:
    """How far the learners are in the lesson of the class, by workspace."""
    return _places(found.id, found.lesson, _tick())


def runs(found: Class) -> list[Run]:
    """What the learners have trained since the class began, newest first."""
    return _runs(found.id, found.created, _tick())


def other_jobs(found: Class) -> list[Job]:
    """What the learners have waiting or running beside their runs."""
    people = {each.workspace for each in learners(found.id)}
    return [each for each in _jobs(_tick()) if each.workspace in people and each.kind != "train"]


def _tick() -> int:
    return int(time.monotonic() / FRESH_SECONDS)


@once(size=64)
def _members(class_id: str, tick: int) -> list[Member]:
    return classes.members(class_id)


@once(size=64)
def _given(class_id: str, tick: int) -> list[Given]:
    return list(answers.newest(answers.of_class(class_id)).values())


@once(size=64)
def _places(class_id: str, lesson: str, tick: int) -> dict[str, Place]:
    people = [each.workspace for each in learners(class_id)]
    return {each.workspace: each for each in answers.places(people) if each.lesson == lesson}


@once(size=64)
def _runs(class_id: str, since: float, tick: int) -> list[Run]:
    people = [each.workspace for each in learners(class_id)]
    return [each for each in runs_of_all(people) if each.created >= since]


@once(size=1)
def _jobs(tick: int) -> list[Job]:
    return queue.live()
