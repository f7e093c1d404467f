"""A home of its own for every module, and a real engine in it."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from ctdenoise.jobs import kinds, queue
from ctdenoise.jobs.executor import DaskExecutor
from ctdenoise.jobs.kind import KINDS
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.workspace import limits
from ctdenoise.workspace.database import database
from ctdenoise.workspace.library import Library


def forget() -> None:
    """Read the environment and open the database anew when they are next used."""
    for cached in (settings, database):
        cached.cache_clear()
    limits.forget()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    patch.setenv("CTDENOISE_HOME", str(folder))
    patch.delenv("CTDENOISE_DATABASE", raising=False)
    patch.delenv("CTDENOISE_ENGINE", raising=False)
    forget()
    yield folder
    patch.undo()
    forget()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An empty home and database, one of each kind; the database's URL."""
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    monkeypatch.delenv("CTDENOISE_ENGINE", raising=False)
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres")
        monkeypatch.setenv("CTDENOISE_DATABASE", url)
        emptied = create_engine(url.replace("postgresql:", "postgresql+pg8000:"))
        with emptied.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        emptied.dispose()
    else:
        monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    forget()
    yield settings().database
    database().dispose()
    forget()


@pytest.fixture(scope="module")
def pair_id(home: Path) -> str:
    """A tiny pair in the workspace "ann"."""
    full = np.zeros((5, 64, 64), np.float32)
    low = np.random.default_rng(0).normal(0, 30, (1, 5, 64, 64)).astype(np.float32)
    pair = Pair("tiny", low, full, (1.0, 1.0), np.arange(5.0))
    return Library(settings().workspaces / "ann").add_pair(pair).id


@pytest.fixture(scope="module")
def stand_in() -> Iterator[None]:
    """Processes started from here on train by the stand-in and know its kinds of job, as we do."""
    folder = Path(__file__).parents[1] / "jobs" / "standin"
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(folder))
    list(KINDS)
    patch.setattr(kinds, "__path__", [*kinds.__path__, str(folder / "kinds")])
    patch.setattr(KINDS, "_entries", dict(KINDS._entries))
    import_module("ctdenoise.jobs.kinds.nap")
    yield
    sys.modules.pop("ctdenoise.jobs.kinds.nap")
    patch.undo()


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[DaskExecutor]:
    """A real detached engine, ended whatever happens."""
    engine = DaskExecutor()
    try:
        engine.recover()
        assert engine.ready(120), (home / "engine" / "engine.log").read_text()
        yield engine
    finally:
        engine.shutdown()


@pytest.fixture
def clean(home: Path) -> Iterator[None]:
    """Nothing waits when a test is over."""
    yield
    for job in queue.live():
        queue.stop(job.id)
