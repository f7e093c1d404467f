"""Where work is done: trainings in turns, and answers that a person waits for.

One :class:`Engine` a process, a thin client of a Dask scheduler: the local one, which is started
when first needed and outlives us, or the cluster at ``CTDENOISE_ENGINE``. It keeps nothing of its
own: which runs there are is told by :mod:`ctdenoise.workspace.runs`, and a *turn* is no more than
the order to some training worker to take runs from there until none waits.
"""

import ipaddress
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlsplit

from ctdenoise.errors import Problem
from ctdenoise.jobs import local
from ctdenoise.jobs import worker as turns
from ctdenoise.settings import settings
from ctdenoise.workspace.runs import store

if TYPE_CHECKING:
    from distributed import Client, Future
    from distributed.scheduler import Scheduler
    from distributed.security import Security

logger = logging.getLogger(__name__)
T = TypeVar("T")

TURN = "turn-"
CONNECT_SECONDS = 20
WATCH_SECONDS = 5


class Answer(Generic[T]):
    """What :meth:`Engine.ask` will have to say."""

    def __init__(self, future: "Future", name: str) -> None:
        self._future, self._name = future, name

    def done(self) -> bool:
        return bool(self._future.done())

    def result(self, timeout: float | None = None) -> T:
        """The function's result; its :class:`Problem` is raised here, everything else that goes
        wrong on a worker becomes one, and so does waiting longer than ``timeout`` seconds."""
        from distributed import CancelledError
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker

        try:
            return self._future.result(timeout=timeout)
        except Problem:
            raise
        except TimeoutError as error:
            raise Problem(
                self._name, "is taking too long", "the machine is busy, try again in a moment"
            ) from error
        except KilledWorker as error:
            raise Problem(
                self._name,
                "ended its worker again and again",
                "the machine may be short of memory, so try a smaller scan",
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise _lost(self._name) from error
        except Exception as error:
            logger.exception("%s failed on a worker", self._name)
            raise Problem(
                self._name,
                f"failed ({type(error).__name__}: {error})",
                "try again, and report it if it stays",
            ) from error


class Engine:
    """Safe from any thread; everything but :meth:`ready` waits for a connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._watch: threading.Thread | None = None

    def launch(self, run_id: str) -> None:
        """See to it that a queued run gets its turn."""
        if store().run(run_id).state == "queued":
            self._give_turn()

    def continue_run(self, run_id: str, epochs: int | None = None) -> None:
        """Let a run that ended go on from its last epoch, up to ``epochs`` in all if given."""
        store().requeue(run_id, epochs)
        self.launch(run_id)

    def ask(
        self,
        function: Callable[..., T],
        *arguments: Any,
        long: bool = False,
        net: bool = False,
        turns: int = 0,
        about: str = "",
    ) -> Answer[T]:
        """Have a function of :mod:`ctdenoise.jobs.functions` done on the worker people wait for.

        ``long`` jobs are done one at a time, beside the short ones, and so are, on a worker of
        their own, those of the ``net``, which do little but wait for it; both to their end even if
        nobody holds the answer any more. A short one that nobody waits for is dropped. Of the long
        ones that wait, the one that has had fewest ``turns`` comes first. ``about`` is what
        :meth:`busy` knows a job by.
        """
        from distributed import fire_and_forget

        name = function.__name__
        title = name.replace("_", " ").capitalize()
        slots = {"net": 1} if net else {"people": 1, "long": 1} if long else {"people": 1}
        client = self._connected()
        with _telling_loss(title):
            future = client.submit(
                function,
                *arguments,
                key=f"{name}-{about}-{secrets.token_hex(8)}",
                pure=False,
                resources=slots,
                # A worker of Dask looks at the first job alone: a long one that has to wait would
                # hold up every short one behind it.
                priority=-1 - turns if long else 0,
            )
            if long or net:
                fire_and_forget(future)
        return Answer(future, title)

    def busy(self, function: Callable[..., Any], about: str) -> bool:
        """Whether a job asked for with this ``about`` waits or is being done."""
        job = f"{function.__name__}-{about}-"
        return bool(_known(self._connected(), job))

    def ready(self, wait: float = 0) -> bool:
        """Whether both kinds of worker are there and warm; never starts anything."""
        deadline = time.monotonic() + wait
        while not (self._alive() and {"train", "people"} <= self._resources()):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def recover(self) -> None:
        """Bring database and engine together: runs whose worker is gone queue again, and there
        are turns enough for all that wait. Harmless at any time, from any number of servers."""
        runs = [run for run in store().live() if run.state == "running"]
        turns_known = self._turns()  # after the database: a turn known there is known here
        for run in runs:
            if run.turn not in turns_known:
                store().put_back(run)
        live = store().live()
        waiting = sum(run.state == "queued" for run in live)
        free = len(turns_known) - sum(run.turn in turns_known for run in live)
        for _ in range(waiting - free):
            self._give_turn()

    def watch(self) -> None:
        """Connect, and :meth:`recover` every few seconds while there are live runs, in a thread."""
        with self._lock:
            if self._watch is None:
                self._watch = threading.Thread(target=self._keep_watch, daemon=True, name="watch")
                self._watch.start()

    def shutdown(self) -> None:
        """End the local engine and its workers; what it trained goes on with the next engine."""
        with self._lock, local.lock():
            found = local.find()
            if self._client is not None:
                _close(self._client)
                self._client = None
            if found:
                local.end(found)

    def close(self) -> None:
        """Leave; the engine goes on without us."""
        with self._lock:
            if self._client is not None:
                _close(self._client)
                self._client = None

    def _keep_watch(self) -> None:
        first = True
        while True:
            try:
                if first or store().live():
                    self.recover()
                    first = False
            except Exception:
                logger.exception("The engine could not be looked after; trying again")
            time.sleep(WATCH_SECONDS)

    def _give_turn(self) -> None:
        from distributed import fire_and_forget

        turn = TURN + secrets.token_hex(8)
        client = self._connected()
        with _telling_loss("The training"):
            future = client.submit(
                turns.take_turn, turn, key=turn, pure=False, resources={"train": 1}
            )
            fire_and_forget(future)

    def _turns(self) -> set[str]:
        return set(_known(self._connected(), TURN))

    def _resources(self) -> set[str]:
        client = self._client
        if client is None:
            return set()
        try:
            workers = client.scheduler_info()["workers"].values()
        except (OSError, RuntimeError):  # the connection broke this very moment
            return set()
        return {name for worker in workers for name in worker["resources"]}

    def _alive(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _connected(self) -> "Client":
        with self._lock:
            if not self._alive():
                if self._client is not None:
                    _close(self._client)
                    self._client = None
                address = settings().engine
                self._client = _join_cluster(address) if address else _join_local()
            assert self._client is not None
            return self._client


@cache
def _engine() -> Engine:
    return Engine()


_creating = threading.Lock()


def engine() -> Engine:
    """The engine of this process; it connects when it is first used."""
    with _creating:
        return _engine()


@contextmanager
def engine_of_worker() -> Iterator[Engine]:
    """The engine that executes us, for a job that asks for another one. It is left at the end,
    since an engine with clients does not end."""
    from distributed import get_worker

    worker, own = get_worker(), Engine()
    own._client = _connect(worker.scheduler.address, worker.security)
    try:
        yield own
    finally:
        own.close()


def others_wait() -> bool:
    """Whether other jobs wait for the worker that executes us."""
    from distributed import get_worker

    return len(get_worker().state.constrained) > 0


def unfinished(prefix: str, dask_scheduler: "Scheduler") -> list[str]:
    """Keys of all tasks with this prefix that wait or are being executed (on the scheduler)."""
    return [
        str(task.key)
        for task in dask_scheduler.tasks.values()
        if str(task.key).startswith(prefix)
        and task.state in ("released", "waiting", "no-worker", "queued", "processing")
    ]


def _known(client: "Client", prefix: str) -> list[str]:
    """What :func:`unfinished` answers there."""
    with _telling_loss("The request"):
        return list(client.run_on_scheduler(unfinished, prefix))


@contextmanager
def _telling_loss(name: str) -> Iterator[None]:
    """Around every word to a scheduler. When it dies, first the connection breaks, and then the
    client, which does not know it yet, trips over what it lacks."""
    from distributed.client import ClosedClientError

    try:
        yield
    except (OSError, AttributeError, ClosedClientError) as error:
        raise _lost(name) from error


def _lost(name: str) -> Problem:
    return Problem(name, "was lost with the engine", "try again")


def _join_local() -> "Client":
    """The engine of this home. One that runs older code is replaced as soon as it has no work."""
    with local.lock():
        found = local.find()
        if found:
            client = _connect(found.address, local.security(local.folder()))
            if found.current or _known(client, ""):
                return client
            _close(client)
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
    certificates = settings().engine_certificates
    files = ("ca.pem", "cert.pem", "key.pem")
    if certificates is None or not all((certificates / name).is_file() for name in files):
        raise Problem(
            "CTDENOISE_ENGINE_CERTIFICATES",
            f"does not name a folder with {', '.join(files)}",
            "put the certificates of the cluster there",
        )
    return _connect(address, local.security(certificates))


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
