"""What workers do with the rows of jobs: each is held under a lease, charged for and given back.

Like :mod:`ctdenoise.jobs.queue`, of which this is the other half: short transactions, safe from
anywhere.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from ctdenoise.errors import Problem
from ctdenoise.jobs import fairness
from ctdenoise.jobs.kind import KINDS
from ctdenoise.jobs.queue import LIVE, change, entry, rows, waiting
from ctdenoise.units import counted
from ctdenoise.workspace.database import Job, State, job_of, now, transaction
from ctdenoise.workspace.tables import jobs as table

ATTEMPTS = 2
"""So often may a job's worker die without getting any further in between."""
LEASE_SECONDS = 20.0
"""A worker that has not been heard of for so long is gone."""
MISSED_SECONDS = 2.0
"""So is one of which the scheduler does not know after so long: it is heard of twice a second."""
FULL = 0.9
"""A worker that held so much of its memory when it was last heard of, died of that."""


def claim(queue: str, worker: str, here: Mapping[str, str] | None = None) -> Job | None:
    """Take the next job of a queue, or None; two workers never get the same.

    ``here``: the leases of jobs, by id, that the worker still has in its memory.
    """
    here = here or {}
    while candidates := waiting(queue):
        own = {each.id for each in candidates if each.lease and here.get(each.id) == each.lease}
        elsewhere = {each.id for each in candidates if each.lease and each.worker != worker}
        first = fairness.choice([entry(each) for each in candidates], own, elsewhere).id
        for id in (first, *(each.id for each in candidates)):
            if taken := take(id, worker, again=here.get(id, "")):
                return taken
    return None


def take(
    id: str, worker: str, states: Sequence[State] = ("queued",), *, again: str = ""
) -> Job | None:
    """Take this job, or None where it is in none of these states any more.

    It comes under a new lease, or under the one that it gave way under, ``again``, where nobody has
    had or changed it since.
    """
    with transaction() as connection:
        moment = now(connection)
        fresh = secrets.token_hex(8)
        unchanged = and_(table.c.lease != "", table.c.lease == again)
        if not change(
            connection,
            table.c.id == id,
            table.c.state.in_(states),
            state="running",
            lease=case((unchanged, table.c.lease), else_=fresh),
            worker=worker,
            heartbeat=moment,
            memory=None,
            started=func.coalesce(table.c.started, moment),
            message="",
        ):
            return None
        row = connection.execute(select(table).where(table.c.id == id)).one()
    taken = job_of(row._asdict())
    return taken if taken.live else None


def beat(
    held: Job,
    progress: float,
    message: str,
    memory: float = 0.0,
    *,
    seconds: float = 0.0,
    contended: bool = True,
    first: float | None = None,
    left: float | None = None,
) -> Job | None:
    """Say that a job's worker lives, how far the job is, how much of its memory the worker holds,
    and how many ``seconds`` of the worker it has had since this was said last; they are charged
    where somebody was waiting without a worker meanwhile (``contended``).

    The row as it is then, or None where the job is no longer this worker's.
    """
    with transaction() as connection:
        _charge(connection, held, seconds if contended else 0.0)
        if not change(
            connection,
            *_held(held),
            heartbeat=now(connection),
            progress=progress,
            message=message,
            memory=memory,
            used=table.c.used + seconds,
            first=first,
            left=left,
        ):
            return None
        row = connection.execute(select(table).where(table.c.id == held.id)).one()
    heard = job_of(row._asdict())
    return heard if heard.live else None


def end(
    held: Job,
    state: State,
    progress: float,
    message: str,
    result: Any = None,
    *,
    seconds: float = 0.0,
    contended: bool = True,
) -> bool:
    """Write how a job ended; False, and nothing written, where it is no longer this worker's.
    ``seconds``, ``contended``: as for :func:`beat`."""
    with transaction() as connection:
        _charge(connection, held, seconds if contended else 0.0)
        return change(
            connection,
            *_held(held),
            state=state,
            wanted="run",
            progress=progress,
            message=message,
            result=result,
            ended=now(connection),
            used=table.c.used + seconds,
        )


def give_way(
    held: Job,
    progress: float,
    message: str,
    *,
    seconds: float = 0.0,
    contended: bool = True,
    first: float | None = None,
    left: float | None = None,
) -> bool:
    """Back to those who wait, or stopped where that is wanted; False where it is no longer this
    worker's. ``seconds``, ``contended``: as for :func:`beat`."""
    told = {"progress": progress, "used": table.c.used + seconds, "first": first, "left": left}
    with transaction() as connection:
        _charge(connection, held, seconds if contended else 0.0)
        moment = now(connection)
        waits = change(
            connection,
            *_held(held),
            table.c.wanted == "run",
            state="queued",
            attempts=0,  # nobody died of it now: it has no right to go first
            message=message,
            heartbeat=moment,
            **told,
        )
        return waits or change(
            connection,
            *_held(held),
            state="stopped",
            wanted="run",
            message=f"Stopped at {progress:.0%}.",
            ended=moment,
            **told,
        )


def of_waiting(ids: Collection[str]) -> dict[str, str]:
    """The leases under which those of these jobs gave way that wait for their next turn, by id."""
    which = and_(table.c.id.in_(ids), table.c.state == "queued", table.c.lease != "")
    with transaction() as connection:
        found = connection.execute(select(table.c.id, table.c.lease).where(which)).all()
    return {row.id: row.lease for row in found}


def _held(held: Job) -> tuple[ColumnElement[bool], ...]:
    """As long as a job is its worker's, nobody else's change comes between."""
    return table.c.id == held.id, table.c.lease == held.lease, table.c.state == "running"


def _charge(connection: Connection, held: Job, seconds: float) -> None:
    """The seconds that somebody has had of the workers, told with all that is live of theirs."""
    if not seconds:  # one who is alone should have no more written than that the worker lives
        return
    theirs = (
        table.c.workspace == held.workspace,
        table.c.queue == held.queue,
        table.c.state.in_(LIVE),
    )
    # Two workers may charge one person at once: locked in one order, they do not wait in a circle.
    connection.execute(select(table.c.id).where(*theirs).order_by(table.c.id).with_for_update())
    connection.execute(update(table).where(*theirs).values(served=table.c.served + seconds))


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
            changed |= {
                "state": "queued",
                "lease": "",
                "message": "Was interrupted and waits to go on.",
            }
        change(connection, *_held(held), **changed)


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
    for held in rows(table.c.state == "running", table.c.worker == worker):
        put_back(held)


def put_back_lost(workers: Sequence[str] | None = None) -> None:
    """Put back the jobs of workers that nobody hears of any more or, where all ``workers`` that
    there are are known by name, that are not among them and have missed some heartbeats: one may
    have joined since."""
    with transaction() as connection:
        moment = now(connection)
    heard = table.c.heartbeat
    # A word from the future is one from before the clock was set back: whoever lives has said
    # another since, or will within half a second.
    unheard = or_(heard < moment - LEASE_SECONDS, heard > moment + LEASE_SECONDS)
    silent = or_(heard.is_(None), unheard)
    if workers is not None:
        unknown = table.c.worker.not_in(workers)
        silent = or_(silent, and_(unknown, heard < moment - MISSED_SECONDS))
    for held in rows(table.c.state == "running", silent):
        put_back(held)
