"""Pages without a browser: a home with a small pair in it, and work done on the spot."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from apptest import WORKSPACE, OnTheSpot
from phantoms import disc_phantom

from ctdenoise.config.config import Config
from ctdenoise.jobs import executor, leases, queue
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.training.trainer import train
from ctdenoise.ui import pictures
from ctdenoise.ui.components import dropzone, sharing
from ctdenoise.ui.train import link
from ctdenoise.workspace import limits
from ctdenoise.workspace.database import database
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.runs import Run, create_run, find_run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    monkeypatch.setattr(sharing, "FRESH_SECONDS", 1e-6)
    monkeypatch.setattr(sharing, "RECENT_SECONDS", 1e-6)
    for cached in (settings, database, pictures._load):
        cached.cache_clear()
    limits.forget()
    yield tmp_path
    for cached in (settings, database, pictures._load):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that keeps its cookie, which an AppTest has not, and has not been here before."""
    link._last.clear()
    monkeypatch.setattr("ctdenoise.ui.session.workspace_of", lambda cookie: WORKSPACE)


@pytest.fixture(autouse=True)
def quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured: every run would take 75 s."""
    monkeypatch.setattr("ctdenoise.training.estimate.estimate_seconds", lambda config: 75.0)


@pytest.fixture(autouse=True)
def place_to_drop_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no browser: what one says of an upload stands in the session, see apptest.say."""
    monkeypatch.setattr(dropzone, "_component", lambda key, **_: st.session_state.get(key) or {})


@pytest.fixture
def on_the_spot(monkeypatch: pytest.MonkeyPatch) -> OnTheSpot:
    stand_in = OnTheSpot()
    monkeypatch.setattr(executor, "_executor", lambda: stand_in)
    return stand_in


@pytest.fixture
def mine(home: Path) -> Library:
    return Library(settings().workspaces / WORKSPACE)


@pytest.fixture
def pair(mine: Library) -> PairRecord:
    """Six slices of a phantom, with noise of 40 HU at low dose."""
    full = disc_phantom(64, slices=6)
    noise = np.random.default_rng(0).normal(0, 40, (2, *full.shape))
    low = (full + noise).astype(np.float32)
    made = Pair("Phantom", low, full, (0.7, 0.7), np.arange(6.0), dose_fraction=0.25)
    return mine.add_pair(made, matched="Made for a test.")


@pytest.fixture
def trained(pair: PairRecord, mine: Library) -> Run:
    """A finished run of two short epochs on ``pair``."""
    config = Config(layers=2, filters=4, epochs=2, steps_per_epoch=3, validation_patches=4)
    run = create_run(WORKSPACE, "First run", config, [(WORKSPACE, pair.id)])
    queue.add(TRAIN, Train(), WORKSPACE, id=run.id)
    job = leases.take(run.id, "test")
    assert job
    ended = train(config, [mine.pair(pair.id)], run.folder)
    leases.end(job, "finished", 1.0, ended.sentence)
    return find_run(run.id)
