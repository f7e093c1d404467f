"""What a worker does with a job: claim it, execute it, tell how it goes and how it ended.

One loop for every kind of work. While jobs run, one thread of the process keeps their leases and
hears what is wanted of them.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from ctdenoise import log
from ctdenoise.errors import Problem, disk_problem, is_out_of_memory
from ctdenoise.jobs import leases, memory, parking, queue
from ctdenoise.jobs.kind import KINDS, GaveWay, Kind, Outcome, Running, Stopped
from ctdenoise.settings import create_privately
from ctdenoise.workspace.database import Job, State

logger = logging.getLogger(__name__)

INSIST_SECONDS = 600.0
"""So long is it tried to write how a job ended while the disk is full or the database is held."""
CROWDED = 0.75
"""What waits in this worker's memory is let go when that is taken to this part: it is on the disk,
and a worker that is killed for want of memory takes down what runs, too."""
BEAT_SECONDS = 0.5
"""Between two words of a worker to the database: so long may a stop take to be heard."""
IDLE_SECONDS = 20.0
"""A worker without work looks as often whether what waits in its memory has gone on elsewhere."""


def serve(name: str) -> None:
    """Take the next job of a queue and do it; as long as jobs give way, the one after it too.

    There is such a call for every queued job, so none is left over; which job it takes is for the
    queue to say.
    """
    _enter()
    leases.put_back_lost()
    while job := leases.claim(name, _worker(), parking.here()):
        if execute(job) is not GaveWay:
            return


def answer(id: str) -> Any:
    """Do one job, which somebody waits for, and hand over its result.

    Raises :class:`Problem` where it failed, was stopped or is not there any more.
    """
    _enter()
    # That it runs already, only a worker said that is dead: a call is repeated for nothing else.
    job = leases.take(id, _worker(), ("queued", "running"))
    if job is None:
        raise Problem("The request", "is not waited for any more", "try again")
    return execute(job, raising=True)


def execute(job: Job, raising: bool = False) -> Any:
    """Do a claimed job and write how it ended: its result, ``GaveWay`` where it waits again, or
    None where it did not finish. With ``raising``, that is a :class:`Problem`."""
    title = job.kind
    running: Running[Any] | None = None
    state: State = "failed"
    message, result = "", None
    try:
        kind = KINDS.find(job.kind)
        title = kind.title
        running = _running(kind, job)
        with _heart().beating(running):
            given = kind.run(running)
        outcome = given if isinstance(given, Outcome) else Outcome("finished", "", given)
        result = outcome.result
        if kind.kept_seconds:
            result = to_jsonable_python(result, inf_nan_mode="null")
        state, message = outcome.state, outcome.message
    except GaveWay as way:
        assert running
        if way.kept:
            parking.put(job.id, job.lease, way.kept)
        message = str(way)
        _insist(lambda: _gave_way(running, message))
        return GaveWay
    except Stopped as stopped:
        state, message = "stopped", str(stopped)
    except Exception as error:
        result = None
        problem = _problem(error, title)
        if problem is not error:
            logger.exception("%s %s failed", job.kind, job.id)
        message = str(problem)
        if raising:
            _close(job, running, state, message, None)
            raise problem from None
    finally:
        if running:
            running.kept = None  # which may know us, and the heart forgets us late
    _close(job, running, state, message, result)
    if raising and state != "finished":
        raise Problem(title, "was stopped", "start it again")
    return result


def _running(kind: Kind[Any, Any], job: Job) -> Running[Any]:
    try:
        arguments = kind.arguments.model_validate(job.arguments)
    except ValidationError as error:
        raise Problem(
            kind.title, "was asked for in words that cannot be read here", "start it anew"
        ) from error
    running = Running(
        job=job,
        arguments=arguments,
        kept=parking.take(job.id, job.lease),
        progress=job.progress or 0.0,
        first=job.first,
        left=job.left,
        focus=job.focus,
    )
    if kind.kept_seconds:
        with suppress(Problem):  # else the heart asks soon
            running.others_next, running.contended = queue.standing(job)
    return running


def _gave_way(running: Running[Any], message: str) -> None:
    with running.charging() as seconds:
        leases.give_way(
            running.job,
            running.progress,
            message,
            seconds=seconds,
            contended=running.contended,
            first=running.first,
            left=running.left,
        )


def _close(job: Job, running: Running[Any] | None, state: State, message: str, result: Any) -> None:
    """Write the end of a job, or forget one whose row does not stay."""
    with suppress(KeyError):
        if not KINDS[job.kind].kept_seconds:
            queue.remove(job.id)
            return
    progress = 1.0 if state == "finished" else running.progress if running else 0.0

    def write() -> None:
        with running.charging() if running else nullcontext(0.0) as seconds:
            contended = running is not None and running.contended
            leases.end(job, state, progress, message, result, seconds=seconds, contended=contended)

    with _heart().beating(running) if running else nullcontext():
        _insist(write)
    log.event(
        "job",
        kind=job.kind if job.kind in KINDS else "other",
        state=state,
        seconds=round(job.used + (running.charged if running else 0), 1),
    )


def _insist(write: Callable[[], object]) -> None:
    """What was done must not be done again because nobody could write that it was."""
    end = time.monotonic() + INSIST_SECONDS
    while True:
        try:
            write()
            return
        except Problem:
            if time.monotonic() > end:
                raise
            logger.warning("How a job ended could not be written; trying again", exc_info=True)
            time.sleep(BEAT_SECONDS)


def _problem(error: Exception, title: str) -> Problem:
    """What went wrong, for people; the error itself where it is told already."""
    match error:
        case Problem():
            return error
        case OSError():
            return disk_problem(error, title)
        case _ if is_out_of_memory(error):
            return Problem(
                title,
                "needs more memory than it may have",
                "take a smaller batch, patch, number of filters or scan, or close other programs",
            )
    return Problem(
        title,
        f"failed unexpectedly ({type(error).__name__}: {error})",
        "try again, and report it if it stays",
    )


class _Heart:
    """Keeps the leases of what this process executes, and brings what is wanted of it."""

    def __init__(self) -> None:
        self._alive: dict[str, Running[Any]] = {}
        self._change = threading.Condition()
        threading.Thread(target=self._beat, name="heart", daemon=True).start()

    @contextmanager
    def beating(self, running: Running[Any]) -> Iterator[None]:
        """Within this context, the job is this process' own."""
        with self._change:
            self._alive[running.job.lease] = running
            self._change.notify()
        try:
            yield
        finally:
            with self._change:
                del self._alive[running.job.lease]

    def _beat(self) -> None:
        while True:
            with self._change:
                busy = self._change.wait_for(lambda: bool(self._alive), IDLE_SECONDS)
            if not busy:
                with suppress(Exception):  # a database that is busy for once does not end the heart
                    parking.here()
                continue
            time.sleep(BEAT_SECONDS)
            with self._change:
                alive = list(self._alive.values())
            if (share := memory.share()) > CROWDED and parking.clear():
                memory.give_back()
            for running in alive:
                try:
                    _tell_and_hear(running, share)
                except Exception:  # a database that is busy for once does not end a job
                    logger.warning("%s could not be told of", running.job.id, exc_info=True)


def _tell_and_hear(running: Running[Any], share: float) -> None:
    with running.charging() as seconds:
        row = leases.beat(
            running.job,
            running.progress,
            running.message,
            share,
            seconds=seconds,
            contended=running.contended,
            first=running.first,
            left=running.left,
        )
    running.stop_wanted = row is None or row.wanted == "stop"
    running.others_next, running.contended = queue.standing(row) if row else (False, False)
    running.focus = row.focus if row else None


@cache
def _heart() -> _Heart:
    return _Heart()


@cache
def _worker() -> str:
    """The name of the worker that we are on, which it keeps when it is started anew."""
    from distributed import get_worker

    return str(get_worker().name)


_entering = threading.Lock()
_entered: set[str] = set()


def _enter() -> None:
    """At the first job of a process: its memory is bounded, and what its worker is said to hold, it
    held when it died."""
    with _entering:
        if _worker() not in _entered:
            memory.confine()
            log.begin()
            create_privately()  # `dask worker` may have been started by whatever a cluster has
            leases.release(_worker())
            _entered.add(_worker())
