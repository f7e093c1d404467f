"""How long one waits: for the next turn, the first picture and the end, foretold from the rows.

The rule of :mod:`ctdenoise.jobs.fairness` in closed form: work that is shared by the second flows
like water, so until a person has had some seconds more of the workers, everybody else has caught
up to the same, or has nothing left to do. Pure, and cheap enough for a class that looks at once.
"""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from ctdenoise.jobs import fairness
from ctdenoise.jobs.kind import Kind
from ctdenoise.jobs.queue import entry
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

USUAL_SECONDS = 1.0
"""A turn of one that has shown something already: it ends with an epoch or after some steps."""


@dataclass(frozen=True)
class Forecast:
    """How a live job stands among the others of its queue."""

    place: int
    """How many turns come before its next one; 0 where it runs or is next."""
    people: int
    """How many people, itself included, have live jobs in its queue."""
    running: int
    """How many jobs run in its queue."""
    own: tuple[str, ...]
    """The jobs of the same person that come before it, by id."""
    first: float | None
    """Seconds until there is something to see; None where unknown, or where there is already."""
    end: float | None
    """Seconds until it ends; None where unknown."""


def forecast(job: Job, live: Sequence[Job], ended: Sequence[Job] = ()) -> Forecast:
    """How ``job`` will fare among all ``live`` ones, to which it need not belong yet; what jobs of
    its kind that ``ended`` of late needed corrects what it is thought to need."""
    here = [each for each in live if each.queue == job.queue and each.id != job.id] + [job]
    entries = {each.id: entry(each) for each in here}
    by_id = {each.id: each for each in here}
    waiting = [by_id[each.id] for each in fairness.order(list(entries.values()))]
    running = [each for each in here if each.state == "running"]
    place = waiting.index(job) if job in waiting else 0
    mine = _own([each for each in here if each.workspace == job.workspace], entries)
    before = mine[: mine.index(job)] if job.state == "queued" else []

    ratio = ratios([*live, *ended])
    left = _lefts(here, ratio)
    firsts = {each.id: _first(each, ratio) for each in here}
    first = firsts[job.id] or None
    at_first: float | None = None
    at_end: float | None = None
    if not left:  # nothing is known of anybody
        return Forecast(place, _people(here), len(running), _ids(before), at_first, at_end)
    workers = max(len(running), 1)
    ahead = _ahead(job, waiting[:place], running, left, firsts) / workers

    def when(work: float, turn: float) -> float:
        """Seconds until the job itself has had so many of a worker; ``turn``: of its next turn."""
        if work <= turn and not before:
            return ahead + work
        if len({each.workspace for each in here}) <= workers:  # nobody gives way
            earlier = [*running, *waiting[:place]] if job.state == "queued" else []
            return _in_turn([*(left[each.id] for each in earlier), work], workers)
        own = sum(left[each.id] for each in before) + work
        theirs = sum(
            min(needed, max(0.0, job.served + own - served))
            for served, needed in _others(job, here, left)
        )
        return max(own, (own + theirs) / workers)

    if first:
        at_first = when(first, fairness.FIRST_SECONDS)
    if job.wanted == "run" and (job.left is not None or job.expected is not None):
        at_end = when(left[job.id], fairness.TURN_SECONDS)
        at_first = min(at_first, at_end) if at_first is not None else None
    return Forecast(place, _people(here), len(running), _ids(before), at_first, at_end)


def newcomer(
    kind: Kind[Any, Any],
    workspace: str,
    live: Sequence[Job] = (),
    expected: float | None = None,
    first: float | None = None,
) -> Job:
    """The row of a job that would join the ``live`` ones now."""
    entries = [entry(each) for each in live if each.queue == kind.queue]
    last = max((each.queued for each in live), default=0.0) + 1.0
    return Job(
        id="", workspace=workspace, kind=kind.name, subject="", arguments={}, queue=kind.queue,
        state="queued", wanted="run", focus=None, progress=None, message="", result=None,
        attempts=0, reached=None, lease="", worker="", heartbeat=None, memory=None,
        served=fairness.entering(workspace, entries), used=0.0, expected=expected, first=first,
        left=None, created=last, queued=last, started=None, ended=None,
    )  # fmt: skip


