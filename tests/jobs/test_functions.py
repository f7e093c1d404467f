"""The jobs in this process, with stand-ins for the rooms below them."""

import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from shipping import ships

from ctdenoise.config import run_folder as epochs
from ctdenoise.config import shipped
from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import functions as jobs
from ctdenoise.scans.scan import Facts, Pair, Scan
from ctdenoise.settings import settings
from ctdenoise.workspace.denoisers import RunNetwork, ShippedNetwork
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Run, Store


@pytest.fixture
def run(runs: Store, pair_id: str) -> Run:
    run = runs.create_run("ann", "x", Config(), [("ann", pair_id)])
    run.folder.mkdir(parents=True)
    return run


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every network that was loaded; each adds how many there are to the image."""
    loaded: list[Path] = []

    class Denoiser:
        unit: ClassVar = "HU"

        @classmethod
        def load(cls, path: Path, *, setting: tuple[float, ...]) -> "Denoiser":
            loaded.append(path)
            return cls()

        def denoise(self, slices: np.ndarray) -> np.ndarray:
            return slices + len(loaded)

    stand_in = types.ModuleType("ctdenoise.denoising.denoiser")
    stand_in.Denoiser = Denoiser  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ctdenoise.denoising.denoiser", stand_in)
    jobs._denoiser.cache_clear()
    yield loaded
    jobs._denoiser.cache_clear()


def keep_epoch(run: Run, epoch: int) -> Path:
    kept = epochs.file(run.folder, epoch)
    kept.parent.mkdir(exist_ok=True)
    kept.touch()
    return kept


def test_a_slice_is_denoised_once_for_each_epoch(
    run: Run, pair_id: str, networks: list[Path]
) -> None:
    kept, third = keep_epoch(run, 3), RunNetwork(run=run.id, epoch=3)
    low = Library(settings().workspaces / "ann").pair(pair_id).low

    first = jobs.denoise_slice(third, "ann", pair_id, 1)
    assert first.dtype == np.int16
    np.testing.assert_allclose(first, low[0, 1] + 1, atol=0.5)
    assert jobs.denoised_file(third, "ann", pair_id, 1).exists()
    jobs.denoise_slice(third, "ann", pair_id, 2)  # the network stays in memory
    np.testing.assert_array_equal(jobs.denoise_slice(third, "ann", pair_id, 1), first)
    assert networks == [kept]

    keep_epoch(run, 4)  # the run goes on: epoch 3 stays what it was
    np.testing.assert_array_equal(jobs.denoise_slice(third, "ann", pair_id, 1), first)
    later = jobs.denoise_slice(RunNetwork(run=run.id, epoch=4), "ann", pair_id, 1)
    np.testing.assert_allclose(later, low[0, 1] + 2, atol=0.5)
    with pytest.raises(Problem, match="did not keep its network of epoch 5"):
        jobs.denoise_slice(RunNetwork(run=run.id, epoch=5), "ann", pair_id, 1)


def test_a_slice_in_its_own_unit_keeps_its_numbers(
    runs: Store, networks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(1, 64, 64)
    values[0, 0, 0] = 50_000
    pair = Pair("MR", values[None], values, None, np.arange(1.0), unit="")
    pair_id = Library(settings().workspaces / "ann").add_pair(pair).id
    run = runs.create_run("ann", "x", Config(), [("ann", pair_id)])
    run.folder.mkdir(parents=True)
    keep_epoch(run, 1)
    monkeypatch.setattr(sys.modules["ctdenoise.denoising.denoiser"].Denoiser, "unit", "")
    for _ in range(2):  # computed, then kept
        image = jobs.denoise_slice(RunNetwork(run=run.id, epoch=1), "ann", pair_id, 0)
        assert image.dtype == np.float32
        np.testing.assert_array_equal(image, values[0] + np.float32(1))


def test_a_slice_through_a_network_that_ships_goes_with_its_pair(
    runs: Store, networks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships(tmp_path, monkeypatch, "article")
    mine = Library(settings().workspaces / "ann")
    values = np.zeros((1, 64, 64), np.float32)
    pair_id = mine.add_pair(Pair("own", values[None], values, None, np.arange(1.0))).id
    article = ShippedNetwork(name="article")
    assert (jobs.denoise_slice(article, "ann", pair_id, 0) == 1).all()
    kept = jobs.denoised_file(article, "ann", pair_id, 0)
    assert kept.exists() and shipped.shipped()["article"].edition in kept.parts
    np.save(kept, values[0] + 7)
    assert (jobs.denoise_slice(article, "ann", pair_id, 0) == 7).all()
    mine.remove(pair_id)
    assert not kept.exists()
    with pytest.raises(Problem, match="is not in the workspace"):
        jobs.denoise_slice(article, "ann", pair_id, 0)


@pytest.fixture
def add_scan(home: Path) -> Callable[..., str]:
    def add(unit: str = "HU", spacing: tuple[float, float] | None = (0.8, 0.8)) -> str:
        rows, columns = np.mgrid[-32:32, -32:32]
        disc = np.where(rows**2 + columns**2 < 24**2, 0, -1000).astype(np.float32)
        values = np.stack([disc, disc, disc + 40])
        scan = Scan("my scan", values, spacing, np.arange(3.0), np.zeros((3, 3)), unit=unit,
                    facts=Facts(patient="p1"))  # fmt: skip
        return Library(settings().workspaces / "ann").add_scan(scan, []).id

    return add


PHYSICS = (3e5, 10.0, 0.4)


def test_a_twin_is_a_pair_that_begins_like_its_preview(
    add_scan: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan_id, told = add_scan(), []
    progress_file = tmp_path / "deep" / "progress.json"
    from ctdenoise.dose import insertion

    original = insertion.insert_noise

    def watched(*given: object, progress: Callable[[float, str], None], **named: object) -> object:
        told.append(jobs.progress(str(progress_file)))
        result = original(*given, progress=progress, **named)
        progress(1.0, "Nearly there")
        told.append(jobs.progress(str(progress_file)))
        return result

    monkeypatch.setattr(insertion, "insert_noise", watched)
    assert jobs.progress(str(progress_file)) == (0.0, "")
    (made,) = jobs.make_twins("ann", scan_id, [0.25], *PHYSICS, 2, 7, str(progress_file))
    assert told == [(0.0, "Starting"), (1.0, "Nearly there")]
    assert not progress_file.exists()
    monkeypatch.undo()

    library = Library(settings().workspaces / "ann")
    record, pair = library.pair_record(made), library.pair(made)
    assert (record.draws, record.dose_fraction, record.simulated) == (2, 0.25, True)
    assert (record.patient, record.full_scan) == ("p1", scan_id)
    assert record.matched == "Simulated at 25% of the dose, 2 noise draws of every slice, seed 7."
    np.testing.assert_array_equal(pair.full, library.scan(scan_id).values)
    assert not np.array_equal(pair.low[0], pair.low[1])
    preview = jobs.preview_low_dose("ann", scan_id, 2, 0.25, *PHYSICS, seed=7)
    np.testing.assert_allclose(preview, pair.low[0, 2], atol=0.51)


def test_two_jobs_with_one_progress_file_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "progress.json"
    replace = os.replace
    with jobs.telling(file) as one, jobs.telling(file) as other:

        def meanwhile(*given: Path) -> None:
            monkeypatch.setattr(os, "replace", replace)
            other(1.0, "the other's")
            replace(*given)

        monkeypatch.setattr(os, "replace", meanwhile)
        one(1.0, "one's")
        assert jobs.progress(str(file)) == (1.0, "one's")
    assert not list(tmp_path.iterdir())


def test_a_progress_file_does_not_outlive_a_failure(home: Path, tmp_path: Path) -> None:
    scan = "0123456789ab"
    with pytest.raises(Problem):
        jobs.make_twins("ann", scan, [0.25], *PHYSICS, 1, 0, str(tmp_path / "p.json"))
    assert not list(tmp_path.iterdir())


def test_no_pair_is_made_when_one_dose_makes_no_sense(
    add_scan: Callable[..., str], tmp_path: Path
) -> None:
    scan_id = add_scan()
    with pytest.raises(Problem, match="The dose fraction is 0"):
        jobs.make_twins("ann", scan_id, [0.25, 0.0], *PHYSICS, 1, 0, str(tmp_path / "p.json"))
    pairs = Library(settings().workspaces / "ann").pairs()
    assert scan_id not in [pair.full_scan for pair in pairs]


@pytest.mark.parametrize(("unit", "spacing", "lacks"), [
    ("", (1.0, 1.0), "has no Hounsfield units"), ("HU", None, "has no pixel spacing"),
])  # fmt: skip
def test_no_ct_no_dose(
    add_scan: Callable[..., str], unit: str, spacing: tuple[float, float] | None, lacks: str
) -> None:
    with pytest.raises(Problem, match=f"my scan {lacks}"):
        jobs.preview_low_dose("ann", add_scan(unit, spacing), 0, 0.25, *PHYSICS)
