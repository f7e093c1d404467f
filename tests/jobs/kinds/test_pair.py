"""Two scans kept as a pair by a job."""

import numpy as np
import pytest

from ctdenoise.jobs import queue, worker
from ctdenoise.jobs.kinds.pair import PAIR, MakePair
from ctdenoise.scans.scan import Facts, Scan
from ctdenoise.settings import settings
from ctdenoise.workspace.library import Library


@pytest.fixture(autouse=True)
def here(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_worker", lambda: "here")


def test_the_slices_that_both_have_are_kept_once() -> None:
    library = Library(settings().workspaces / "ann")
    values = np.random.default_rng(0).normal(0, 30, (4, 32, 32)).astype(np.float32)
    ids = []
    for first in (0, 1):
        places = np.arange(first, first + 3.0)
        origins = np.stack([0 * places, 0 * places, places], 1)
        shown = values[first : first + 3] + np.float32(100 * first)
        scan = Scan(f"scan {first}", shown, (1.0, 1.0), places, origins)
        ids.append(library.add_scan(scan, []).id)
    low, full = ids
    for _ in range(2):  # as after a worker that was killed when the pair was just kept
        id = queue.add(PAIR, MakePair(low=low, full=full), "ann").id
        worker.serve("files")
    (record,) = (pair for pair in library.pairs() if pair.low_scan == low)
    assert queue.job(id).result == record.id and record.slices == 2
    np.testing.assert_array_equal(library.pair(record.id).low[0], values[1:3])
    np.testing.assert_array_equal(library.pair(record.id).full, values[1:3] + np.float32(100))


def test_what_differs_beside_the_dose_is_kept_with_the_pair() -> None:
    library = Library(settings().workspaces / "kernels")
    values = np.random.default_rng(0).normal(0, 30, (2, 3, 32, 32)).astype(np.float32)
    ids = [
        library.add_scan(
            Scan(kernel, shown, (1.0, 1.0), np.arange(3.0), np.eye(3), facts=Facts(kernel=kernel)),
            [],
        ).id
        for kernel, shown in zip(("B30f", "B70f"), values, strict=True)
    ]
    queue.add(PAIR, MakePair(low=ids[0], full=ids[1]), "kernels")
    worker.serve("files")
    (record,) = library.pairs()
    assert "kernel (B30f and B70f)" in record.matched


def test_one_scan_twice_is_no_pair() -> None:
    library = Library(settings().workspaces / "twice")
    values = np.random.default_rng(0).normal(0, 30, (3, 32, 32)).astype(np.float32)
    ids = [
        library.add_scan(Scan(name, values, (1.0, 1.0), np.arange(3.0), np.eye(3)), []).id
        for name in ("one", "same")
    ]
    id = queue.add(PAIR, MakePair(low=ids[0], full=ids[1]), "twice").id
    worker.serve("files")
    assert queue.job(id).state == "failed" and not library.pairs()
    assert "one and same are the same to the pixel" in queue.job(id).message


def test_scans_that_do_not_match_are_told() -> None:
    library = Library(settings().workspaces / "ann")
    ids = [
        library.add_scan(
            Scan(
                "a",
                np.zeros((1, side, side), np.float32),
                (1.0, 1.0),
                np.arange(1.0),
                np.zeros((1, 3)),
            ),
            [],
        ).id
        for side in (32, 40)
    ]
    id = queue.add(PAIR, MakePair(low=ids[0], full=ids[1]), "ann").id
    worker.serve("files")
    assert queue.job(id).state == "failed" and queue.job(id).message.endswith(".")
