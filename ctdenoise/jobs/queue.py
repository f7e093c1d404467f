"""The table of jobs: the truth on what is to be done, is being done and was done.

Every function is one short transaction, safe from any thread, process or host that shares the
database. The engine only executes: whatever dies (a browser, the server, a worker, the machine),
the jobs that were queued or running are found here and go on.
"""

import math
import secrets
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, insert, or_, select, update

from ctdenoise.errors import Problem
from ctdenoise.jobs import fairness
from ctdenoise.jobs.kind import KINDS, Arguments, Kind
from ctdenoise.workspace import classes
from ctdenoise.workspace.database import Job, State, find_job, job_of, now, transaction
from ctdenoise.workspace.tables import jobs as table

UNFETCHED_SECONDS = 600.0
"""Pixels that nobody fetched for so long, nobody waits for any more."""

ANSWERS = "interactive"
"""The queue of what a page asks for: a class that pauses can still look at what is there."""

LIVE: tuple[State, ...] = ("queued", "running")
_ENDED: tuple[State, ...] = ("finished", "stopped", "failed")


# what people do


def add(
    kind: Kind[Any, Any],
    arguments: Arguments,
    workspace: str,
    *,
    subject: str = "",
    id: str = "",
    expected: float | None = None,
    first: float | None = None,
    left: float | None = None,
) -> Job:
    """Queue a job; ``id`` where it shares that of what it is about (a run, a result), ``expected``
    and ``first`` the seconds of a worker that it is thought to need in all, and until there is
    something to see; ``left`` instead of ``expected`` where they are known and no guess that others
    correct."""
    id = id or secrets.token_hex(6)
    with transaction() as connection:
        moment = now(connection)
        values: dict[str, Any] = {
            **dict.fromkeys(table.c.keys()),
            "id": id,
            "workspace": workspace,
            "kind": kind.name,
            "subject": subject or id,
            "arguments": arguments.model_dump(mode="json"),
            "queue": kind.queue,
            "state": "queued",
            "wanted": "run",
            "message": "Waits for its turn.",
            "attempts": 0,
            "lease": "",
            "worker": "",
            "served": _entering(connection, workspace, kind.queue),
            "used": 0.0,
            "expected": expected,
            "first": first,
            "left": left,
            "created": moment,
            "queued": moment,
        }
        connection.execute(insert(table).values(values))
    return Job(**values)


def job(id: str) -> Job:
    """One by its id; :class:`Problem` where there is none such."""
    found = find_job(id)
    if found is None:
        raise Problem("This job", "does not exist any more", "start it anew")
    return found


def jobs_of(workspace: str, kind: str, subject: str | None = None) -> list[Job]:
    """A workspace's jobs of a kind, on one subject where that is given; newest first."""
    about = [table.c.subject == subject] if subject is not None else []
    return rows(table.c.workspace == workspace, table.c.kind == kind, *about)


def answers(kind: Kind[Any, Any], arguments: Arguments, workspace: str) -> Job | None:
    """The newest job that answers, or will answer, this very question; but none that failed, or
    whose answer has become too old."""
    found = jobs_of(workspace, kind.name, digest(arguments))
    if not found or found[0].state == "failed":
        return None
    with transaction() as connection:
        old = now(connection) - kind.kept_seconds
    return None if found[0].ended and found[0].ended < old else found[0]


def digest(arguments: Arguments) -> str:
    """The same for the same arguments: the subject of a job that is about nothing but them."""
    return sha256(arguments.model_dump_json().encode()).hexdigest()


def stop(id: str) -> Job:
    """A queued job never starts; a running one hears of it within a second."""
    done = job(id).progress
    message = f"Stopped at {done:.0%}." if done else "Stopped before its turn came."
    waits = table.c.state == "queued"
    with transaction() as connection:
        change(  # in one: it may give way, or be claimed, between two
            connection,
            table.c.id == id,
            table.c.state.in_(LIVE),
            state=case((waits, "stopped"), else_=table.c.state),
            wanted=case((waits, table.c.wanted), else_="stop"),
            ended=case((waits, now(connection)), else_=table.c.ended),
            message=case((waits, message), else_=table.c.message),
        )
    return job(id)


def requeue(
    id: str,
    *,
    expected: float | None = None,
    first: float | None = None,
    left: float | None = None,
) -> Job:
    """Let a job that ended go on, or try again; :class:`Problem` where it has not ended.
    ``expected``, ``first``, ``left``: as for :func:`add`."""
    found = job(id)
    with transaction() as connection:
        if not change(
            connection,
            table.c.id == id,
            table.c.state.in_(_ENDED),
            state="queued",
            wanted="run",
            queued=now(connection),
            started=None,
            ended=None,
            message="Waits for its turn to continue.",
            result=None,
            attempts=0,
            lease="",
            served=_entering(connection, found.workspace, found.queue),
            used=0.0,
            expected=expected,
            first=first,
            left=left,
        ):
            raise Problem("This job", "has not ended yet", "stop it first or wait until it ends")
    return job(id)


def look_at(id: str, index: int) -> None:
    """Somebody looks at a part of what a job makes: it should come next."""
    with transaction() as connection:
        change(connection, table.c.id == id, table.c.state.in_(LIVE), focus=index)


