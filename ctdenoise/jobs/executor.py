"""Where jobs are executed: the process' way to the workers.

One executor a process, a thin client of a Dask scheduler: the local one, which is started when
first needed and outlives us, or the cluster at ``CTDENOISE_ENGINE``. It keeps nothing of its own:
what there is to do is told by :mod:`ctdenoise.jobs.queue`, and what goes to Dask is no more than a
call to some worker to take the next job of a queue from there, one for every job that waits.
"""

import ipaddress
import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from ctdenoise.errors import Problem, Told
from ctdenoise.jobs import leases, local, permission, queue, worker
from ctdenoise.jobs.kind import KINDS, Arguments, Kind
from ctdenoise.settings import settings
from ctdenoise.workspace import quota
from ctdenoise.workspace.database import Job

if TYPE_CHECKING:
    from distributed import Client, Future
    from distributed.scheduler import Scheduler
    from distributed.security import Security

logger = logging.getLogger(__name__)
A = TypeVar("A", bound=Arguments)
R = TypeVar("R")

CALL = "call-"
"""Begins the key of a Dask task that calls a worker to a queue; the queue's name follows."""
AFTER = ("batch", "download")
"""The queues of what takes long. A worker of Dask looks at the first task alone: a call that has to
wait holds up those behind it, so calls to these come behind those to the other queue of their
worker, and all of them behind what is fetched."""
SHARES = {"interactive": 1.25}
"""What a call takes of its queue's places, where that is not one of them: of three, two such calls
leave enough for something that is fetched, so that a picture never waits for long answers."""
FETCHED_SHARE = 0.5
WAIT_SECONDS = 60
LOOK_SECONDS = 0.05
"""Between two looks at a job that somebody waits for."""
CONNECT_SECONDS = 20
WATCH_SECONDS = 5


class Answer(Protocol):
    """What a job that somebody waits for will have to say."""

    def done(self) -> bool:
        """Whether :meth:`result` returns at once."""

    def result(self, timeout: float | None = None) -> Any:
        """The job's result, or its :class:`Problem`; waits ``timeout`` seconds at most."""


class Executor:
    """How work is given to workers; how it gets there is for a subclass to say."""

    def dispatch(self, job: Job) -> None:
        """See to it that some worker takes a queued job's turn."""
        raise NotImplementedError

    def fetch(self, job: Job) -> Answer:
        """Have a queued job done at once, for somebody who waits for the answer."""
        raise NotImplementedError

    def submit(
        self,
        kind: Kind[A, Any],
        arguments: A,
        workspace: str,
        *,
        subject: str = "",
        id: str = "",
        expected: float | None = None,
        first: float | None = None,
        left: float | None = None,
    ) -> Job:
        """Queue a job and give it a turn; the rest as in :func:`queue.add`.

        Raises :class:`Problem` where the workspace has no room for what stays, and where the job
        would read what is somebody else's.
        """
        permission.refuse_foreign(kind, arguments, workspace, id)
        if kind.stays:
            quota.require(workspace)
        job = queue.add(
            kind,
            arguments,
            workspace,
            subject=subject,
            id=id,
            expected=expected,
            first=first,
            left=left,
        )
        self.dispatch(job)
        return job

    def ask(self, kind: Kind[A, Any], arguments: A, workspace: str) -> Job:
        """The job that answers this question: the newest one, or else one that is queued now."""
        asked = queue.answers(kind, arguments, workspace)
        return asked or self.submit(kind, arguments, workspace, subject=queue.digest(arguments))

    def answer(
        self, kind: Kind[A, Any], arguments: A, workspace: str, timeout: float = WAIT_SECONDS
    ) -> Any:
        """The result of :meth:`ask`, as JSON, for which the caller waits; what was stopped goes on.
        :class:`Problem` where it fails or takes longer than ``timeout`` seconds."""
        job = self.ask(kind, arguments, workspace)
        if job.state == "stopped":
            with suppress(Problem):  # somebody else may have been first
                self.requeue(job.id)
            job = queue.job(job.id)
        end = time.monotonic() + timeout
        while job.live:
            if time.monotonic() > end:
                raise _late(kind.title)
            time.sleep(LOOK_SECONDS)
            job = queue.job(job.id)
        return result(job)

    def request(
        self, kind: Kind[A, R], arguments: A, workspace: str, timeout: float = WAIT_SECONDS
    ) -> R:
        """Have pixels made and return them; :class:`Problem` where that fails or takes longer than
        ``timeout`` seconds. Whoever calls has asked who may see them: many share one answer."""
        answer: R = self.fetch(queue.add(kind, arguments, workspace)).result(timeout)
        return answer

    def requeue(
        self,
        job_id: str,
        *,
        expected: float | None = None,
        first: float | None = None,
        left: float | None = None,
    ) -> Job:
        """Let a job that ended go on, or try again; the rest as in :func:`queue.add`."""
        job = queue.job(job_id)
        permission.refuse_foreign_again(job)
        if job.kind in KINDS and KINDS[job.kind].stays:
            quota.require(job.workspace)
        job = queue.requeue(job_id, expected=expected, first=first, left=left)
        self.dispatch(job)
        return job


