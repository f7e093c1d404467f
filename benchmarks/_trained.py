"""What benchmarks of the loss do with networks: train them, judge them on test slices."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config.config import Config
from ctdenoise.config.split import read
from ctdenoise.dose.calibration import uniform_region
from ctdenoise.metrics.noise import statistics
from ctdenoise.scans.scan import Pair
from ctdenoise.training.trainer import train

REGION = 24
"""Side in pixels of the uniform region that is looked for in each test slice."""

Slices = NDArray[np.float32]


def trained(name: str, config: Config, pairs: list[Pair], folder: Path) -> Path:
    """The run's folder; says how long it took."""
    began = time.perf_counter()
    ended = train(config, pairs, folder / name)
    assert ended.how == "finished", ended.sentence
    print(f"  {name}: {time.perf_counter() - began:.0f} s", flush=True)
    return folder / name


def test_slices(run: Path, pairs: list[Pair]) -> tuple[Slices, Slices]:
    """Low and full dose of the slices that a run kept aside for testing."""
    part = read(run).test[0]
    indices = list(part.slices)
    pair = pairs[part.pair]
    return np.array(pair.low[0, indices]), np.array(pair.full[indices])


def rmse(one: Slices, other: Slices) -> float:
    return float(np.sqrt(np.mean((one.astype(np.float64) - other) ** 2)))


def uniform_sd(slices: Slices, full: Slices) -> float:
    """Mean SD in the most uniform region of each full-dose slice, HU."""
    return float(np.mean([
        statistics(image, uniform_region(like, REGION)).sd
        for image, like in zip(slices, full, strict=True)
    ]))  # fmt: skip
