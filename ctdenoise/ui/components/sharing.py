"""How a queue is shared, in words: whose turn it is, and when one sees something."""

import math
import time
from dataclasses import replace
from typing import Any

from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.jobs.forecast import Forecast, forecast, newcomer
from ctdenoise.jobs.kind import Kind
from ctdenoise.ui.caching import once
from ctdenoise.ui.components.cards import duration
from ctdenoise.units import counted
from ctdenoise.workspace import classes
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.runs import find_run

FRESH_SECONDS, RECENT_SECONDS = 0.5, 10.0
"""So long the live rows, and what ended of late, are read once for everybody who looks: a worker
writes twice a second."""
PAUSED = "Your teacher has paused the class. What is done so far is kept, and goes on after it."
LOOKS = 10
"""So many looks a second all together take at a queue, once more people than that share it."""
FEW = 2
"""A turn that comes after so many others comes within seconds: to tell of each would flicker."""
SLOWEST_SECONDS = 3
"""Nobody waits longer for the next look."""


def seen(job: Job) -> Forecast:
    """How a live job stands among the others, at most half a second old."""
    return forecast(job, live(), _recent(job.kind, _tick(RECENT_SECONDS)))


def live() -> list[Job]:
    """All live jobs that no class's pause holds up, at most half a second old."""
    return _live(_tick(FRESH_SECONDS))


def waits_for_others(job: Job) -> bool:
    """Whether other jobs of its queue are done first, or just now, or its class pauses."""
    found = seen(job)
    return bool(found.place or found.running) or paused(job)


def paused(job: Job) -> bool:
    """Whether a job waits until the class of its person goes on."""
    return queue.pauses(job, _paused_people(_tick(FRESH_SECONDS)))


def pace(job: Job, alone: float) -> float:
    """Seconds between two looks at a job: ``alone``, or slower the more people share its queue.

    The server draws for all of them on the cores that train: each look costs it some milliseconds.
    """
    people = seen(job).people
    if people == 1:
        return alone
    return float(min(max(round(people / LOOKS), 1), SLOWEST_SECONDS))


def joining(
    kind: Kind[Any, Any],
    workspace: str,
    *,
    expected: float | None = None,
    first: float | None = None,
    left: float | None = None,
) -> str:
    """What becomes of a job that this person would start now, foretold as it will be once it is
    queued (:func:`~ctdenoise.jobs.queue.add`); empty where there is nothing before or beside it."""
    found = seen(replace(newcomer(kind, workspace, live(), expected, first), left=left))
    end = "" if found.end is None else about(found.end)
    if found.people > 1:
        return f"{end or 'shared'} with {counted(found.people - 1, 'other')}"
    if found.own:
        return f"{end} after {len(found.own)} of yours".strip()
    return ""


def waiting(job: Job) -> str:
    """What a queued job waits for, and how long."""
    if paused(job):
        return PAUSED
    found = seen(job)
    if job.attempts or (job.used and not job.first):
        return _sentence(_standing(job, found))
    comes = _comes(job, found)
    if not comes and found.people == 1:
        return "Next in line."
    shared = f"{_people(found)} now. " if found.people > 1 else ""
    times = _times(found)
    return f"{shared}Your turn comes {comes or 'next'}{': ' if times else ''}{times}."


def far(job: Job, how: str = "", left: float | None = None) -> str:
    """How far a job is (``how``) and how long still: ``left`` seconds where it has the machine for
    itself, what is foretold where it shares it."""
    if job.state == "queued" and paused(job):
        return f"{how}. {PAUSED}" if how else PAUSED
    told = _sentence(_standing(job, seen(job)))
    if told:
        return f"{how}{'' if how.endswith(('.', '…')) else '.'} {told}" if how else told
    return how if left is None else f"{how}, about {duration(max(left, 1.0))} left"


def about(seconds: float) -> str:
    """A length of time that is foretold, so coarse that it does not flicker.

    >>> about(0.3), about(13), about(44), about(100), about(550), about(1600)
    ('about 5 s', 'about 15 s', 'about 40 s', 'about 2 min', 'about 9 min', 'about 25 min')
    """
    if seconds < 27.5:
        return f"about {max(math.floor(seconds / 5 + 0.5), 1) * 5} s"
    if seconds < 55:
        return f"about {round(seconds / 10) * 10} s"
    minutes = max(round(seconds / 60), 1)
    if minutes > 12:
        minutes = 5 * round(minutes / 5)
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {duration(60 * minutes)}"


def _standing(job: Job, found: Forecast) -> str:
    """How one stands that has had a turn; empty where it has the machine for itself."""
    turn, shared = "", found.people > 1
    if job.state == "queued":
        comes = _comes(job, found)
        if job.attempts and not comes:
            return job.message.rstrip(".")
        if found.own or found.place > FEW:
            turn = f"next turn {comes}"
        elif not shared:
            turn = "its turn is next"
    elif not shared:
        return ""
    told = ", ".join(each for each in (turn, _times(found)) if each)
    return ": ".join(each for each in (_people(found) if shared else "", told) if each)


def _times(found: Forecast) -> str:
    times = (("first picture", found.first), ("finished", found.end))
    return ", ".join(f"{what} in {about(when)}" for what, when in times if when is not None)


def _comes(job: Job, found: Forecast) -> str:
    """After what the next turn comes; empty where it is next."""
    if len(found.own) == 1:
        if job.queue == "train":
            try:
                return f"after your own run {find_run(found.own[0]).name}"
            except Problem:  # it was deleted meanwhile
                pass
        return f"after {counted(1, _noun(job))} of yours"
    if found.own:
        return f"after {counted(len(found.own), _noun(job))} of yours"
    return f"after {counted(found.place, 'other')}" if found.place else ""


def _noun(job: Job) -> str:
    return "run" if job.queue == "train" else "job"


def _people(found: Forecast) -> str:
    return f"{found.people} people share this machine"


def _sentence(told: str) -> str:
    return f"{told[0].upper()}{told[1:]}." if told else ""


def _tick(seconds: float) -> int:
    return int(time.monotonic() / seconds)


@once(size=1)
def _live(tick: int) -> list[Job]:
    return queue.contenders()


@once(size=1)
def _paused_people(tick: int) -> set[str]:
    return classes.paused_people()


@once(size=8)
def _recent(kind: str, tick: int) -> list[Job]:
    return queue.recent(kind)
