"""Where a run's pictures lie, against figures taken by hand."""

import numpy as np
import pytest
from tifffile import imread

from ctdenoise.config import progress_slice
from ctdenoise.config.config import Config
from ctdenoise.jobs import queue, worker
from ctdenoise.jobs.kind import Running
from ctdenoise.jobs.kinds.map import MAP, SIGMAS, Dot, Map, frontier
from ctdenoise.metrics.texture import texture_distance
from ctdenoise.settings import settings
from ctdenoise.training.trainer import train
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Run, create_run


@pytest.fixture
def trained(clean: None, pair_id: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(worker, "_worker", lambda: "here")
    config = Config(layers=2, filters=4, epochs=2, steps_per_epoch=3, validation_patches=4)
    run = create_run("ann", "x", config, [("ann", pair_id)])
    train(config, [Library(settings().workspaces / "ann").pair(pair_id)], run.folder)
    return run


def dots(run_id: str) -> tuple[list[Dot], list[Dot]]:
    id = queue.add(MAP, Map(run=run_id, pictures=3), "ann").id
    worker.serve("interactive")
    own, others = queue.job(id).result
    return [Dot(**each) for each in own], [Dot(**each) for each in others]


def test_every_epoch_has_its_dot_and_the_low_dose_too(trained: Run) -> None:
    own, others = dots(trained.id)
    assert len(own) == trained.config.epochs + 1
    rows = slice(*progress_slice.facts(trained.folder).rows)
    full = imread(trained.folder / progress_slice.FULL)[rows].astype(float)
    last = imread(trained.folder / "progress" / f"epoch_{trained.config.epochs:04d}.tif")[rows]
    assert own[-1].rmse == pytest.approx(np.sqrt(np.mean((last - full) ** 2)))
    assert own[-1].texture == pytest.approx(texture_distance(last, full))
    assert len(others) == 1 + len(SIGMAS)
    low = imread(trained.folder / progress_slice.LOW)[rows]
    assert others[0].rmse == pytest.approx(np.sqrt(np.mean((low - full) ** 2)), abs=0.2)


def test_a_second_look_measures_only_what_is_new(trained: Run, monkeypatch) -> None:
    first = dots(trained.id)
    monkeypatch.setattr(
        "ctdenoise.metrics.texture.texture_distance", lambda *_: pytest.fail("measured again")
    )
    assert dots(trained.id) == first


def test_it_gives_way_between_pictures_and_measures_each_once(
    trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    monkeypatch.setattr(Running, "turn_is_over", lambda job: bool(queue.waiting("interactive")))
    monkeypatch.setattr(
        "ctdenoise.metrics.texture.texture_distance", lambda *_: float(measured.append(1) or 1)
    )
    one, other = (queue.add(MAP, Map(run=trained.id, pictures=3), who).id for who in ("a", "b"))
    worker.serve("interactive")
    worker.serve("interactive")
    assert queue.job(one).result == queue.job(other).result
    assert len(measured) == trained.config.epochs + 1 + 1 + len(SIGMAS)


def test_the_frontier_is_what_no_other_point_beats() -> None:
    points = [(1.0, 9.0), (2.0, 5.0), (2.5, 6.0), (3.0, 5.0), (4.0, 1.0), (5.0, 1.0)]
    assert frontier(points) == [(1.0, 9.0), (2.0, 5.0), (4.0, 1.0)]
