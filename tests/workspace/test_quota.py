"""How much a workspace may keep and have waiting."""

import re
from pathlib import Path

import numpy as np
import pytest

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import executor, leases, queue, worker
from ctdenoise.jobs.kinds import denoise, train
from ctdenoise.jobs.kinds.download import DOWNLOAD, Download
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.jobs.kinds.export import EXPORT
from ctdenoise.jobs.kinds.simulate import SIMULATE, Simulate
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.scans.scan import Scan
from ctdenoise.settings import settings
from ctdenoise.workspace import quota, simulations
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.results import Source, every
from ctdenoise.workspace.runs import create_run, runs_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

pytestmark = pytest.mark.usefixtures("store")


class Held(executor.Executor):
    def dispatch(self, job: object) -> None:
        pass


@pytest.fixture
def small(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One MB and three jobs for each workspace."""
    monkeypatch.setenv("CTDENOISE_WORKSPACE_MB", "1")
    monkeypatch.setenv("CTDENOISE_WORKSPACE_JOBS", "3")
    monkeypatch.setattr(executor, "_executor", Held)
    settings.cache_clear()


def fill(workspace: str, count: int) -> None:
    folder = settings().workspaces / workspace / "scans" / "x"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "values.npy").write_bytes(bytes(count))


def test_what_is_kept_is_the_files_of_the_workspace_and_of_its_runs(tmp_path: Path) -> None:
    assert quota.used_bytes("ann") == 0
    fill("ann", 1000)
    fill("bob", 70)
    run = create_run("ann", "x", Config(), [("ann", "abc")])
    own = sum(file.stat().st_size for file in run.folder.rglob("*") if file.is_file())
    assert quota.used_bytes("ann") == 1000 + own
    assert quota.used_bytes("bob") == 70


def test_what_a_simulation_left_that_was_stopped_takes_no_room(small: None) -> None:
    id = queue.add(SIMULATE, Simulate(scan="0" * 12, doses=(0.5,)), "ann").id
    growing = simulations.Growing("ann", id, 0, (1, 300, 32, 32))
    growing.begin()
    with pytest.raises(Problem, match="Your workspace holds"):
        quota.require("ann")
    queue.stop(id)
    quota.require("ann")


def test_a_full_workspace_takes_no_more_and_others_do(small: None) -> None:
    fill("ann", 1 << 20)
    quota.require("ann")
    with pytest.raises(Problem, match=r"holds 1 MB and this would add 2 MB, and at most 1 MB may"):
        quota.require("ann", more_bytes=2 << 20)
    fill("ann", (1 << 20) + 1)
    with pytest.raises(Problem, match="remove scans, results or runs"):
        train.launch("ann", "x", Config(), [("ann", "abc")])
    assert runs_of("ann") == []
    train.launch("bob", "x", Config(), [("bob", "abc")])
    fill(SAMPLE, 2 << 20)
    quota.require(SAMPLE)


def test_what_makes_nothing_that_stays_is_done_in_a_full_workspace(small: None) -> None:
    fill("ann", 2 << 20)
    given = executor.executor()
    given.submit(ESTIMATE, Estimate(config=Config()), "ann")
    assert not EXPORT.stays  # how else could somebody save what is to be removed?
    with pytest.raises(Problem, match="Your workspace holds 2 MB"):
        given.submit(SIMULATE, Simulate(scan="0" * 12, doses=(0.5,)), "ann")


def test_so_many_jobs_of_a_workspace_may_wait(small: None) -> None:
    runs = [train.launch("ann", "x", Config(), [("ann", "abc")]) for _ in range(3)]
    with pytest.raises(Problem, match="has 3 jobs waiting or running, and at most 3 may"):
        train.launch("ann", "x", Config(), [("ann", "abc")])
    assert len(runs_of("ann")) == 3
    train.launch("bob", "x", Config(), [("bob", "abc")])
    queue.stop(runs[0].id)
    with pytest.raises(Problem, match="has 2 jobs"):
        quota.require("ann", more_jobs=2)
    train.continue_run(runs[0].id)
    queue.stop(runs[1].id)
    queue.add(TRAIN, Train(), "ann")
    with pytest.raises(Problem, match="wait until some have ended"):
        train.continue_run(runs[1].id)


def test_so_many_runs_of_a_person_may_wait_or_run_at_once(
    small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTDENOISE_WORKSPACE_JOBS", "20")
    monkeypatch.setenv("CTDENOISE_RUNS_AT_ONCE", "2")
    settings.cache_clear()
    runs = [train.launch("ann", "x", Config(), [("ann", "abc")]) for _ in range(2)]
    told = (
        "You have 2 runs waiting or running, and at most 2 may at once here: wait until one ends, "
        "or stop one."
    )
    with pytest.raises(Problem, match=re.escape(told)):
        train.launch("ann", "x", Config(), [("ann", "abc")])
    assert len(runs_of("ann")) == 2
    train.launch("bob", "x", Config(), [("bob", "abc")])
    executor.executor().submit(SIMULATE, Simulate(scan="0" * 12, doses=(0.5,)), "ann")
    queue.stop(runs[0].id)
    train.continue_run(runs[0].id)
    queue.stop(runs[0].id)
    quota.require_runs("ann")
    with pytest.raises(Problem, match="have 1 run waiting or running, these would be 2 more, and"):
        quota.require_runs("ann", 2)
    with pytest.raises(Problem, match=r"These 9 runs are more than may .* at once here .2.: "):
        quota.require_runs("bob", 9)
    queue.add(TRAIN, Train(), "ann")
    with pytest.raises(Problem, match="wait until one ends"):
        train.continue_run(runs[0].id)


def test_a_result_and_a_simulation_that_find_no_room_leave_nothing(
    small: None, tmp_path: Path
) -> None:
    values = np.zeros((4, 64, 64), np.float32)
    scan = Scan("water", values, (1.0, 1.0), np.arange(4.0), np.zeros((4, 3)))
    id = library_of("ann").add_scan(scan, []).id
    asked = Simulate(scan=id, doses=(0.5, 0.25), draws=16)
    job = executor.executor().submit(SIMULATE, asked, "ann")
    taken = leases.take(job.id, "w")
    assert taken
    worker.execute(taken)
    assert "this would add 2.1 MB" in queue.job(job.id).message
    assert library_of("ann").pairs() == []
    fill("ann", 2 << 20)
    with pytest.raises(Problem, match="Your workspace holds"):
        denoise.start("ann", Source(owner="ann", kind="scan", id=id),
                      ClassicalFilter(name="gaussian", strength=1))  # fmt: skip
    assert every("ann") == []


def test_a_disk_that_is_nearly_full_takes_nothing_new_from_anybody(
    small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train.launch("ann", "x", Config(), [("ann", "abc")])
    queue.stop(run.id)
    monkeypatch.setattr(quota, "free_bytes", lambda: (1024 << 20) - 1)
    told = "The disk of this server is nearly full, so nothing new can begin: remove"
    given = executor.executor()
    for who in ("ann", SAMPLE):
        for begin in (
            lambda who=who: quota.require(who, more_jobs=0),  # an upload, a network
            lambda who=who: train.launch(who, "x", Config(), [(who, "abc")]),
            lambda who=who: given.submit(SIMULATE, Simulate(scan="0" * 12, doses=(0.5,)), who),
            lambda who=who: given.submit(DOWNLOAD, Download(patients=("L004",), every=1), who),
        ):
            with pytest.raises(Problem, match=told):
                begin()
    with pytest.raises(Problem, match=told):
        train.continue_run(run.id)
    assert len(runs_of("ann")) == 1
    given.submit(ESTIMATE, Estimate(config=Config()), "ann")
    monkeypatch.setenv("CTDENOISE_DISK_MARGIN_MB", "1000")
    settings.cache_clear()
    quota.require("ann")
    with pytest.raises(Problem, match=told):
        quota.require("ann", more_bytes=100 << 20)
