"""Single slices through a network, for whoever compares; with stand-ins for the networks."""

import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from shipping import ships

from ctdenoise.config import run_folder, shipped
from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import queue, worker
from ctdenoise.jobs.kinds import denoise
from ctdenoise.jobs.kinds.denoise import DENOISE_SLICE, DenoiseSlice, denoised_file
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.workspace.denoisers import RunNetwork, ShippedNetwork
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Run, create_run


@pytest.fixture(autouse=True)
def here(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_worker", lambda: "here")


@pytest.fixture
def run(pair_id: str) -> Run:
    return create_run("ann", "x", Config(), [("ann", pair_id)])


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Every network that was loaded; each adds how many there are to the image."""
    loaded: list[Path] = []

    class Denoiser:
        unit: ClassVar = "HU"

        @classmethod
        def load(cls, path: Path, *, setting: tuple[float, ...]) -> "Denoiser":
            loaded.append(path)
            return cls()

        def settle(self, seen: Iterable[np.ndarray]) -> None:
            pass

        def denoise(self, slices: np.ndarray) -> np.ndarray:
            return slices + len(loaded)

    stand_in = types.ModuleType("ctdenoise.denoising.denoiser")
    stand_in.Denoiser = Denoiser  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ctdenoise.denoising.denoiser", stand_in)
    denoise._denoiser.cache_clear()
    yield loaded
    denoise._denoiser.cache_clear()


def asked(method: RunNetwork | ShippedNetwork, pair: str, index: int) -> DenoiseSlice:
    return DenoiseSlice(method=method, owner="ann", pair=pair, index=index)


def denoised(method: RunNetwork | ShippedNetwork, pair: str, index: int) -> Any:
    return worker.answer(queue.add(DENOISE_SLICE, asked(method, pair, index), "ann").id)


def keep_epoch(run: Run, epoch: int) -> Path:
    kept = run_folder.file(run.folder, epoch)
    kept.parent.mkdir(exist_ok=True)
    kept.touch()
    return kept


def test_a_slice_is_denoised_once_for_each_epoch(
    run: Run, pair_id: str, networks: list[Path]
) -> None:
    kept, third = keep_epoch(run, 3), RunNetwork(run=run.id, epoch=3)
    low = Library(settings().workspaces / "ann").pair(pair_id).low

    first = denoised(third, pair_id, 1)
    assert first.dtype == np.int16
    np.testing.assert_allclose(first, low[0, 1] + 1, atol=0.5)
    assert denoised_file(asked(third, pair_id, 1)).exists()
    denoised(third, pair_id, 2)  # the network stays in memory
    np.testing.assert_array_equal(denoised(third, pair_id, 1), first)
    assert networks == [kept]

    keep_epoch(run, 4)  # the run goes on: epoch 3 stays what it was
    np.testing.assert_array_equal(denoised(third, pair_id, 1), first)
    later = denoised(RunNetwork(run=run.id, epoch=4), pair_id, 1)
    np.testing.assert_allclose(later, low[0, 1] + 2, atol=0.5)
    with pytest.raises(Problem, match="did not keep its network of epoch 5"):
        denoised(RunNetwork(run=run.id, epoch=5), pair_id, 1)


def test_kept_slices_are_bounded_and_the_oldest_go(
    run: Run, pair_id: str, networks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    method = RunNetwork(run=run.id, epoch=3)
    keep_epoch(run, 3)
    denoised(method, pair_id, 0)
    one = denoised_file(asked(method, pair_id, 0)).stat().st_size
    monkeypatch.setattr("ctdenoise.jobs.kinds.denoise.KEPT_BYTES", 2 * one)
    for dial in range(6):
        turned = method.model_copy(update={"dial": (dial / 20,)})
        denoised(turned, pair_id, 1)
        cache = run.folder / "compared"
        assert sum(file.stat().st_size for file in cache.rglob("*.npy")) <= 2 * one
        assert denoised_file(asked(turned, pair_id, 1)).exists()


def test_a_slice_in_its_own_unit_keeps_its_numbers(
    home: Path, networks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(1, 64, 64)
    values[0, 0, 0] = 50_000
    pair = Pair("MR", values[None], values, None, np.arange(1.0), unit="")
    pair_id = Library(settings().workspaces / "ann").add_pair(pair).id
    run = create_run("ann", "x", Config(), [("ann", pair_id)])
    keep_epoch(run, 1)
    monkeypatch.setattr(sys.modules["ctdenoise.denoising.denoiser"].Denoiser, "unit", "")
    for _ in range(2):  # computed, then kept
        image = denoised(RunNetwork(run=run.id, epoch=1), pair_id, 0)
        assert image.dtype == np.float32
        np.testing.assert_array_equal(image, values[0] + np.float32(1))


def test_a_slice_through_a_network_that_ships_goes_with_its_pair(
    home: Path, networks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships(tmp_path, monkeypatch, "article")
    mine = Library(settings().workspaces / "ann")
    values = np.zeros((1, 64, 64), np.float32)
    pair_id = mine.add_pair(Pair("own", values[None], values, None, np.arange(1.0))).id
    article = ShippedNetwork(name="article")
    assert (denoised(article, pair_id, 0) == 1).all()
    kept = denoised_file(asked(article, pair_id, 0))
    assert kept.exists() and shipped.shipped()["article"].edition in kept.parts
    np.save(kept, values[0] + 7)
    assert (denoised(article, pair_id, 0) == 7).all()
    mine.remove(pair_id)
    assert not kept.exists()
    with pytest.raises(Problem, match="is not in the workspace"):
        denoised(article, pair_id, 0)