def remove(id: str) -> None:
    """Forget a job, whatever it does; a worker that still executes it notices and stops."""
    with transaction() as connection:
        connection.execute(delete(table).where(table.c.id == id))


# the order of the queue


def live(queue: str | None = None) -> list[Job]:
    """All queued and running jobs, of one queue where that is given; but not those that hand
    somebody pixels, who sees to them."""
    which = [table.c.queue == queue] if queue else []
    waits = table.c.kind.not_in(_handed_over())
    found = rows(table.c.state.in_(LIVE), waits, *which)
    return [each for each in found if each.live]  # without those that cannot be read


def contenders(queue: str | None = None) -> list[Job]:
    """The live jobs that run or may be begun: those of learners whose class pauses wait until it
    goes on, but for what somebody looks at in this moment."""
    found = live(queue)
    held = classes.paused_people() if found else set()
    return [each for each in found if each.state == "running" or not pauses(each, held)]


def pauses(job: Job, people: set[str]) -> bool:
    """Whether a job waits, or gives way at the end of its turn, because it is of one of the
    ``people`` whose class pauses."""
    return job.queue != ANSWERS and job.workspace in people


def waiting(queue: str) -> list[Job]:
    """The queued jobs in the order in which they come next, see :mod:`ctdenoise.jobs.fairness`."""
    found = contenders(queue)
    by_id = {each.id: each for each in found}
    return [by_id[each.id] for each in fairness.order([entry(job) for job in found])]


def standing(held: Job) -> tuple[bool, bool]:
    """Of a running job, as its row is now: whether somebody else comes next if its turn ends, or
    nobody, since its person's class pauses; and whether somebody waits who has no worker at all."""
    entries = [entry(job) for job in contenders(held.queue)]
    own = next((each for each in entries if each.id == held.id), None)
    next_one = own is not None and fairness.gives_way(own, 0.0, entries)
    return next_one or pauses(held, classes.paused_people()), fairness.contended(entries)


def entry(job: Job) -> fairness.Entry:
    """A job as the rule of fairness sees it."""
    return fairness.Entry(
        id=job.id,
        person=job.workspace,
        queued=job.queued,
        served=job.served,
        running=job.state == "running",
        interrupted=job.state == "queued" and job.attempts > 0,
        kept=job.kind in KINDS and KINDS[job.kind].stays,
    )


def recent(kind: str, count: int = 20) -> list[Job]:
    """The jobs of a kind that finished last, of which it is known what they were thought to need
    and what they needed."""
    told = table.c.expected.is_not(None) & (table.c.used > 0)
    with transaction() as connection:
        found = connection.execute(
            select(table)
            .where(table.c.kind == kind, table.c.state == "finished", told)
            .order_by(table.c.ended.desc())
            .limit(count)
        ).all()
    return [job_of(row._asdict()) for row in found]


def silent_seconds(waits: Job) -> float:
    """For how long nothing has been heard of a live job: of its worker or, before it had one, since
    it was queued."""
    with transaction() as connection:
        moment = now(connection)
    heard = waits.heartbeat or waits.started or waits.queued
    since = max(waits.queued, heard) if waits.state == "queued" else heard
    return max(0.0, moment - since)


def _entering(connection: Connection, workspace: str, queue: str) -> float:
    """What a job that joins this queue is told to have had."""
    found = connection.execute(
        select(table.c.id, table.c.workspace, table.c.served).where(
            table.c.queue == queue, table.c.state.in_(LIVE), table.c.kind.not_in(_handed_over())
        )
    )
    return fairness.entering(
        workspace,
        [
            fairness.Entry(row.id, row.workspace, queued=0.0, served=row.served)
            for row in found
            # else it is damaged, and fails alone
            if isinstance(row.served, float) and math.isfinite(row.served)
        ],
    )


def prune() -> None:
    """Forget jobs that nobody can ask for any more."""
    with transaction() as connection:
        moment = now(connection)
        old = [
            and_(table.c.kind == kind.name, table.c.ended < moment - kind.kept_seconds)
            for kind in KINDS.values()
            if kind.kept_seconds < math.inf
        ]
        ended = and_(table.c.state.in_(_ENDED), or_(*old))
        unfetched = and_(
            table.c.kind.in_(_handed_over()),
            table.c.state == "queued",
            table.c.queued < moment - UNFETCHED_SECONDS,
        )
        connection.execute(delete(table).where(or_(ended, unfetched)))


def _handed_over() -> list[str]:
    """The kinds of job that are not called to from their queue, but each by who waits for it."""
    return [kind.name for kind in KINDS.values() if not kind.kept_seconds]


def rows(*conditions: ColumnElement[bool]) -> list[Job]:
    """The jobs of which all this is true, newest first."""
    with transaction() as connection:
        found = connection.execute(
            select(table).where(*conditions).order_by(table.c.created.desc())
        ).all()
    return [job_of(row._asdict()) for row in found]


def change(connection: Connection, *conditions: ColumnElement[bool], **values: Any) -> bool:
    """One conditional update; whether it met its row, so that only one of several wins."""
    return bool(connection.execute(update(table).where(*conditions).values(values)).rowcount)
