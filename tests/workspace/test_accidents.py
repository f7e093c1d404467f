"""A disk that is full or read-only, a database that somebody holds, a clock that is set back: what
was there is there, nothing is half, and people are told in a sentence."""

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from homes import forget
from sqlalchemy import update

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.metrics.removal import Removal
from ctdenoise.scans.scan import Pair
from ctdenoise.workspace import database as module
from ctdenoise.workspace import results
from ctdenoise.workspace.database import database, jobs, transaction
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.results import Result, SliceFigures, Source
from ctdenoise.workspace.runs import create_run, find_run, runs_of, star_run

PAIRS = [("ann", "0" * 12)]
SIDE = 256


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    monkeypatch.setenv("CTDENOISE_HOME", str(place))
    monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    forget()
    yield place
    if database.cache_info().currsize:
        database().dispose()
    forget()


@pytest.fixture
def disk(home: Path) -> Iterator[Callable[[str], None]]:
    """A small disk of its own below the home; ``disk(options)`` mounts it anew with these."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(home)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may make a small disk, and not everywhere")

    def remount(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(home)], check=True)

    yield remount
    database().dispose() if database.cache_info().currsize else None
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def result() -> Result:
    """A scan that is being denoised, one of its slices so far."""
    rng = np.random.default_rng(0)
    low = rng.normal(0, 30, (1, 2, SIDE, SIDE)).astype(np.float32)
    pair = Pair("p", low, low[0], (1.0, 1.0), np.arange(2.0))
    source = Source(owner="ann", kind="pair", id=library_of("ann").add_pair(pair).id)
    made = results.create("ann", source, ClassicalFilter(name="gaussian", strength=1))
    keep(made, 0)
    return made


def keep(made: Result, index: int) -> None:
    image = np.full((SIDE, SIDE), index + 1, np.float32)
    made.keep(image, SliceFigures(index=index, seconds=1, removal=Removal((9, 6, 3), None, {})))


def fill(home: Path) -> Path:
    """Take what is left of the disk."""
    file = home / "filler"
    with file.open("wb", buffering=0) as target:
        try:
            while True:
                target.write(bytes(4096))
        except OSError:
            pass
    return file


def test_on_a_full_disk_what_was_reached_stays_and_goes_on_afterwards(
    home: Path, disk: Callable[[str], None]
) -> None:
    made = result()
    kept = create_run("ann", "First", Config(), PAIRS)
    filler = fill(home)
    with pytest.raises(Problem, match="disk"):
        create_run("ann", "Second", Config(), PAIRS)
    with pytest.raises(Problem, match="the disk is full"):
        for _ in range(500):
            queue.add(TRAIN, Train(), "w" * 64, subject="x" * 100)
    with pytest.raises(OSError, match="No space left"):
        keep(made, 1)
    assert [run.name for run in runs_of("ann")] == ["First"]
    assert [each.name for each in (home / "runs").iterdir()] == [kept.id]
    assert list(made.figures) == [0] and made.output(0)[0, 0] == 1
    with pytest.raises(Problem, match="has not been denoised"):
        made.output(1)
    filler.unlink()
    keep(made, 1)
    assert made.output(1)[0, 0] == 2
    assert create_run("ann", "Second", Config(), PAIRS).number == 1


def test_on_a_read_only_disk_everything_is_told_and_nothing_is_lost(
    home: Path, disk: Callable[[str], None]
) -> None:
    kept = create_run("ann", "First", Config(), PAIRS)
    database().dispose()
    forget()
    disk("ro")
    for asked in (
        lambda: runs_of("ann"),
        lambda: star_run(kept.id, True),
        lambda: queue.add(TRAIN, Train(), "ann"),
        lambda: create_run("ann", "Second", Config(), PAIRS),
    ):
        with pytest.raises(Problem, match=r"could not be (opened for writing|written because)"):
            asked()
    disk("rw")
    assert [run.name for run in runs_of("ann")] == ["First"]
    assert [each.name for each in (home / "runs").iterdir()] == [kept.id]


def test_a_database_that_another_program_holds_is_told_and_nothing_is_half(home: Path) -> None:
    kept = create_run("ann", "First", Config(), PAIRS)
    database().dispose()
    database.cache_clear()  # opened anew, with the shorter patience of these tests
    database()
    with sqlite3.connect(home / "runs.sqlite") as other:
        other.execute("BEGIN IMMEDIATE")
        for change in (
            lambda: star_run(kept.id, True),
            lambda: queue.add(TRAIN, Train(), "ann"),
            lambda: create_run("ann", "Second", Config(), PAIRS),
        ):
            with pytest.raises(Problem, match=r"is held by another program .* nothing was changed"):
                change()
        assert [run.name for run in runs_of("ann")] == ["First"]  # reading does not wait
        other.rollback()
    assert [each.name for each in (home / "runs").iterdir()] == [kept.id]
    star_run(kept.id, True)
    assert find_run(kept.id).starred


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("workers", [None, ["another"]])
def test_a_worker_that_died_before_the_clock_was_set_back_loses_its_job(
    workers: list[str] | None,
) -> None:
    id = queue.add(TRAIN, Train(), "ann").id
    assert leases.take(id, "gone")
    leases.put_back_lost(workers)
    assert queue.job(id).state == "running"
    with transaction() as connection:  # a day
        connection.execute(update(jobs).values(heartbeat=jobs.c.heartbeat + 86_400))
    leases.put_back_lost(workers)
    assert queue.job(id).state == "queued"
    taken = leases.claim("train", "w")
    assert taken and taken.id == id


def test_work_goes_on_while_the_clock_is_set_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queue.add(TRAIN, Train(), "ann")
    held = leases.take(job.id, "w")
    assert held
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 86_400)
    assert leases.beat(held, 0.5, "Epoch 1", seconds=1.0)
    leases.put_back_lost(["w"])
    assert queue.job(job.id).state == "running"
    assert queue.silent_seconds(queue.job(job.id)) < 60
    assert leases.end(held, "finished", 1.0, "Done.")
    asked = Estimate(config=Config())
    answer = queue.add(ESTIMATE, asked, "ann", subject=queue.digest(asked))
    assert (found := queue.answers(ESTIMATE, asked, "ann")) and found.id == answer.id
    assert queue.add(TRAIN, Train(), "ann").live
