"""The job: what it computes, in which order, and how it ends, with an engine that we hold still."""

import errno
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctdenoise.denoising.filters import FILTERS
from ctdenoise.jobs import denoise
from ctdenoise.jobs.executor import Engine
from ctdenoise.scans.scan import Scan
from ctdenoise.settings import settings
from ctdenoise.workspace import results as denoisings
from ctdenoise.workspace.denoisers import ClassicalFilter, Method
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.results import Denoising, Source

METHOD = ClassicalFilter(name="gaussian", strength=1)
BILATERAL = ClassicalFilter(name="bilateral", strength=50)
VALUES = np.random.default_rng(0).normal(40, 30, (6, 32, 48)).astype(np.float32)


class Held:
    """An engine that keeps what it is asked for until it is told to do it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def ask(
        self, function: Callable[..., None], *arguments: Any, long: bool, about: str, turns: int = 0
    ) -> None:
        assert long and about == arguments[1] and turns == arguments[2]
        self.asked.append((function, *arguments))

    def busy(self, function: Callable[..., None], about: str) -> bool:
        return any(job[0] == function and job[2] == about for job in self.asked)

    def do(self) -> None:
        function, *arguments = self.asked.pop(0)
        function(*arguments)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    engine = Held()
    monkeypatch.setattr(denoise, "engine", lambda: engine)
    monkeypatch.setattr(denoise, "engine_of_worker", lambda: nullcontext(engine))
    monkeypatch.setattr(denoise, "GRACE_SECONDS", 0)
    return engine


@pytest.fixture
def source(home: Path) -> Source:
    scan = Scan("chest", VALUES, (0.7, 0.7), np.arange(6.0), np.zeros((6, 3)))
    record = Library(settings().workspaces / "ann").add_scan(scan, [])
    return Source(owner="ann", kind="scan", id=record.id)


def ordered(source: Source, method: Method = METHOD) -> Denoising:
    return denoise.order("ann", source, method)


def test_every_slice_is_denoised_from_the_middle_outwards(held: Held, source: Source) -> None:
    result = ordered(source)
    assert denoise.standing(result).how == "waiting"
    assert denoise.seconds_left(result) is None
    held.do()
    assert denoise.standing(result).how == "finished"
    assert list(result.figures) == [3, 4, 2, 5, 1, 0]
    for index, image in enumerate(VALUES):
        np.testing.assert_array_equal(result.output(index), FILTERS["gaussian"].apply(image, 1))
    assert denoise.seconds_left(result) == 0
    noise = result.figures[0].removal.noise
    assert noise[0] > 2 * noise[2]


def test_the_slice_in_view_comes_first(held: Held, source: Source) -> None:
    result = ordered(source)
    result.want(0)
    held.do()
    assert list(result.figures) == [0, 3, 4, 2, 5, 1]


def stopped_after(result: Denoising, slices: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a stop asked for when so many slices are finished."""
    keep = Denoising.keep

    def keep_and_stop(self: Denoising, *given: Any) -> None:
        keep(self, *given)
        if len(self.figures) == slices:
            self.ask_stop()

    monkeypatch.setattr(Denoising, "keep", keep_and_stop)


