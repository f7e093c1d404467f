"""What surrounds the pages: start-up, the picture route, the visitors.

Whatever is heavy is imported inside functions: the server answers first, and imports the rest while
the browser is busy with its own loading.
"""

import asyncio
import gc
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import Any

import psutil
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ctdenoise import __version__, log
from ctdenoise.errors import Problem
from ctdenoise.settings import PACKAGE, private_home, settings
from ctdenoise.ui import addresses, uploads
from ctdenoise.ui.classroom import stream
from ctdenoise.ui.gate import Gate
from ctdenoise.ui.refusals import Refusals
from ctdenoise.ui.visitors import Visitor

SCRIPT = PACKAGE / "ui" / "main.py"
HEAD_START_SECONDS = 4
SWEEP_SECONDS = 6 * 3600
"""Between two looks for what has not been used for too long."""


async def _pixels(request: Request) -> Response:
    from ctdenoise.ui import pictures
    from ctdenoise.ui.figures import stages  # noqa: F401 which adds pictures of its own

    return await pictures.serve(request)


async def _downloads(request: Request) -> Response:
    from ctdenoise.ui import downloads

    return await downloads.serve(request)


async def _health(request: Request) -> Response:
    """That this process answers, and nothing else."""
    return PlainTextResponse("ok\n")


async def _ready(request: Request) -> Response:
    from ctdenoise.ui import operation

    return await operation.ready(request)


async def _metrics(request: Request) -> Response:
    from ctdenoise.ui import operation

    return await operation.figures(request)


def _warm_up() -> None:
    """Bring the engine up, resume what a stopped server left, and make the sample once."""
    from ctdenoise.jobs import queue
    from ctdenoise.jobs.executor import executor
    from ctdenoise.jobs.kinds import ingest
    from ctdenoise.ui.session import tell_start_problem
    from ctdenoise.workspace import simulations
    from ctdenoise.workspace.library import sweep
    from ctdenoise.workspace.sample import WORKSPACE as SAMPLE
    from ctdenoise.workspace.sample import sample_is_there

    try:
        executor().watch()
        sweep(settings().workspaces)
        simulations.sweep()
        if not sample_is_there(settings().workspaces) and not any(
            job.live for job in queue.jobs_of(SAMPLE, ingest.SAMPLE.name)
        ):
            executor().submit(ingest.SAMPLE, ingest.Sample(), SAMPLE)
    except Problem as problem:
        tell_start_problem(problem)


def _send_at_once() -> None:
    """Switch Nagle's algorithm off for every connection, as asyncio does for its own listeners.

    Streamlit's listener does not say that it speaks TCP, so that asyncio leaves the algorithm on,
    and what follows a viewer's message waits for the browser's delayed acknowledgement: 40 ms.
    Accepted connections inherit the option from the listener.
    """
    for connection in psutil.Process().net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.fd >= 0:  # no number on Windows
            with socket.socket(fileno=os.dup(connection.fd)) as listener:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _end_streams_at_exit() -> None:
    """A server that is told to stop waits for its connections, and a class's streams never end by
    themselves."""
    loop = asyncio.get_running_loop()

    def ending(before: Callable[[int, FrameType | None], object]) -> Callable[..., None]:
        def end(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(stream.classroom.close)
            before(number, frame)

        return end

    if threading.current_thread() is threading.main_thread():  # else nobody hears signals here
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(before := signal.getsignal(number)):
                signal.signal(number, ending(before))


def _import_first() -> bool:
    """Import what the first page needs; whether it finds the sample made."""
    import ctdenoise.ui.session  # noqa: F401
    from ctdenoise.workspace.sample import sample_is_there

    return sample_is_there(settings().workspaces)


def _import_rest() -> None:
    """Import what other pages need, then keep it all out of every garbage collection."""
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401
    import scipy.ndimage  # noqa: F401
    import skimage.metrics  # noqa: F401

    gc.collect()
    gc.freeze()


def _sweep() -> None:
    """Remove what has not been used for as long as operator and teachers let things stay."""
    from ctdenoise.workspace import retention

    with suppress(Problem):  # which the pages tell; there is another day
        retention.sweep_all(settings().retention_days)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """What the server does before its first and after its last request."""
    with suppress(Problem):  # which _warm_up meets again, and tells
        private_home()
        log.begin()
    log.event("started", version=__version__)
    _send_at_once()
    _end_streams_at_exit()
    background = asyncio.create_task(_prepare())
    yield
    background.cancel()
    log.event("stopped")


async def _prepare() -> None:
    """Get ready behind the first page's back: whoever waits for that page goes first."""
    if await asyncio.to_thread(_import_first):
        await asyncio.sleep(HEAD_START_SECONDS)
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    await asyncio.to_thread(_import_rest)
    while True:
        await asyncio.to_thread(_sweep)
        await asyncio.sleep(SWEEP_SECONDS)


ROUTES = [
    Route(addresses.below("pixels/{address:path}"), _pixels),
    Route(addresses.below("downloads/{address:path}"), _downloads),
    *uploads.ROUTES,
    *stream.ROUTES,
    # Who looks after the process knows no prefix: at the root as well.
    *(
        Route(path, answer)
        for name, answer in (("healthz", _health), ("readyz", _ready), ("metrics", _metrics))
        for path in dict.fromkeys((f"/{name}", addresses.below(name)))
    ),
]
MIDDLEWARE = [Middleware(Refusals), Middleware(Visitor), Middleware(Gate)]
