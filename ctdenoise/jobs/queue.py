"""The table of jobs: the truth on what is to be done, is being done and was done.

Every function is one short transaction, safe from any thread, process or host that shares the
database. The engine only executes: whatever dies (a browser, the server, a worker, the machine),
the jobs that were queued or running are found here and go on.
"""

import math
import secrets
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from ctdenoise.errors import Problem
from ctdenoise.jobs.kind import KINDS, Arguments, Kind
from ctdenoise.units import counted
from ctdenoise.workspace.database import Job, State, find_job, job_of, now, transaction
from ctdenoise.workspace.database import jobs as table

ATTEMPTS = 2
"""So often may a job's worker die without getting any further in between."""
LEASE_SECONDS = 20.0
"""A worker that has not been heard of for so long is gone."""
MISSED_SECONDS = 2.0
"""So is one of which the scheduler does not know after so long: it is heard of twice a second."""
FULL = 0.9
"""A worker that held so much of its memory when it was last heard of, died of that."""
UNFETCHED_SECONDS = 600.0
"""Pixels that nobody fetched for so long, nobody waits for any more."""

_ENDED: tuple[State, ...] = ("finished", "stopped", "failed")


# what people do


def add(
    kind: Kind[Any, Any],
    arguments: Arguments,
    workspace: str,
    *,
    subject: str = "",
    id: str = "",
) -> Job:
    """Queue a job; ``id`` where it shares that of what it is about (a run, a result)."""
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
    return _select(table.c.workspace == workspace, table.c.kind == kind, *about)


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
    with transaction() as connection:
        if not _change(
            connection,
            table.c.id == id,
            table.c.state == "queued",
            state="stopped",
            ended=now(connection),
            message=message,
        ):
            _change(connection, table.c.id == id, table.c.state == "running", wanted="stop")
    return job(id)


def requeue(id: str) -> Job:
    """Let a job that ended go on, or try again; :class:`Problem` where it has not ended."""
    with transaction() as connection:
        if not _change(
            connection,
            table.c.id == id,
            table.c.state.in_(_ENDED),
            state="queued",
            wanted="run",
            queued=now(connection),
            ended=None,
            message="Waits for its turn to continue.",
            result=None,
            attempts=0,
        ):
            raise Problem("This job", "has not ended yet", "stop it first or wait until it ends")
    return job(id)


def look_at(id: str, index: int) -> None:
    """Somebody looks at a part of what a job makes: it should come next."""
    with transaction() as connection:
        _change(connection, table.c.id == id, table.c.state.in_(("queued", "running")), focus=index)


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
    found = _select(table.c.state.in_(("queued", "running")), waits, *which)
    return [each for each in found if each.live]  # without those that cannot be read


def waiting(queue: str) -> list[Job]:
    """The queued jobs in the order in which they start: workspaces come one after the other.

    A workspace's second job waits behind every other workspace's first; among equals the workspace
    goes first that was served longest ago. What an accident interrupted goes on before everything
    else.
    """
    last = (
        select(table.c.workspace, func.max(table.c.started))
        .where(table.c.queue == queue)
        .group_by(table.c.workspace)
    )
    with transaction() as connection:
        served = {
            workspace: started
            for workspace, started in connection.execute(last)
            if isinstance(started, float)
        }
    found = live(queue)
    rank = Counter(each.workspace for each in found if each.state == "running")
    order: dict[str, tuple[bool, int, float, float]] = {}
    queued = [each for each in found if each.state == "queued"]
    for each in sorted(queued, key=lambda each: each.queued):
        before = served.get(each.workspace) or 0.0
        order[each.id] = (not each.attempts, rank[each.workspace], before, each.queued)
        rank[each.workspace] += 1
    return sorted(queued, key=lambda each: order[each.id])


def position(id: str) -> int:
    """How many jobs come before this queued one: those running and those ahead in its queue."""
    queue = job(id).queue
    ahead = [each.id for each in waiting(queue)]
    if id not in ahead:
        return 0
    return ahead.index(id) + sum(each.state == "running" for each in live(queue))


def silent_seconds(waits: Job) -> float:
    """For how long nothing has been heard of a live job: of its worker or, before it has one, since
    it was queued."""
    with transaction() as connection:
        moment = now(connection)
    since = waits.queued if waits.state == "queued" else waits.heartbeat or waits.started
    return max(0.0, moment - (since or moment))


# what workers do


def claim(queue: str, worker: str) -> Job | None:
    """Take the next job of a queue under a new lease, or None; two workers never get the same."""
    while candidates := waiting(queue):
        for each in candidates:
            if taken := take(each.id, worker):
                return taken
    return None


