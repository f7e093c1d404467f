"""A home of its own for every module, and a real engine in it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import DaskExecutor
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.workspace.database import database
from ctdenoise.workspace.library import Library


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    patch.setenv("CTDENOISE_HOME", str(folder))
    patch.delenv("CTDENOISE_DATABASE", raising=False)
    patch.delenv("CTDENOISE_ENGINE", raising=False)
    for cached in (settings, database):
        cached.cache_clear()
    yield folder
    patch.undo()
    for cached in (settings, database):
        cached.cache_clear()


@pytest.fixture(scope="module")
def pair_id(home: Path) -> str:
    """A tiny pair in the workspace "ann"."""
    full = np.zeros((3, 64, 64), np.float32)
    low = np.random.default_rng(0).normal(0, 30, (1, 3, 64, 64)).astype(np.float32)
    pair = Pair("tiny", low, full, (1.0, 1.0), np.arange(3.0))
    return Library(settings().workspaces / "ann").add_pair(pair).id


@pytest.fixture(scope="module")
def stand_in() -> Iterator[None]:
    """Processes started from here on train by the stand-in."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "jobs" / "standin"))
    yield
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
