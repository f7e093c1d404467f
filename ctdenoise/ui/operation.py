"""For whoever runs the server: whether it is ready, and its figures.

``/readyz`` and ``/metrics`` answer to the operator alone (:mod:`ctdenoise.ui.gate`). No figure has
the name of a person or a thing in it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, get_args

import psutil
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ctdenoise.errors import Problem
from ctdenoise.jobs import local
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kind import KINDS, Queue
from ctdenoise.workspace import database, quota
from ctdenoise.workspace.database import State
from ctdenoise.workspace.totals import Together, jobs_together

if TYPE_CHECKING:
    from prometheus_client import Gauge

OTHER = "other"
"""What a damaged row of the database is counted as."""


async def ready(request: Request) -> Response:
    """200 where everything is there that work needs, else 503 and a sentence for what is not."""
    told = await run_in_threadpool(missing)
    return PlainTextResponse("\n".join(told or ["ok"]) + "\n", 503 if told else 200)


async def figures(request: Request) -> Response:
    """The figures of operation, as Prometheus reads them."""
    from prometheus_client import CONTENT_TYPE_LATEST

    return Response(await run_in_threadpool(exposed), headers={"Content-Type": CONTENT_TYPE_LATEST})


def missing() -> list[str]:
    """A sentence for everything that is not as it has to be."""
    return [str(problem) for problem in _problems(database.check, _engine, quota.require_disk)]


def _problems(*checks: Callable[[], object]) -> Iterator[Problem]:
    for check in checks:
        try:
            check()
        except Problem as problem:
            yield problem


def _engine() -> None:
    if not executor().ready():
        raise Problem(
            "The engine", "does not answer with all its workers", "wait a moment, or read its log"
        )


def exposed() -> bytes:
    """All figures, from a registry of our own that is filled anew for each answer."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()

    def gauge(name: str, words: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(f"ctdenoise_{name}", words, labels, registry=registry)

    gauge("sessions", "Pages that are open in browsers.").set(_sessions())
    memory = gauge("memory_bytes", "Resident memory of our processes here.", ["process"])
    for process, used in _memory():
        memory.labels(process).inc(used)
    with suppress(OSError):
        gauge("disk_free_bytes", "Free on the disk of the home.").set(quota.free_bytes())
    answers = gauge("database_up", "Whether the database answers.")
    with suppress(Problem):
        _add_jobs(gauge, jobs_together())
        answers.set(1)
    return generate_latest(registry)


def _add_jobs(gauge: "Callable[[str, str, Sequence[str]], Gauge]", found: list[Together]) -> None:
    count = gauge("jobs", "Jobs that are known.", ["queue", "kind", "state"])
    seconds = gauge("job_seconds", "Seconds of workers that they had.", ["kind"])
    failed = gauge("jobs_failed", "Jobs that failed and are known.", ["kind"])
    waits = gauge("wait_seconds", "For how long the first in a queue has waited.", ["queue"])
    kinds, queues, states = {kind.name for kind in KINDS.values()}, get_args(Queue), get_args(State)
    longest = dict.fromkeys(queues, 0.0)
    for each in found:
        queue = each.queue if each.queue in queues else OTHER
        kind = each.kind if each.kind in kinds else OTHER
        state = each.state if each.state in states else OTHER
        count.labels(queue, kind, state).inc(each.count)
        seconds.labels(kind).inc(each.seconds)
        if state == "failed":
            failed.labels(kind).inc(each.count)
        if state == "queued":
            longest[queue] = max(longest.get(queue, 0.0), each.waits)
    for queue, longest_wait in longest.items():
        waits.labels(queue).set(longest_wait)


def _sessions() -> float:
    """How many browser tabs are connected, as Streamlit counts them."""
    from streamlit.runtime import exists, get_instance
    from streamlit.runtime.stats import ACTIVE_SESSIONS_FAMILY

    if not exists():
        return 0
    told = get_instance().stats_mgr.get_stats([ACTIVE_SESSIONS_FAMILY])
    return sum(int(getattr(each, "value", 0)) for each in told.get(ACTIVE_SESSIONS_FAMILY, ()))


def _memory() -> Iterator[tuple[str, int]]:
    """Resident bytes of the server, and of the local engine with its workers."""
    yield "server", psutil.Process().memory_info().rss
    with suppress(psutil.Error, OverflowError):
        if found := local.announced():
            engine = psutil.Process(found.pid)
            yield "engine", engine.memory_info().rss
            for worker in engine.children(recursive=True):
                with suppress(psutil.Error):
                    yield "workers", worker.memory_info().rss