class DaskExecutor(Executor):
    """Safe from any thread; everything but :meth:`ready` waits for a connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._watch: threading.Thread | None = None

    def dispatch(self, job: Job) -> None:
        """Call a worker to the job's queue."""
        self._call(job.queue)

    def fetch(self, job: Job) -> Answer:
        """Have a worker do the job at once; a request that is dropped before is never done."""
        client, title = self._connected(), KINDS[job.kind].title
        with _telling_loss(title):
            future = client.submit(
                worker.answer,
                job.id,
                key=f"job-{job.id}",
                pure=False,
                resources={"interactive": FETCHED_SHARE},
            )
        return _Future(future, title)

    def ready(self, wait: float = 0) -> bool:
        """Whether all kinds of worker are there and warm; never starts anything."""
        deadline = time.monotonic() + wait
        while not {"train", "batch", "interactive"} <= self._resources():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def recover(self) -> None:
        """Bring database and workers together: jobs whose worker is gone queue again, and there is
        a call for each that waits. Harmless at any time, from any number of servers."""
        client = self._connected()
        known = _on_scheduler(client, workers_and_calls)
        leases.put_back_lost(known["workers"])
        calls = Counter(key.removeprefix(CALL).rpartition("-")[0] for key in known["calls"])
        live = Counter(job.queue for job in queue.contenders())
        for name, count in (live - calls).items():
            for _ in range(count):
                self._call(name)
        queue.prune()

    def watch(self) -> None:
        """Connect, and :meth:`recover` every few seconds while there are live jobs, in a thread."""
        with self._lock:
            if self._watch is None:
                self._watch = threading.Thread(target=self._keep_watch, daemon=True, name="watch")
                self._watch.start()

    def shutdown(self) -> None:
        """End the local engine and its workers; what they did goes on with the next engine."""
        with self._lock, local.lock():
            found = local.find()
            self._drop()
            if found:
                local.end(found)

    def close(self) -> None:
        """Leave; the engine goes on without us."""
        with self._lock:
            self._drop()

    def _keep_watch(self) -> None:
        first = True
        while True:
            try:
                if first or queue.live():
                    self.recover()
                    first = False
            except Exception:
                logger.exception("The engine could not be looked after; trying again")
            time.sleep(WATCH_SECONDS)

    def _call(self, name: str) -> None:
        from distributed import fire_and_forget

        client = self._connected()
        with _telling_loss("The job"):
            future = client.submit(
                worker.serve,
                name,
                key=f"{CALL}{name}-{secrets.token_hex(8)}",
                pure=False,
                resources={name: SHARES.get(name, 1)},
                priority=-2 if name in AFTER else -1,
            )
            fire_and_forget(future)

    def _resources(self) -> set[str]:
        """Names of what the workers offer; none where we are not connected."""
        client = self._client
        if client is None or client.status != "running":
            return set()
        try:
            return set(_on_scheduler(client, workers_and_calls)["resources"])
        except Problem:  # the connection broke this very moment
            return set()

    def _connected(self) -> "Client":
        with self._lock:
            if self._client is None or self._client.status != "running":
                self._drop()
                address = settings().engine
                self._client = _join_cluster(address) if address else _join_local()
            return self._client

    def _drop(self) -> None:
        if self._client is not None:
            _close(self._client)
            self._client = None


@cache
def _executor() -> DaskExecutor:
    return DaskExecutor()


