"""Pages without a browser: a home with a small pair in it, and work done on the spot."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot
from phantoms import disc_phantom

from ctdenoise.config.config import Config
from ctdenoise.jobs import denoise
from ctdenoise.jobs import functions as jobs
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.training.trainer import train
from ctdenoise.ui import dial as dialling
from ctdenoise.ui import features
from ctdenoise.ui import map as mapping
from ctdenoise.ui import pictures as pixels
from ctdenoise.ui import sweep as sweeping
from ctdenoise.ui import watch as monitor
from ctdenoise.ui.compare import adapt as adapting
from ctdenoise.ui.denoise import export as takeaway
from ctdenoise.ui.denoise import networks
from ctdenoise.ui.scans import download as fetching
from ctdenoise.ui.scans import simulate as twin
from ctdenoise.ui.train import estimate as estimating
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.runs import Run, store


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    for cached in (settings, store, pixels._load):
        cached.cache_clear()
    yield tmp_path
    for cached in (settings, store, pixels._load):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured: every run would take 75 s."""
    estimating.forget()
    monkeypatch.setattr(jobs, "measure_run", lambda values: 75.0)


@pytest.fixture
def on_the_spot(monkeypatch: pytest.MonkeyPatch) -> OnTheSpot:
    stand_in = OnTheSpot()
    monkeypatch.setattr("ctdenoise.jobs.executor.engine", lambda: stand_in)
    asking = (adapting, denoise, dialling, estimating, features, fetching, mapping, pixels, monitor,
              sweeping, takeaway, twin, networks)  # fmt: skip
    for module in asking:
        monkeypatch.setattr(module, "engine", lambda: stand_in)
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
    run = store().create_run(WORKSPACE, "First run", config, [(WORKSPACE, pair.id)])
    store().claim("turn-test")
    ended = train(config, [mine.pair(pair.id)], run.folder)
    store().end(run.id, "turn-test", "finished", ended.sentence)
    return store().run(run.id)
