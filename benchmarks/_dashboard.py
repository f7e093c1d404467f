"""The dashboard as its own process in a home of its own, for the benchmarks that use it."""

import http.cookies
import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))
from serving import Server, launch, server  # noqa: E402

__all__ = ["BARE", "ROOT", "Dashboard", "launch", "new_visitor", "served", "server", "start_run"]

BARE = ROOT / "benchmarks" / "_bare.py"
"""The app whose pages are the yardstick."""


@dataclass(frozen=True)
class Dashboard:
    """A served dashboard with one visitor, who owns ``workspace``."""

    server: Server
    home: Path
    cookie: str
    workspace: str


@contextmanager
def served() -> Iterator[Dashboard]:
    """Serve the dashboard from a home with nothing but the sample, its engine warm."""
    with tempfile.TemporaryDirectory(prefix="ctdenoise-") as home:
        os.environ["CTDENOISE_HOME"] = home  # read by this process too, for its runs and engine
        from ctdenoise.jobs.executor import executor
        from ctdenoise.settings import settings
        from ctdenoise.workspace.sample import ensure_sample

        ensure_sample(settings().workspaces)
        executor().recover()
        assert executor().ready(120), "the engine did not start"
        limits = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"}
        try:
            with server(ROOT / "app.py", limits) as running:
                yield Dashboard(running, Path(home), *new_visitor(running.address))
        finally:
            executor().shutdown()


def new_visitor(address: str) -> tuple[str, str]:
    """The cookie that a new visitor gets, and the workspace that it opens."""
    from ctdenoise.ui.visitors import device_of

    with urllib.request.urlopen(address, timeout=10) as answer:
        jar = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])
    ((name, morsel),) = jar.items()
    return f"{name}={morsel.value}", str(device_of(morsel.value))


def start_run(workspace: str, **settings: object) -> str:
    """Queue a recommended run on the sample for a visitor; its id."""
    from ctdenoise.config.presets import PRESETS
    from ctdenoise.jobs.kinds.train import launch
    from ctdenoise.workspace.sample import IDS, WORKSPACE

    config = PRESETS["recommended"].model_copy(update=settings)
    return launch(workspace, "Benchmark", config, [(WORKSPACE, id) for id in IDS]).id
