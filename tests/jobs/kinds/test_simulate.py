"""Simulated low dose: previews, whole pairs, and what happens when a worker dies on the way."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctdenoise.dose import insertion
from ctdenoise.errors import Problem
from ctdenoise.jobs import executor, leases, queue, worker
from ctdenoise.jobs.kind import Running, Stopped
from ctdenoise.jobs.kinds import simulate
from ctdenoise.jobs.kinds.simulate import (
    CALIBRATE,
    PREVIEW,
    SIMULATE,
    Calibrate,
    Preview,
    Simulate,
)
from ctdenoise.scans.scan import Facts, Scan
from ctdenoise.settings import settings
from ctdenoise.workspace import simulations
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import Library


class Held(executor.Executor):
    """Keeps what is dispatched."""

    def dispatch(self, job: Job) -> None:
        pass


@pytest.fixture(autouse=True)
def here(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_worker", lambda: "here")
    monkeypatch.setattr(executor, "_executor", Held)


def library() -> Library:
    return Library(settings().workspaces / "ann")


@pytest.fixture
def add_scan(home: Path) -> Callable[..., str]:
    def add(unit: str = "HU", spacing: tuple[float, float] | None = (0.8, 0.8)) -> str:
        rows, columns = np.mgrid[-32:32, -32:32]
        disc = np.where(rows**2 + columns**2 < 24**2, 0, -1000).astype(np.float32)
        values = np.stack([disc, disc, disc + 40])
        scan = Scan("my scan", values, spacing, np.arange(3.0), np.zeros((3, 3)), unit=unit,
                    facts=Facts(patient="p1"))  # fmt: skip
        return library().add_scan(scan, []).id

    return add


def simulated(asked: Simulate) -> Job:
    id = queue.add(SIMULATE, asked, "ann", subject=asked.scan).id
    worker.serve("batch")
    return queue.job(id)


def preview(asked: Preview) -> Any:
    return worker.answer(queue.add(PREVIEW, asked, "ann").id)


def test_a_pair_begins_like_its_preview(
    add_scan: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan_id, told = add_scan(), []
    original = insertion.insert_noise

    def watched(*given: object, progress: Callable[[float, str], None], **named: object) -> object:
        def tell(fraction: float, message: str) -> None:
            told.append((fraction, message))
            progress(fraction, message)

        return original(*given, progress=tell, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(insertion, "insert_noise", watched)
        job = simulated(Simulate(scan=scan_id, doses=(0.25,), draws=2, seed=7))
    assert job.state == "finished" and told[-1][0] == 1
    (made,) = job.result
    record, pair = library().pair_record(made), library().pair(made)
    assert (record.draws, record.dose_fraction, record.simulated) == (2, 0.25, True)
    assert (record.patient, record.full_scan) == ("p1", scan_id)
    assert record.matched == (
        "Simulated at 25% of the dose, 2 noise draws of every slice, seed 7, 3e+05 photons per "
        "ray, electronic noise 10, kernel 0.4 lp/mm."
    )
    np.testing.assert_array_equal(pair.full, library().scan(scan_id).values)
    assert not np.array_equal(pair.low[0], pair.low[1])
    image = preview(Preview(scan=scan_id, index=2, dose=0.25, seed=7))
    np.testing.assert_allclose(image, pair.low[0, 2], atol=0.51)


def test_several_doses_are_told_as_one(
    add_scan: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[float, str]] = []
    make = worker._running

    def listening(*given: Any) -> Any:
        running = make(*given)
        tell = running.tell
        running.tell = lambda *told: (said.append(told), tell(*told))[1]
        return running

    monkeypatch.setattr(worker, "_running", listening)
    job = simulated(Simulate(scan=add_scan(), doses=(0.5, 0.1), draws=1))
    assert len(job.result) == 2
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert said[0][1].startswith("Pair 1 of 2. ") and said[-1][1].startswith("Pair 2 of 2. ")


def test_what_a_killed_worker_had_made_is_not_made_again(
    add_scan: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan_id = add_scan()
    asked = Simulate(scan=scan_id, doses=(0.5, 0.25), draws=1)
    id = queue.add(SIMULATE, asked, "ann", subject=scan_id).id
    original = insertion.insert_noise

    class Killed(BaseException):
        """As by the kernel: nothing of ours hears of it."""

    def dies(image: Any, spacing: Any, dose: float, **named: Any) -> Any:
        if dose == 0.25:
            raise Killed
        return original(image, spacing, dose, **named)

    monkeypatch.setattr(insertion, "insert_noise", dies)
    with pytest.raises(Killed):
        worker.serve("batch")
    monkeypatch.setattr(insertion, "insert_noise", original)
    leases.release("here")
    worker.serve("batch")
    job = queue.job(id)
    assert job.state == "finished"
    mine = [pair.id for pair in library().pairs() if pair.full_scan == scan_id]
    assert sorted(mine) == sorted(job.result) and len(mine) == 2


def wide_scan() -> str:
    """Nine slices of noise amid air: three batches, the last of a single slice."""
    values = np.full((9, 32, 40), -1000, np.float32)
    values[:, 8:24, 8:32] = np.random.default_rng(1).normal(0, 20, (9, 16, 24))
    scan = Scan("wide", values, (0.8, 0.8), np.arange(9.0), np.zeros((9, 3)))
    return library().add_scan(scan, []).id


def in_one_piece(scan_id: str, dose: float, draws: int) -> bytes:
    """The file of a low dose that was made at once."""
    low = insertion.insert_noise(
        np.array(library().scan(scan_id).values), (0.8, 0.8), dose, draws=draws, seed=5
    )
    file = io.BytesIO()
    np.save(file, low)
    return file.getvalue()


def low_files(job: Job) -> list[bytes]:
    return [(library().folder(id) / "low.npy").read_bytes() for id in job.result]


def leftovers() -> list[str]:
    return [path.name for path in settings().workspaces.glob(f"*/{simulations.GROWING}*")]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """The job, the number of its pair and the first slice of each batch that is kept."""
    kept: list[tuple[str, int, int]] = []
    keep = simulations.Growing.keep

    def watched(growing: simulations.Growing, low: Any, first: int) -> None:
        keep(growing, low, first)
        kept.append((growing.job, growing.number, first))

    monkeypatch.setattr(simulations.Growing, "keep", watched)
    return kept


def test_two_people_take_turns_and_have_what_each_alone_would_have(
    home: Path, monkeypatch: pytest.MonkeyPatch, batches: list[tuple[str, int, int]]
) -> None:
    scan_id = wide_scan()
    asked = Simulate(scan=scan_id, doses=(0.5, 0.1), draws=2, seed=5)
    shutil.copytree(library().root, settings().workspaces / "bob", dirs_exist_ok=True)
    ann, bob = (queue.add(SIMULATE, asked, owner).id for owner in ("ann", "bob"))
    monkeypatch.setattr(Running, "turn_is_over", lambda job: bool(queue.waiting("batch")))
    worker.serve("batch")  # as long as jobs give way, it takes the next
    worker.serve("batch")
    ended = queue.job(ann)
    assert ended.left and ended.first == 0
    assert {job for job, _, _ in batches[:2]} == {ann, bob}
    for job in (ann, bob):
        assert [(n, first) for each, n, first in batches if each == job] == [
            (n, first) for n in (0, 1) for first in (0, 4, 8)
        ]
    wanted = [in_one_piece(scan_id, dose, 2) for dose in asked.doses]
    assert low_files(queue.job(ann)) == wanted
    theirs = Library(settings().workspaces / "bob")
    made = [(theirs.folder(id) / "low.npy").read_bytes() for id in queue.job(bob).result]
    assert made == wanted and leftovers() == []


def test_a_killed_worker_loses_one_batch(
    home: Path, monkeypatch: pytest.MonkeyPatch, batches: list[tuple[str, int, int]]
) -> None:
    class Killed(BaseException):
        """As by the kernel: nothing of ours hears of it."""

    def dies(growing: simulations.Growing, low: Any, first: int) -> None:
        if first == 8:  # in the middle of writing
            with growing.file.open("r+b") as file:
                file.seek(-100, io.SEEK_END)
                file.write(b"x" * 50)
            raise Killed
        keep(growing, low, first)

    scan_id = wide_scan()
    id = queue.add(SIMULATE, Simulate(scan=scan_id, doses=(0.5,), draws=2, seed=5), "ann").id
    keep = simulations.Growing.keep
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(simulations.Growing, "keep", dies)
        worker.serve("batch")
    simulations.sweep()
    assert leftovers() == [f"{simulations.GROWING}{id}-0"]
    leases.release("here")
    growing = simulations.Growing("ann", id, 0, (2, 9, 32, 40))
    assert growing.done == 8
    worker.serve("batch")
    assert [first for _, _, first in batches] == [0, 4, 8]
    assert low_files(queue.job(id)) == [in_one_piece(scan_id, 0.5, 2)] and leftovers() == []


@pytest.mark.parametrize("how", ["stopped", "failed", "stopped while it waits", "removed"])
def test_nothing_is_left_of_one_that_ends(
    home: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    id = queue.add(SIMULATE, Simulate(scan=wide_scan(), doses=(0.5,), draws=2), "ann").id
    keep = simulations.Growing.keep

    def ends(growing: simulations.Growing, low: Any, first: int) -> None:
        keep(growing, low, first)
        if how == "failed":
            raise OSError(28, "No space left")
        if how == "stopped":
            raise Stopped("Stopped.")

    monkeypatch.setattr(simulations.Growing, "keep", ends)
    monkeypatch.setattr(Running, "turn_is_over", lambda job: True)
    held = leases.take(id, "here")
    assert held
    worker.execute(held)
    if how in ("stopped", "failed"):
        assert queue.job(id).state == how
    else:
        assert leftovers()
        (queue.stop if how == "stopped while it waits" else queue.remove)(id)
        simulations.sweep()
    assert leftovers() == []


def test_whoever_has_lost_its_job_leaves_what_is_under_way(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = queue.add(SIMULATE, Simulate(scan=wide_scan(), doses=(0.5,)), "ann").id
    keep = simulations.Growing.keep

    def slept(growing: simulations.Growing, low: Any, first: int) -> None:
        keep(growing, low, first)
        leases.release("here")
        leases.take(id, "another")
        raise Stopped("Stopped.")

    held = leases.take(id, "here")
    assert held
    monkeypatch.setattr(simulations.Growing, "keep", slept)
    worker.execute(held)
    assert queue.job(id).state == "running" and leftovers()


def test_what_it_takes_is_thought_of_beforehand(add_scan: Callable[..., str]) -> None:
    given = Simulate(scan=add_scan(), doses=(0.5, 0.25), draws=4)
    asked = simulate.start("ann", given)
    more = simulate.start("ann", given.model_copy(update={"draws": 8}))
    assert asked.expected and asked.first and more.expected
    assert asked.first == pytest.approx(asked.expected / 2) and more.expected > asked.expected


def test_no_pair_is_made_when_one_dose_makes_no_sense(add_scan: Callable[..., str]) -> None:
    scan_id = add_scan()
    job = simulated(Simulate(scan=scan_id, doses=(0.25, 0.0)))
    assert job.state == "failed" and job.message.startswith("The dose fraction is 0")
    assert scan_id not in [pair.full_scan for pair in library().pairs()]


def test_calibration_is_that_of_the_dose_room(add_scan: Callable[..., str]) -> None:
    scan_id = add_scan()
    noisy = simulated(Simulate(scan=scan_id, doses=(0.25,), draws=1)).result[0]
    pair = library().pair(noisy)
    scan = Scan("noisy", pair.low[0], (0.8, 0.8), np.arange(3.0), np.zeros((3, 3)))
    noisy_id = library().add_scan(scan, []).id
    region = (24, 24, 16, 16)
    id = queue.add(CALIBRATE, Calibrate(scan=noisy_id, index=1, region=region), "ann").id
    worker.serve("interactive")
    told = queue.job(id).result
    inside = np.asarray(pair.low[0, 1, 24:40, 24:40], np.float64)
    assert told["sd"] == pytest.approx(inside.std(ddof=1), rel=0.2)
    assert told["physics"]["photons"] > 0
    assert told["region"] == {"row": 24, "column": 24, "height": 16, "width": 16}


@pytest.mark.parametrize(("unit", "spacing", "lacks"), [
    ("", (1.0, 1.0), "has no Hounsfield units"), ("HU", None, "has no pixel spacing"),
])  # fmt: skip
def test_no_ct_no_dose(
    add_scan: Callable[..., str], unit: str, spacing: tuple[float, float] | None, lacks: str
) -> None:
    with pytest.raises(Problem, match=f"my scan {lacks}"):
        preview(Preview(scan=add_scan(unit, spacing), index=0, dose=0.25))