def take(id: str, worker: str, states: Sequence[State] = ("queued",)) -> Job | None:
    """Take this job, or None where it is in none of these states any more."""
    with transaction() as connection:
        moment = now(connection)
        if not _change(
            connection,
            table.c.id == id,
            table.c.state.in_(states),
            state="running",
            lease=secrets.token_hex(8),
            worker=worker,
            heartbeat=moment,
            memory=None,
            started=moment,
            message="",
        ):
            return None
        row = connection.execute(select(table).where(table.c.id == id)).one()
    taken = job_of(row._asdict())
    return taken if taken.live else None


def beat(held: Job, progress: float, message: str, memory: float = 0.0) -> Job | None:
    """Say that a job's worker lives, how far the job is, and how much of its memory the worker
    holds; the row as it is then, or None where the job is no longer this worker's."""
    with transaction() as connection:
        if not _change(
            connection,
            *_held(held),
            heartbeat=now(connection),
            progress=progress,
            message=message,
            memory=memory,
        ):
            return None
        row = connection.execute(select(table).where(table.c.id == held.id)).one()
    heard = job_of(row._asdict())
    return heard if heard.live else None


def end(held: Job, state: State, progress: float, message: str, result: Any = None) -> bool:
    """Write how a job ended; False, and nothing written, where it is no longer this worker's."""
    with transaction() as connection:
        return _change(
            connection,
            *_held(held),
            state=state,
            wanted="run",
            progress=progress,
            message=message,
            result=result,
            ended=now(connection),
        )


def give_way(held: Job, progress: float, message: str) -> bool:
    """Back into the queue, behind those who wait; False where it is no longer this worker's."""
    with transaction() as connection:
        return _change(
            connection,
            *_held(held),
            state="queued",
            attempts=0,  # nobody died of it now: it has no right to go first
            queued=now(connection),
            progress=progress,
            message=message,
        )


def put_back(held: Job) -> None:
    """What becomes of a job whose worker died: it queues again and goes on where it was, unless a
    stop was wanted, its worker died of a lack of memory, or it died again and again at the same
    place."""
    further = held.reached is None or (held.progress or 0.0) > held.reached
    attempts = 1 if further else held.attempts + 1
    changed: dict[str, Any] = {"attempts": attempts, "reached": held.progress or 0.0}
    with transaction() as connection:
        moment = now(connection)
        if held.wanted == "stop":
            changed |= {
                "state": "stopped",
                "wanted": "run",
                "ended": moment,
                "message": "Stopped.",
            }
        elif attempts > ATTEMPTS or (held.memory or 0.0) > FULL:
            changed |= {
                "state": "failed",
                "ended": moment,
                "message": str(_given_up(held, attempts)),
            }
        else:
            changed |= {"state": "queued", "message": "Was interrupted and waits to go on."}
        _change(connection, *_held(held), **changed)


def _given_up(held: Job, attempts: int) -> Problem:
    title = KINDS[held.kind].title if held.kind in KINDS else held.kind
    if (held.memory or 0.0) > FULL:
        return Problem(
            title,
            "took all the memory that a worker may have and was ended",
            "try something smaller: fewer slices or, in a training, a smaller batch or patch, or "
            "fewer filters",
        )
    return Problem(
        title,
        f"was given up, since its worker died {counted(attempts, 'time')}",
        "the machine may be short of memory, so try something smaller",
    )


def release(worker: str) -> None:
    """Put back whatever a worker of this name held: it is starting anew, so it died of it."""
    for held in _select(table.c.state == "running", table.c.worker == worker):
        put_back(held)


def put_back_lost(workers: Sequence[str] | None = None) -> None:
    """Put back the jobs of workers that nobody hears of any more or, where all ``workers`` that
    there are are known by name, that are not among them and have missed some heartbeats: one may
    have joined since."""
    with transaction() as connection:
        moment = now(connection)
    silent = or_(table.c.heartbeat.is_(None), table.c.heartbeat < moment - LEASE_SECONDS)
    if workers is not None:
        unknown = table.c.worker.not_in(workers)
        silent = or_(silent, and_(unknown, table.c.heartbeat < moment - MISSED_SECONDS))
    for held in _select(table.c.state == "running", silent):
        put_back(held)


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


def _held(held: Job) -> tuple[ColumnElement[bool], ...]:
    """As long as a job is its worker's, nobody else's change comes between."""
    return table.c.id == held.id, table.c.lease == held.lease, table.c.state == "running"


def _select(*conditions: ColumnElement[bool]) -> list[Job]:
    with transaction() as connection:
        rows = connection.execute(
            select(table).where(*conditions).order_by(table.c.created.desc())
        ).all()
    return [job_of(row._asdict()) for row in rows]


def _change(connection: Connection, *conditions: ColumnElement[bool], **values: Any) -> bool:
    """One conditional update; whether it met its row, so that only one of several wins."""
    return bool(connection.execute(update(table).where(*conditions).values(values)).rowcount)
