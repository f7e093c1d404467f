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
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from serving import Server, launch, server  # noqa: E402

__all__ = ["Dashboard", "launch", "served", "start_run"]


@dataclass(frozen=True)
class Dashboard:
    """A served dashboard; ``cookie`` is that of one visitor and names ``workspace``."""

    server: Server
    home: Path
    cookie: str
    workspace: str


@contextmanager
def served() -> Iterator[Dashboard]:
    """Serve the dashboard from a home with nothing but the sample, its engine warm."""
    with tempfile.TemporaryDirectory(prefix="ctdenoise-") as home:
        os.environ["CTDENOISE_HOME"] = home  # read by this process too, for its runs and engine
        from ctdenoise.runs.engine import engine
        from ctdenoise.runs.jobs import prepare_sample
        from ctdenoise.ui.session import workspace_of

        engine().ask(prepare_sample).result(120)
        limits = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"}
        try:
            with server(ROOT / "app.py", limits) as running:
                name, value = _greet(running.address)
                yield Dashboard(running, Path(home), f"{name}={value}", str(workspace_of(value)))
        finally:
            engine().shutdown()


def _greet(address: str) -> tuple[str, str]:
    """The cookie that a new visitor gets."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        jar = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])
    ((name, morsel),) = jar.items()
    return name, morsel.value


def start_run(dashboard: Dashboard, **settings: object) -> str:
    """Queue a recommended run on the sample for the visitor of ``dashboard.cookie``; its id."""
    from ctdenoise.runs.engine import engine
    from ctdenoise.runs.store import store
    from ctdenoise.scans.library import Library
    from ctdenoise.settings import settings as places
    from ctdenoise.training.config import PRESETS

    config = PRESETS["recommended"].model_copy(update=settings)
    pairs = [("sample", record.id) for record in Library(places().workspaces / "sample").pairs()]
    run = store().create_run(dashboard.workspace, "Benchmark", config, pairs)
    engine().launch(run.id)
    return run.id