def test_it_stops_when_asked_and_goes_on_where_it_stopped(
    held: Held, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = ordered(source)
    with monkeypatch.context() as patch:
        stopped_after(result, 2, patch)
        held.do()
    first = dict(result.figures)
    assert len(first) in (2, 3)  # one may have been under way
    assert denoise.standing(result).sentence == f"Stopped after {len(first)} of 6 slices."
    denoise.go_on(result)
    assert denoise.standing(result).how == "waiting"
    held.do()
    assert denoise.standing(result).how == "finished"
    assert list(result.figures) == [3, 4, 2, 5, 1, 0]
    assert all(result.figures[index] == each for index, each in first.items())


def test_one_that_nobody_works_on_any_more_was_interrupted(held: Held, source: Source) -> None:
    result = ordered(source)
    result.put("running", "")
    assert denoise.standing(result).how == "running"
    held.asked.clear()  # the engine was switched off
    state = denoise.standing(result)
    assert (state.how, state.live) == ("interrupted", False)
    assert state.sentence == "Was interrupted after 0 of 6 slices."
    denoise.go_on(result)
    held.do()
    assert denoise.standing(result).how == "finished"


def test_a_full_disk_is_told_and_what_was_finished_stays(
    held: Held, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Denoising.keep

    def full(self: Denoising, image: Any, figures: Any) -> None:
        if len(self.figures) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(self, image, figures)

    monkeypatch.setattr(Denoising, "keep", full)
    result = ordered(source)
    held.do()
    state = denoise.standing(result)
    assert state.how == "failed" and "the disk is full" in state.sentence
    assert list(result.figures) == [3, 4]


def test_it_goes_on_after_a_line_that_the_full_disk_cut_short(held: Held, source: Source) -> None:
    result = ordered(source)
    held.do()
    lines = result.folder / "slices.jsonl"
    lines.write_bytes(lines.read_bytes()[:-30])
    result.put("failed", "The disk is full.")
    denoise.go_on(result)
    held.do()
    assert denoise.standing(result).how == "finished"
    assert list(result.figures) == [3, 4, 2, 5, 1, 0]


def test_a_scan_that_was_removed_is_told(held: Held, source: Source) -> None:
    result = ordered(source)
    Library(settings().workspaces / "ann").remove(source.id)
    held.do()
    assert denoise.standing(result).sentence.startswith("This scan is not in the workspace")


def test_what_goes_wrong_is_told_in_a_sentence(
    held: Held, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> None:
        raise RuntimeError("boom")

    result = ordered(source)
    monkeypatch.setattr(denoise, "ready", broken)
    held.do()
    assert "chest could not be denoised (RuntimeError: boom)" in denoise.standing(result).sentence


def test_one_that_is_removed_meanwhile_ends_quietly(
    held: Held, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = ordered(source)
    keep = Denoising.keep

    def keep_and_remove(self: Denoising, *given: Any) -> None:
        keep(self, *given)
        self.remove()

    monkeypatch.setattr(Denoising, "keep", keep_and_remove)
    held.do()
    assert not result.folder.exists()
    assert result.record.id not in {each.record.id for each in denoisings.every("ann")}


def test_it_gives_way_to_others_that_wait(
    held: Held, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denoise, "TURN_SECONDS", -1)  # over before it begins, but for one slice
    monkeypatch.setattr(denoise, "others_wait", lambda: len(held.asked) > 0)
    first, second = ordered(source), ordered(source)
    held.do()
    assert list(first.figures) in ([3], [3, 4])  # one more may have been under way
    assert denoise.standing(first).how == "waiting"
    assert [job[2:] for job in held.asked] == [(second.record.id, 0), (first.record.id, 1)]
    held.do()
    assert list(second.figures) in ([3], [3, 4])
    while held.asked:
        held.do()
    for result in (first, second):
        assert denoise.standing(result).how == "finished"
        assert list(result.figures) == [3, 4, 2, 5, 1, 0]


def test_one_that_gave_way_can_be_stopped(
    held: Held, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denoise, "TURN_SECONDS", -1)
    monkeypatch.setattr(denoise, "others_wait", lambda: True)
    result = ordered(source)
    held.do()
    result.ask_stop()
    told = denoise.standing(result).sentence
    assert told == f"Stopped after {len(result.figures)} of 6 slices."
    held.do()
    assert denoise.standing(result).sentence == told
    assert not held.asked


def test_a_second_person_does_not_wait_for_a_long_series(
    running: Engine, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denoise, "engine", lambda: running)
    slices = 3000
    scan = Scan("long", np.resize(VALUES, (slices, 32, 48)), (0.7, 0.7), np.arange(float(slices)),
                np.zeros((slices, 3)))  # fmt: skip
    long = Library(settings().workspaces / "bob").add_scan(scan, [])
    theirs = denoise.order("bob", Source(owner="bob", kind="scan", id=long.id), BILATERAL)
    end = time.monotonic() + 120
    while not theirs.figures and time.monotonic() < end:
        time.sleep(0.05)
    ours = ordered(source)
    while not ours.figures and time.monotonic() < end:
        time.sleep(0.05)
    assert ours.figures and denoise.standing(theirs).live
    while denoise.standing(ours).live and time.monotonic() < end:
        time.sleep(0.05)
    before = len(theirs.figures)
    while len(theirs.figures) == before and time.monotonic() < end:
        time.sleep(0.05)
    assert len(theirs.figures) > before, "it does not go on"
    theirs.ask_stop()
    while denoise.standing(theirs).live and time.monotonic() < end:
        time.sleep(0.05)
    assert denoise.standing(theirs).how == "stopped"
    clients = running._connected().run_on_scheduler(
        lambda dask_scheduler: set(dask_scheduler.clients)
    )
    assert len(clients - {"fire-and-forget"}) == 1, "an engine with clients does not end"


def test_a_real_engine_does_it_and_knows_of_it(
    running: Engine, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denoise, "engine", lambda: running)
    result = ordered(source, BILATERAL)
    seen, end = False, time.monotonic() + 60
    while denoise.standing(result).live and time.monotonic() < end:
        seen = seen or running.busy(denoise.denoise_scan, result.record.id)
        assert not running.busy(denoise.denoise_scan, "another")
    assert seen
    assert denoise.standing(result).how == "finished"
    assert len(result.figures) == 6
