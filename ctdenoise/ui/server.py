"""What surrounds the pages: start-up, the picture route, the workspace cookie, the policy."""

import asyncio
import gc
import importlib
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdenoise.errors import Problem
from ctdenoise.runs import jobs
from ctdenoise.runs.engine import engine
from ctdenoise.settings import ROOT
from ctdenoise.ui import pixels
from ctdenoise.ui.session import (
    COOKIE,
    SAMPLE,
    library,
    new_cookie,
    tell_start_problem,
    workspace_of,
)

SCRIPT = ROOT / "ctdenoise" / "ui" / "main.py"
ROUTES = [Route(pixels.ROUTE, pixels.serve)]
HEAD_START_SECONDS = 4
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; frame-ancestors 'self'"
)


def _warm_up() -> None:
    """Bring the engine up, resume what a stopped server left, and make the sample once."""
    try:
        running = engine()
        running.watch()
        if not library(SAMPLE).pairs():
            running.ask(jobs.prepare_sample).result()
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


def _import_heavy() -> None:
    """Import what the pages need later, then keep it out of every garbage collection."""
    import plotly.graph_objects  # noqa: F401
    import scipy.ndimage  # noqa: F401
    import skimage.metrics  # noqa: F401

    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    _send_at_once()
    background = asyncio.create_task(_prepare())
    yield
    background.cancel()


async def _prepare() -> None:
    """Get ready behind the first page's back: whoever waits for that page goes first."""
    # Streamlit needs it for the first viewer; the browser is busy with its own loading till then.
    await asyncio.to_thread(importlib.import_module, "pandas")
    if library(SAMPLE).pairs():
        await asyncio.sleep(HEAD_START_SECONDS)
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    await asyncio.to_thread(_import_heavy)


class Visitor:
    """Give each new browser a workspace of its own, and every answer the security policy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        known = workspace_of(HTTPConnection(scope).cookies.get(COOKIE))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                if not known and headers.get("content-type", "").startswith("text/html"):
                    headers.append(
                        "Set-Cookie",
                        f"{COOKIE}={new_cookie()}; Path=/; Max-Age=31536000; HttpOnly; "
                        "SameSite=Lax",
                    )
            await send(message)

        await self.app(scope, receive, send_with_headers)


MIDDLEWARE = [Middleware(Visitor)]
