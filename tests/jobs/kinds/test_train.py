"""Runs that are launched, continued, branched and adapted, trained by the real trainer."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file
from shipping import SMALL, ships

from ctdenoise.config import events, run_folder, shipped, split
from ctdenoise.config.config import Config, network_settings
from ctdenoise.config.limits import guessed_seconds
from ctdenoise.errors import Problem
from ctdenoise.jobs import executor, queue, worker
from ctdenoise.jobs.kinds import train
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Run, find_run, keep_config, runs_of

TINY = Config(layers=2, filters=4, batch=2, patch=16, validation_patches=4, steps_per_epoch=2,
              epochs=3, device="cpu", precision="float32")  # fmt: skip


class Held(executor.Executor):
    """Keeps what is dispatched until :func:`work` does it."""

    def dispatch(self, job: Job) -> None:
        pass


@pytest.fixture(autouse=True)
def held(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_executor", Held)
    monkeypatch.setattr(worker, "_worker", lambda: "here")


def work(run: Run) -> Run:
    worker.serve("train")
    return find_run(run.id)


def test_a_run_is_trained_and_tells_how_far_it_is(pair_id: str) -> None:
    run = train.launch("ann", "x", TINY, [("ann", pair_id)])
    assert run.state == "queued" and run.job and run.job.id == run.id
    ended = work(run)
    assert ended.job and (ended.state, ended.job.message) == (
        "finished",
        "Finished after 3 epochs.",
    )
    assert ended.job.progress == 1.0


def test_it_goes_on_from_its_last_epoch_with_more(pair_id: str) -> None:
    run = train.launch("ann", "x", TINY.model_copy(update={"time_budget_s": 60.0}),
                       [("ann", pair_id)])  # fmt: skip
    with pytest.raises(Problem, match="has not ended yet: stop it first"):
        train.continue_run(run.id, 9)
    queue.stop(run.id)
    again = train.continue_run(run.id, 3)
    assert again.config.epochs == 3 and again.config.time_budget_s is None
    assert work(run).state == "finished"
    for epochs in (None, 3):
        with pytest.raises(Problem, match="has finished after 3 epochs"):
            train.continue_run(run.id, epochs)
    with pytest.raises(Problem, match="epochs"):
        train.continue_run(run.id, 10**9)
    assert train.continue_run(run.id, 5).state == "queued"
    work(run)
    told = [event.epoch for event in events.read(run.folder) if isinstance(event, events.Epoch)]
    assert told == list(range(6))


def test_a_run_that_was_never_queued_can_be_continued(pair_id: str) -> None:
    """As after a server died between writing the run and queueing it."""
    run = train.create_run("ann", "x", TINY, [("ann", pair_id)])
    assert train.continue_run(run.id).state == "queued"
    assert work(run).state == "finished"


def test_a_pair_that_was_removed_is_a_sentence(home: Path) -> None:
    ended = work(train.launch("ann", "x", TINY, [("ann", "0123456789ab")]))
    assert ended.job and ended.job.message.startswith("This scan is not in the workspace")


def test_pictures_that_are_too_small_are_told_before_the_run(pair_id: str) -> None:
    large = TINY.model_copy(update={"patch": 256})
    before = runs_of("ann")
    with pytest.raises(Problem, match="patch size of 256 pixels does not fit into the"):
        train.launch("ann", "x", large, [("ann", pair_id)])
    assert runs_of("ann") == before


def test_a_slip_is_kept_for_whoever_looks_into_it(
    pair_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slip(*given: object, **named: object) -> None:
        raise ZeroDivisionError("a slip")

    monkeypatch.setattr("ctdenoise.training.trainer.train", slip)
    ended = work(train.launch("ann", "x", TINY, [("ann", pair_id)]))
    assert ended.job and "failed unexpectedly (ZeroDivisionError: a slip)" in ended.job.message
    assert "Traceback" in (ended.folder / "log.txt").read_text()


def test_a_branch_goes_on_from_an_epoch(pair_id: str) -> None:
    parent = work(train.launch("ann", "x", TINY, [("ann", pair_id)]))
    child = work(train.branch(parent, 2, "y", TINY.model_copy(update={"learning_rate": 1e-4})))
    assert (child.parent, child.parent_epoch, child.state) == (parent.id, 2, "finished")
    begun = load_file(run_folder.file(child.folder, 0))
    kept = load_file(run_folder.file(parent.folder, 2))
    assert all((begun[name] == kept[name]).all() for name in kept)
    with pytest.raises(Problem, match="did not keep its network of epoch 7"):
        train.branch(parent, 7, "y", TINY)
    with pytest.raises(Problem, match="is built otherwise"):
        train.branch(parent, 2, "y", TINY.model_copy(update={"filters": 8}))


def test_a_branch_tests_on_nothing_that_its_parent_learned_from(clean: None) -> None:
    """Another seed would divide these patients otherwise."""
    noise = np.random.default_rng(0).normal(0, 30, (5, 2, 2, 64, 64)).astype(np.float32)
    mine = Library(settings().workspaces / "ann")
    pairs = [
        ("ann", mine.add_pair(Pair(n, low[None], full, None, np.arange(2.0), patient=n)).id)
        for n, (low, full) in zip("abcde", noise, strict=True)
    ]
    parent = work(train.launch("ann", "x", TINY, pairs))
    divisions = set()
    for seed in range(1, 4):
        changed = TINY.model_copy(update={"seed": seed})
        child = work(train.branch(parent, 2, "y", changed))
        assert split.read(child.folder) == split.read(parent.folder)
        divisions.add(split.read(work(train.launch("ann", "z", changed, pairs)).folder))
    assert len(divisions) > 1


def test_an_adapted_network_begins_as_it_ships_and_learns_on(
    pair_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships(tmp_path, monkeypatch, "optimised")
    run = train.adapt("ann", "Mine", "optimised", [("ann", pair_id)], 0.3)
    assert (run.parent, run.parent_epoch) == ("shipped:optimised", 0)
    assert network_settings(run.config) == network_settings(SMALL)
    assert run.config.loss == SMALL.loss
    assert run.config.learning_rate == pytest.approx(SMALL.learning_rate / 5)
    assert (run.config.schedule, run.config.time_budget_s) == ("one_cycle", 0.3)

    assert work(run).state == "finished"
    shipping = load_file(shipped.file("optimised"))
    kept = run_folder.kept(run.folder)
    first, *_, last = (load_file(run_folder.file(run.folder, n)) for n in kept)
    assert shipping.keys() == first.keys()
    assert all((shipping[name] == first[name]).all() for name in shipping)
    assert any((last[name] != first[name]).any() for name in first)
    judged = [e for e in events.read(run.folder) if isinstance(e, events.Epoch)]
    assert judged[0].validation_mse != judged[0].low_mse  # the network's picture, not the low dose


def test_settings_beyond_what_is_allowed_never_run(pair_id: str) -> None:
    """Also those that came into the table by another way than the form, or before the limit."""
    big = TINY.model_copy(update={"filters": 256, "batch": 256, "patch": 256, "layers": 30})
    with pytest.raises(Problem, match="GB of memory"):
        train.launch("ann", "x", big, [("ann", pair_id)])
    run = train.launch("ann", "x", TINY, [("ann", pair_id)])
    keep_config(run.folder, big)
    ended = work(run).job
    assert ended and ended.state == "failed" and "GB of memory" in ended.message
    with pytest.raises(Problem, match="GB of memory"):
        train.continue_run(run.id)
    asked = Estimate(config=big)
    job = executor.executor().ask(ESTIMATE, asked, "ann")
    worker.serve("interactive")
    assert "GB of memory" in queue.job(job.id).message


def test_a_step_that_is_long_is_counted_and_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctdenoise.config.limits.MEASURABLE", 1)
    asked = Estimate(config=TINY)
    job = executor.executor().ask(ESTIMATE, asked, "ann")
    worker.serve("interactive")
    assert queue.job(job.id).result == pytest.approx(guessed_seconds(TINY))


def test_a_run_ends_after_the_longest_time_and_can_go_on(
    pair_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train.launch("ann", "x", TINY, [("ann", pair_id)])
    monkeypatch.setenv("CTDENOISE_RUN_MINUTES", "5")
    settings.cache_clear()
    passed = iter([0.0, *[1.0] * 3, *[301.0] * 99])
    monkeypatch.setattr(train, "time", SimpleNamespace(monotonic=lambda: next(passed)))
    ended = work(run).job
    assert ended and ended.state == "stopped"
    assert ended.message.endswith("can be continued. A training may take 5 minutes here at a time.")
    monkeypatch.undo()


def test_what_cannot_be_adapted_is_told(
    pair_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships(tmp_path, monkeypatch, "optimised")
    with pytest.raises(Problem, match="does not ship"):
        train.adapt("ann", "Mine", "absent", [("ann", pair_id)], 60)
    mine = Library(settings().workspaces / "ann")
    other = replace(mine.pair(pair_id), unit="")
    with pytest.raises(Problem, match="learned from pictures in HU"):
        train.adapt("ann", "Mine", "optimised", [("ann", mine.add_pair(other).id)], 60)
    assert queue.live("train") == []
