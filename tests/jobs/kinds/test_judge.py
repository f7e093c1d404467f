"""The mean figures of many slices, against numbers taken by hand."""

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio

from ctdenoise.config.shipped import shipped
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, parking, queue, worker
from ctdenoise.jobs.kind import Running, Stopped
from ctdenoise.jobs.kinds import judge as module
from ctdenoise.jobs.kinds.denoise import DenoiseSlice
from ctdenoise.jobs.kinds.judge import JUDGE, Judge
from ctdenoise.metrics.metric import METRICS, Metric
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.units import Pixels
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.denoisers import ClassicalFilter, ShippedNetwork
from ctdenoise.workspace.library import Library

SLICES, ROWS = (0, 2, 3), (8, 40)
GAUSSIAN = ClassicalFilter(name="gaussian", strength=1.4)
NETWORK = ShippedNetwork(name=next(iter(shipped())))


@pytest.fixture(autouse=True)
def here(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_worker", lambda: "here")


@pytest.fixture
def pair() -> tuple[str, Pair]:
    numbers = np.random.default_rng(3)
    full = numbers.normal(40, 30, (4, 64, 64)).astype(np.float32)
    low = full + numbers.normal(0, [[[10]], [[20]], [[40]], [[80]]], full.shape)
    made = Pair("x", low[None].astype(np.float32), full, (0.7, 0.7), np.arange(4.0))
    return Library(settings().workspaces / "ann").add_pair(made).id, made


def judged(id: str, *methods: module.Method) -> list[dict[str, float | None]]:
    asked = Judge(owner="ann", pair=id, slices=SLICES, rows=ROWS, methods=methods, level=40,
                  width=400)  # fmt: skip
    job = queue.add(JUDGE, asked, "bob", subject=queue.digest(asked)).id
    worker.serve("batch")
    found: list[dict[str, float | None]] = queue.job(job).result
    return found


def expected(images: np.ndarray, full: np.ndarray) -> dict[str, float]:
    """RMSE and PSNR by hand, of HU as people see them, the mean of each slice's."""
    errors, ratios = [], []
    for index in SLICES:
        one, other = (np.rint(each[index])[slice(*ROWS)].astype(float) for each in (images, full))
        errors.append(np.sqrt(np.mean((one - other) ** 2)))
        one, other = (each.clip(-160, 240) for each in (one, other))
        ratios.append(peak_signal_noise_ratio(other, one, data_range=400))
    return {"rmse": float(np.mean(errors)), "psnr": float(np.mean(ratios))}


def test_it_is_the_mean_of_every_slices_own_figures(
    home: object, pair: tuple[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    id, made = pair

    def halfway(asked: DenoiseSlice) -> Pixels:
        assert (asked.method, asked.owner, asked.pair) == (NETWORK, "ann", id)
        both = made.low[0, asked.index] + made.full[asked.index]
        return np.rint(both / 2).astype(np.int16)

    monkeypatch.setattr(module, "denoised_slice", halfway)
    low, gaussian, network, full = judged(id, None, GAUSSIAN, NETWORK)
    smooth = np.stack([gaussian_filter(each, 1.4) for each in made.low[0].astype(float)])
    for found, images in (
        (low, made.low[0]),
        (gaussian, smooth),
        (network, (made.low[0] + made.full) / 2),
    ):
        for name, value in expected(images, made.full).items():
            assert found[name] == pytest.approx(value, rel=2e-3)
    assert full == {}  # nothing tells of it without a reference


def test_a_new_metric_is_in_it(home: object, pair: tuple[str, Pair]) -> None:
    top = Metric("top", "Top", lambda image: float(image.max()))
    with METRICS.added(top):
        low, full = judged(pair[0], None)
    band = pair[1].full[list(SLICES), slice(*ROWS)]
    assert full == {"top": pytest.approx(np.rint(band.max((1, 2))).mean())}
    assert low["top"] and full["top"] and low["top"] > full["top"]


def test_it_stops_between_two_slices(home: object, pair: tuple[str, Pair]) -> None:
    asked = Judge(owner="ann", pair=pair[0], slices=SLICES, rows=ROWS, methods=(None,), level=40,
                  width=400)  # fmt: skip
    job = queue.add(JUDGE, asked, "ann")
    running = Running(job, asked, stop_wanted=True)
    with pytest.raises(Stopped):
        JUDGE.run(running)
    assert running.message == "Slice 1 of 3"


@pytest.mark.parametrize("lost", [False, True])
def test_two_people_take_turns_and_see_the_same(
    home: object, pair: tuple[str, Pair], monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """And where the figures are lost from memory each time, it gets further all the same."""
    alone = judged(pair[0], None, GAUSSIAN)
    turns: list[tuple[str, str]] = []
    execute, through = worker.execute, module._through

    def listed(job: Job) -> object:
        turns.append((job.workspace, ""))
        if lost:
            parking.clear()
        return execute(job)

    def watched(method: module.Method, pair: Pair, asked: Judge, index: int) -> Pixels:
        turns[-1] = (turns[-1][0], turns[-1][1] + str(index) * (method is None))
        return through(method, pair, asked, index)

    monkeypatch.setattr(worker, "execute", listed)
    monkeypatch.setattr(module, "_through", watched)
    monkeypatch.setattr(Running, "turn_is_over", lambda job: bool(queue.waiting("batch")))
    gives_way = leases.give_way

    def alike(*given: Any, **more: Any) -> bool:
        """All turns take a second."""
        return gives_way(*given, **more | {"seconds": 1.0})

    monkeypatch.setattr(leases, "give_way", alike)
    monkeypatch.setattr(worker, "_tell_and_hear", lambda *given: None)
    asked = Judge(owner="ann", pair=pair[0], slices=SLICES, rows=ROWS, methods=(None, GAUSSIAN),
                  level=40, width=400)  # fmt: skip
    jobs = [queue.add(JUDGE, asked, person, subject=person).id for person in ("bob", "cat")]
    for _ in jobs:
        worker.serve("batch")
    assert [queue.job(id).result for id in jobs] == [alone, alone]
    parts = ("0", "02", "023") if lost else ("0", "2", "3")
    assert {who for who, _ in turns[:2]} == {"bob", "cat"}
    for person in ("bob", "cat"):
        assert tuple(part for who, part in turns if who == person) == parts


def test_a_pair_that_is_gone_is_told(home: object) -> None:
    asked = Judge(owner="ann", pair="0123456789ab", slices=(0,), rows=(0, 1), methods=(None,),
                  level=40, width=400)  # fmt: skip
    id = queue.add(JUDGE, asked, "ann").id
    worker.serve("batch")
    assert "is not in the workspace" in queue.job(id).message
    with pytest.raises(Problem):
        JUDGE.run(Running(queue.job(id), asked))
