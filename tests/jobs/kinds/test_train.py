"""Runs that are launched, continued, branched and adapted, trained by the real trainer."""

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from shipping import SMALL, ships
from sqlalchemy import update

from ctdenoise.config import events, run_folder, shipped, split
from ctdenoise.config.config import Config, network_settings
from ctdenoise.config.limits import guessed_seconds
from ctdenoise.errors import Problem
from ctdenoise.jobs import executor, leases, parking, queue, worker
from ctdenoise.jobs.kind import GaveWay, Running
from ctdenoise.jobs.kinds import train
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.training import trainer
from ctdenoise.training.loop import Training
from ctdenoise.workspace.database import Job, transaction
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Run, find_run, keep_config, runs_of
from ctdenoise.workspace.tables import jobs

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


def own(workspace: str, pair_id: str) -> tuple[str, str]:
    """Somebody's copy of the pair: nobody learns from another's."""
    root = settings().workspaces
    if workspace != "ann":
        shutil.copytree(root / "ann", root / workspace, dirs_exist_ok=True)
    return workspace, pair_id


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

    monkeypatch.setattr("ctdenoise.training.loop.Training.run", slip)
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
    """Of its own turns since it was queued; while others had theirs, it does not count."""
    run = train.launch("ann", "x", TINY, [("ann", pair_id)])
    monkeypatch.setenv("CTDENOISE_RUN_MINUTES", "5")
    settings.cache_clear()
    with transaction() as connection:
        connection.execute(update(jobs).values(used=300 - 0.01, queued=0.0, started=0.0))
    monkeypatch.setattr(Training, "batch", lambda self, batch=Training.batch: (
        time.sleep(0.02), batch(self))[1])  # fmt: skip
    ended = work(run).job
    assert ended and ended.state == "stopped"
    assert ended.message.endswith("can be continued. A training may take 5 minutes here at a time.")
    again = train.continue_run(run.id).job
    assert again and again.used == 0
    assert work(run).state == "finished"
    settings.cache_clear()


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


@pytest.fixture
def always_over(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every training yields wherever it may; the folders of those that were built, in order."""
    built: list[Path] = []
    build = trainer.prepare

    def prepare(config: Config, pairs: Any, out: Path, **words: Any) -> Training:
        built.append(out)
        return build(config, pairs, out, **words)

    monkeypatch.setattr(trainer, "prepare", prepare)
    monkeypatch.setattr(Running, "turn_is_over", lambda self, seconds: True)
    return built


def network(run: Run) -> dict[str, bytes]:
    return {
        name: each.tobytes() for name, each in load_file(run_folder.file(run.folder, 3)).items()
    }


@pytest.mark.parametrize("room", [True, False])
def test_runs_that_take_turns_end_as_if_each_were_alone(
    pair_id: str, always_over: list[Path], monkeypatch: pytest.MonkeyPatch, room: bool
) -> None:
    """Each in memory between its turns, or built anew from the disk where there is no room."""
    if not room:
        monkeypatch.setattr(parking, "SHARE", 0.0)
    runs = [train.launch(who, "x", TINY, [own(who, pair_id)]) for who in ("ann", "bob")]
    other = train.launch("cid", "x", TINY.model_copy(update={"seed": 2}), [own("cid", pair_id)])
    for _ in (*runs, other):
        worker.serve("train")
    assert {find_run(run.id).state for run in (*runs, other)} == {"finished"}
    steps = TINY.epochs * TINY.steps_per_epoch
    assert len(always_over) == (3 if room else 3 * steps)
    assert network(runs[0]) == network(runs[1]) != network(other)
    for run in runs:
        kinds = [event.kind for event in events.read(run.folder)]
        assert kinds == ["started", *["epoch"] * 4, "ended"]


def test_what_waits_in_memory_is_let_go_before_a_batch_is_halved(
    pair_id: str, always_over: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ctdenoise.training.learner import Learner

    step = Learner.step

    def crowded(self: Learner, *given: Any, **words: Any) -> Any:
        if parking._parked:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")
        return step(self, *given, **words)

    monkeypatch.setattr(Learner, "step", crowded)
    runs = [train.launch(who, "x", TINY, [own(who, pair_id)]) for who in ("ann", "bob")]
    for _ in runs:
        worker.serve("train")
    for run in runs:
        assert find_run(run.id).state == "finished"
        assert not any(isinstance(event, events.Notice) for event in events.read(run.folder))
    assert len(always_over) > 2


def test_settings_that_changed_while_it_waited_are_those_it_goes_on_with(
    pair_id: str, always_over: list[Path]
) -> None:
    run = train.launch("ann", "x", TINY, [("ann", pair_id)])
    held = leases.claim("train", "here")
    assert held and worker.execute(held) is GaveWay
    keep_config(run.folder, TINY.model_copy(update={"epochs": 1}))
    for _ in range(TINY.steps_per_epoch):
        worker.serve("train")
    ended = find_run(run.id).job
    assert ended and ended.message == "Finished after 1 epoch." and len(always_over) == 2


def test_what_a_run_tells_of_itself_while_it_waits(
    pair_id: str, always_over: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train.launch("ann", "x", TINY, [("ann", pair_id)])
    job = queue.job(run.id)
    assert job.expected == pytest.approx(guessed_seconds(TINY)) and job.left is None
    assert job.first == pytest.approx(guessed_seconds(TINY) / TINY.epochs)
    until_first = []
    for _ in range(3):
        held = leases.claim("train", "here")
        assert held and worker.execute(held) is GaveWay
        job = queue.job(run.id)
        until_first.append(job.first)
    assert until_first[0] and until_first[1] == until_first[2] == 0
    told = [each for each in events.read(run.folder) if isinstance(each, events.Epoch)][-1]
    assert told.seconds_left and job.left is not None and 0 <= job.left < told.seconds_left
    queue.stop(run.id)
    again = train.continue_run(run.id, 6).job
    assert again and again.first == 0 and again.expected is None  # known: others correct no guess
    assert again.left == pytest.approx(told.train_seconds / told.epoch * (6 - told.epoch))
    limited = TINY.model_copy(update={"time_budget_s": 30})
    job = queue.job(train.launch("ann", "y", limited, [("ann", pair_id)]).id)
    assert (job.expected, job.left) == (None, 30)


@pytest.mark.parametrize(
    ("first", "built", "between_epochs", "lasts"),
    [
        (None, 0, False, 5.0),
        (3.0, 0, True, 0.5),
        (0.0, 0, False, 2.0),
        (0.0, 0, True, 0.5),
        (0.0, 0.5, True, 2.0),  # what it took to build it is worth four times as long
        (0.0, 4, True, 5.0),
        (3.0, 0.4, True, 0.5),
    ],
)
def test_how_long_a_turn_lasts(
    pair_id: str,
    monkeypatch: pytest.MonkeyPatch,
    first: float | None,
    built: float,
    between_epochs: bool,
    lasts: float,
) -> None:
    job = queue.job(train.launch("ann", "x", TINY, [("ann", pair_id)]).id)
    running = Running(job, train.Train(), first=first, others_next=True, began=100.0)
    clock = [100.0 + built]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    turn = train._Turn(running, TINY)
    clock[0] = 100 + lasts - 0.01
    assert not turn.should_yield(between_epochs)
    clock[0] = 100 + lasts
    assert turn.should_yield(between_epochs)
    running.others_next = False
    assert not turn.should_yield(between_epochs)