_creating = threading.Lock()


def executor() -> DaskExecutor:
    """The executor of this process; it connects when it is first used."""
    with _creating:
        return _executor()


class _Future:
    """A Dask future whose every failure is a :class:`Problem`."""

    def __init__(self, future: "Future[Any]", title: str) -> None:
        self._future, self._title = future, title

    def done(self) -> bool:
        """Whether it is over, well or not."""
        return bool(self._future.done())

    def result(self, timeout: float | None = None) -> Any:
        """What it gave, waited for at most ``timeout`` seconds."""
        from distributed import CancelledError
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker

        try:
            return self._future.result(timeout=timeout)
        except Problem:
            raise
        except TimeoutError as error:
            raise _late(self._title) from error
        except KilledWorker as error:
            raise Problem(
                self._title,
                "ended its worker again and again",
                "the machine may be short of memory, so try a smaller scan",
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise _lost(self._title) from error
        except Exception as error:
            logger.exception("%s failed on a worker", self._title)
            raise Problem(
                self._title,
                f"failed ({type(error).__name__}: {error})",
                "try again, and report it if it stays",
            ) from error


def workers_and_calls(dask_scheduler: "Scheduler") -> dict[str, list[str]]:
    """Names of the workers and of what they offer, and the calls that wait or are being answered
    (on the scheduler)."""
    workers = dask_scheduler.workers.values()
    return {
        "workers": [str(each.name) for each in workers],
        "resources": sorted({name for each in workers for name in each.resources}),
        "calls": [
            str(task.key)
            for task in dask_scheduler.tasks.values()
            if str(task.key).startswith(CALL)
            and task.state in ("released", "waiting", "no-worker", "queued", "processing")
        ],
    }


def _on_scheduler(client: "Client", function: Any) -> Any:
    with _telling_loss("The request"):
        return client.run_on_scheduler(function)


@contextmanager
def _telling_loss(title: str) -> Iterator[None]:
    """Around every word to a scheduler. When it dies, first the connection breaks, and then the
    client, which does not know it yet, trips over what it lacks."""
    from distributed.client import ClosedClientError

    try:
        yield
    except (OSError, AttributeError, ClosedClientError) as error:
        raise _lost(title) from error


def result(job: Job) -> Any:
    """What a job that ended gave, as JSON; :class:`Problem` where it did not finish."""
    if job.state != "finished":
        raise Told(job.message)
    return job.result


def _late(title: str) -> Problem:
    return Problem(title, "is taking too long", "the machine is busy, try again in a moment")


def _lost(title: str) -> Problem:
    return Problem(title, "was lost with the engine", "try again")


def _join_local() -> "Client":
    """The engine of this home. One that runs older code is replaced as soon as it has no work, and
    at once where it does not know today's database: what it does goes on with the next."""
    with local.lock():
        found = local.find()
        if found and not found.outdated:
            client = _connect(found.address, local.security(local.folder()))
            if found.current or _on_scheduler(client, workers_and_calls)["calls"]:
                return client
            _close(client)
        if found:
            local.end(found)
        return _connect(local.start().address, local.security(local.folder()))


def _join_cluster(address: str) -> "Client":
    """A scheduler elsewhere; what arrives there is executed, hence certificates, both ways."""
    parts = urlsplit(address)
    if parts.scheme == "tcp" and _is_loopback(parts.hostname or ""):
        return _connect(address, None)
    if parts.scheme != "tls":
        raise Problem(
            f"CTDENOISE_ENGINE={address}",
            "is not encrypted, so anybody could use it",
            "give a tls:// address and CTDENOISE_ENGINE_CERTIFICATES",
        )
    return _connect(address, local.security(local.certificate_folder()))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _connect(address: str, security: "Security | None") -> "Client":
    from distributed import Client

    try:
        return Client(
            address,
            security=security,
            set_as_default=False,
            timeout=CONNECT_SECONDS,
            name="ctdenoise",
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise Problem(
            f"The engine at {address}",
            f"does not answer ({type(error).__name__})",
            "check that it runs and that the certificates are its own",
        ) from error


def _close(client: "Client") -> None:
    try:
        client.close(timeout=2)
    except Exception:  # it is being given up; why does not matter
        logger.debug("The client did not close in time", exc_info=True)
