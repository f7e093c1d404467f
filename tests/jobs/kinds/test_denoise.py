"""Result a scan: what is computed, in which order, and how it ends."""

import errno
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import until

from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.denoising.filters import FILTERS
from ctdenoise.jobs import executor, leases, parking, queue, worker
from ctdenoise.jobs.kind import GaveWay, Running
from ctdenoise.jobs.kinds import denoise
from ctdenoise.scans.scan import Scan
from ctdenoise.settings import settings
from ctdenoise.workspace import results
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.denoisers import ClassicalFilter, DenoiserChoice, ShippedNetwork
from ctdenoise.workspace.library import Library, library_of
from ctdenoise.workspace.results import Result, Source

METHOD = ClassicalFilter(name="gaussian", strength=1)
BILATERAL = ClassicalFilter(name="bilateral", strength=50)
VALUES = np.random.default_rng(0).normal(40, 30, (6, 32, 48)).astype(np.float32)


class Held(executor.Executor):
    """Keeps what is dispatched until :func:`do` does it."""

    def dispatch(self, job: Job) -> None:
        pass


@pytest.fixture(autouse=True)
def held(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_executor", Held)
    monkeypatch.setattr(worker, "_worker", lambda: "here")


def do() -> None:
    """What the next call of a worker does."""
    worker.serve("batch")


def stands(result: Result) -> str:
    assert result.job
    return result.job.state


def told(result: Result) -> str:
    assert result.job
    return result.job.message


@pytest.fixture
def source(home: Path) -> Source:
    scan = Scan("chest", VALUES, (0.7, 0.7), np.arange(6.0), np.zeros((6, 3)))
    record = Library(settings().workspaces / "ann").add_scan(scan, [])
    return Source(owner="ann", kind="scan", id=record.id)


def start(source: Source, workspace: str = "ann", method: DenoiserChoice = METHOD) -> Result:
    if workspace != source.owner:  # has the same scan, since nobody denoises another's
        shutil.copytree(
            library_of(source.owner).root, library_of(workspace).root, dirs_exist_ok=True
        )
        source = source.model_copy(update={"owner": workspace})
    return denoise.start(workspace, source, method)


def test_every_slice_is_denoised_from_the_middle_outwards(source: Source) -> None:
    result = start(source)
    assert stands(result) == "queued"
    assert denoise.seconds_left(result) is None
    do()
    assert stands(result) == "finished"
    assert list(result.figures) == [3, 4, 2, 5, 1, 0]
    for index, image in enumerate(VALUES):
        np.testing.assert_array_equal(result.output(index), FILTERS["gaussian"].apply(image, 1))
    assert denoise.seconds_left(result) == 0
    noise = result.figures[0].removal.noise
    assert noise[0] > 2 * noise[2]


def test_the_slice_in_view_comes_first(source: Source) -> None:
    result = start(source)
    queue.look_at(result.record.id, 0)
    do()
    assert list(result.figures) == [0, 3, 4, 2, 5, 1]


def stopped_after(result: Result, slices: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a stop wanted, and heard, when so many slices are finished."""
    keep, make = Result.keep, worker._running
    running: list[Running[Any]] = []

    def made(*given: Any) -> Running[Any]:
        running.append(make(*given))
        return running[-1]

    def keep_and_stop(self: Result, *given: Any) -> None:
        keep(self, *given)
        if len(self.figures) == slices:
            queue.stop(self.record.id)
            until(lambda: running[-1].stop_wanted)

    monkeypatch.setattr(worker, "_running", made)
    monkeypatch.setattr(Result, "keep", keep_and_stop)


def test_it_stops_when_asked_and_goes_on_where_it_stopped(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = start(source)
    with monkeypatch.context() as patch:
        stopped_after(result, 2, patch)
        do()
    first = dict(result.figures)
    assert len(first) in (2, 3)  # one may have been under way
    assert told(result) == f"Stopped after {len(first)} of 6 slices."
    denoise.go_on(result)
    assert stands(result) == "queued"
    do()
    assert stands(result) == "finished"
    assert list(result.figures) == [3, 4, 2, 5, 1, 0]
    assert all(result.figures[index] == each for index, each in first.items())


def test_one_whose_worker_is_gone_goes_on(source: Source) -> None:
    result = start(source)
    assert leases.take(result.record.id, "a worker that is gone")
    leases.release("a worker that is gone")
    assert stands(result) == "queued"
    do()
    assert stands(result) == "finished"


def test_a_full_disk_is_told_and_what_was_finished_stays(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Result.keep

    def full(self: Result, image: Any, figures: Any) -> None:
        if len(self.figures) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(self, image, figures)

    monkeypatch.setattr(Result, "keep", full)
    result = start(source)
    do()
    assert stands(result) == "failed" and "the disk is full" in told(result)
    assert list(result.figures) == [3, 4]


def test_it_goes_on_after_a_line_that_the_full_disk_cut_short(source: Source) -> None:
    result = start(source)
    do()
    lines = result.folder / "slices.jsonl"
    lines.write_bytes(lines.read_bytes()[:-30])
    denoise.go_on(result)
    do()
    assert stands(result) == "finished"
    assert list(result.figures) == [3, 4, 2, 5, 1, 0]


def test_a_scan_that_was_removed_is_told(source: Source) -> None:
    result = start(source)
    Library(settings().workspaces / "ann").remove(source.id)
    do()
    assert told(result).startswith("This scan is not in the workspace")


def test_what_goes_wrong_is_told_in_a_sentence(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> None:
        raise RuntimeError("boom")

    result = start(source)
    monkeypatch.setattr(denoise, "ready", broken)
    do()
    assert "The denoising failed unexpectedly (RuntimeError: boom)" in told(result)


def test_one_that_is_removed_meanwhile_ends_quietly(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = start(source)
    keep = Result.keep

    def keep_and_remove(self: Result, *given: Any) -> None:
        keep(self, *given)
        self.remove()

    monkeypatch.setattr(Result, "keep", keep_and_remove)
    do()
    assert not result.folder.exists()
    assert result.record.id not in {each.record.id for each in results.every("ann")}


def test_it_gives_way_to_others_that_wait(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Running, "turn_is_over", lambda job: bool(queue.waiting("batch")))
    first = start(source, "zoe")
    second = start(source, "yan")
    job = leases.take(first.record.id, "here")
    assert job and worker.execute(job) is GaveWay
    assert list(first.figures) in ([3], [3, 4])  # one more may have been under way
    assert [each.id for each in queue.waiting("batch")] == [second.record.id, first.record.id]
    do()
    do()
    assert stands(first) == stands(second) == "finished"


def test_it_is_the_same_however_often_it_gives_way(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Any] = []
    ready = denoise.ready
    monkeypatch.setattr(denoise, "ready", lambda *given: loaded.append(given) or ready(*given))
    alone = start(source)
    do()
    monkeypatch.setattr(Running, "turn_is_over", lambda job: bool(queue.waiting("batch")))
    shared = [start(source, person) for person in ("zoe", "yan")]
    assert [each.job.expected for each in shared if each.job] == [None, None]  # of a filter
    for _ in shared:
        do()
    for each in shared:
        assert stands(each) == "finished"
        np.testing.assert_array_equal(each.outputs, alone.outputs)
    assert len(loaded) == 3  # kept in memory from turn to turn


def test_what_is_left_is_told_to_those_who_wait(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Running, "turn_is_over", lambda job: True)
    result = start(source, method=ShippedNetwork(name="recommended"))
    assert result.job and result.job.first and result.job.expected
    assert result.job.expected == pytest.approx(6 * result.job.first)
    held = leases.take(result.record.id, "here")
    assert held and worker.execute(held) is GaveWay
    job = queue.job(result.record.id)
    assert job.first == 0 and job.left == pytest.approx(denoise.seconds_left(result), rel=0.5)
    queue.stop(job.id)
    denoise.go_on(result)
    again = queue.job(job.id)
    assert (again.first, again.left) == (0, denoise.seconds_left(result))


def test_a_network_that_is_loaded_anew_is_as_exact_as_it_was(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number format was chosen by the slices that were denoised first."""
    seen: list[list[np.ndarray]] = []
    settle = Denoiser.settle
    monkeypatch.setattr(
        Denoiser,
        "settle",
        lambda denoiser, slices: seen.append(list(slices)) or settle(denoiser, []),
    )
    monkeypatch.setattr(Running, "turn_is_over", lambda job: len(seen) == 1)
    result = start(source, method=ShippedNetwork(name="recommended"))
    held = leases.take(result.record.id, "here")
    assert held and worker.execute(held) is GaveWay
    order = list(result.figures)
    parking.clear()
    do()
    assert stands(result) == "finished" and seen[0] == []
    np.testing.assert_array_equal(seen[1], VALUES[order])
