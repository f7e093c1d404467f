"""The dashboard as its own process in a home of its own, for the benchmarks that use it."""

import http.cookies
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Server:
    """A served dashboard; ``cookie`` is that of one visitor and names ``workspace``."""

    url: str
    process: subprocess.Popen[bytes]
    started: float
    """``time.perf_counter()`` when the process was started."""
    cookie: str = ""
    workspace: str = ""


@contextmanager
def served(*, wait: bool = True) -> Iterator[Server]:
    """Serve the dashboard from an empty home until the block ends, its engine included."""
    with tempfile.TemporaryDirectory(prefix="ctdenoise-") as home:
        os.environ["CTDENOISE_HOME"] = home  # read by this process too, for its runs and engine
        from ctdenoise.runs.engine import engine
        from ctdenoise.runs.jobs import prepare_sample

        if wait:
            engine().ask(prepare_sample).result(120)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        started = time.perf_counter()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py"),
                *("--server.port", str(port), "--server.address", "127.0.0.1"),
            ],
            cwd=ROOT,
            env=os.environ | {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server = Server(f"http://127.0.0.1:{port}", process, started)
        try:
            _greet(server)
            yield server
        finally:
            process.terminate()
            process.wait(10)
            engine().shutdown()


def _greet(server: Server) -> None:
    """Wait until the server answers and take the cookie of a new visitor."""
    while True:
        try:
            with urllib.request.urlopen(server.url, timeout=5) as answer:
                jar = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])
            break
        except OSError:
            if time.perf_counter() - server.started > 60:
                raise
            time.sleep(0.02)
    (name, morsel), *_ = jar.items()
    server.cookie, server.workspace = f"{name}={morsel.value}", morsel.value


def start_run(server: Server, **settings: object) -> str:
    """Queue a run on the sample for the visitor of ``server.cookie``; its id."""
    from ctdenoise.runs.engine import engine
    from ctdenoise.runs.store import store
    from ctdenoise.scans.library import Library
    from ctdenoise.settings import settings as places
    from ctdenoise.training.config import PRESETS

    config = PRESETS["recommended"].model_copy(update=settings)
    pairs = [("sample", record.id) for record in Library(places().workspaces / "sample").pairs()]
    run = store().create_run(server.workspace, "Benchmark", config, pairs)
    engine().launch(run.id)
    return run.id
