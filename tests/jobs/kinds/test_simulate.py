"""Simulated low dose: previews, whole pairs, and what happens when a worker dies on the way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctdenoise.dose import insertion
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, queue, worker
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
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import Library


@pytest.fixture(autouse=True)
def here(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_worker", lambda: "here")


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