def ratios(jobs: Sequence[Job]) -> dict[str, float]:
    """What jobs of each kind need for each second that they were thought to need, as the live ones
    tell and the finished ones have told."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for each in jobs:
        rest = 0.0 if each.state == "finished" else each.left
        if each.expected and rest is not None and (each.used or rest):
            found[each.kind].append((each.used + rest) / each.expected)
    return {kind: median(told) for kind, told in found.items()}


def _lefts(jobs: Sequence[Job], ratio: Mapping[str, float]) -> dict[str, float]:
    """Seconds of a worker that each still needs, by id: a job of which nothing is known as many as
    the others on average; empty where that is true of all."""
    known: dict[str, float] = {}
    for each in jobs:
        if each.wanted == "stop":
            known[each.id] = 0.0
        elif each.left is not None:
            known[each.id] = each.left
        elif each.expected is not None:
            known[each.id] = max(each.expected * ratio.get(each.kind, 1.0) - each.used, 0.0)
    mean = fmean(known.values()) if known else 0.0
    return {each.id: known.get(each.id, mean) for each in jobs} if known else {}


def _first(job: Job, ratio: Mapping[str, float]) -> float:
    """Seconds of a worker until it has something to see; 0 where it has, or where nobody knows."""
    if not job.first or job.left is not None:  # as its worker told
        return job.first or 0.0
    thought = job.first * ratio.get(job.kind, 1.0)
    return max(thought - job.used, min(thought, USUAL_SECONDS))


def _ahead(
    job: Job,
    waiting: Sequence[Job],
    running: Sequence[Job],
    left: Mapping[str, float],
    firsts: Mapping[str, float],
) -> float:
    """Seconds of workers until it has its next turn: what runs, and those that wait before it."""
    if job.state == "running":
        return 0.0
    going = sum(firsts[each.id] or min(left[each.id], USUAL_SECONDS) / 2 for each in running)
    turns = (
        max(
            min(firsts[each.id], fairness.FIRST_SECONDS)
            if firsts[each.id]
            else min(left[each.id], USUAL_SECONDS),
            min(left[each.id], job.served - each.served),  # several, until they have had as many
        )
        for each in waiting
    )
    return going + sum(turns)


def _others(job: Job, jobs: Sequence[Job], left: Mapping[str, float]) -> list[tuple[float, float]]:
    """Of each other person what they have had, and what all of theirs still needs."""
    served: dict[str, float] = {}
    work: defaultdict[str, float] = defaultdict(float)
    for each in jobs:
        if each.workspace != job.workspace:
            served[each.workspace] = each.served
            work[each.workspace] += left[each.id]
    return [(served[person], work[person]) for person in served]


def _own(jobs: Sequence[Job], entries: Mapping[str, fairness.Entry]) -> list[Job]:
    """The jobs of one person as they are done: what runs, answers, what stays."""
    return sorted(jobs, key=lambda each: (
        each.state == "queued", entries[each.id].kept, each.queued,
    ))  # fmt: skip


def _in_turn(work: Sequence[float], workers: int) -> float:
    """When the last of these ends if each is begun, in this order, as soon as a worker is free."""
    free, done = [0.0] * workers, 0.0
    for seconds in work:
        done = heapq.heappop(free) + seconds
        heapq.heappush(free, done)
    return done


def _people(jobs: Sequence[Job]) -> int:
    """Whose they are; what is made for everybody is nobody's."""
    return max(len({each.workspace for each in jobs} - {SAMPLE}), 1)


def _ids(jobs: Sequence[Job]) -> tuple[str, ...]:
    return tuple(each.id for each in jobs)
