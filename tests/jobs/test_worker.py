"""The engine with the real trainer: one run, cut off in the middle."""

import os
import signal
import sys
import time

import psutil
import pytest

from ctdenoise.config import events
from ctdenoise.config.config import Config
from ctdenoise.jobs import local
from ctdenoise.jobs.executor import Engine
from ctdenoise.workspace.runs import Run, Store, last_epoch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes the POSIX way")

SMALL = Config(layers=2, filters=4, batch=2, patch=16, validation_patches=4, steps_per_epoch=20,
               epochs=500, device="cpu", precision="float32")  # fmt: skip


def wait(runs: Store, run: Run, epoch: int) -> None:
    deadline = time.monotonic() + 60
    while last_epoch(run) < epoch and runs.run(run.id).live:
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_training_survives_its_worker_and_is_stopped_and_continued(
    running: Engine, runs: Store, pair_id: str
) -> None:
    assert running.ask(eval, "'torch' in __import__('sys').modules").result(10)  # warm
    run = runs.create_run("ann", "x", SMALL, [("ann", pair_id)])
    running.launch(run.id)
    wait(runs, run, 2)
    family = psutil.Process(local.find().pid).children()
    [trainer] = [member for member in family if member.nice() >= 10]
    os.kill(trainer.pid, signal.SIGKILL)
    wait(runs, run, last_epoch(run) + 2)
    assert runs.run(run.id).deaths == 1

    runs.ask_stop(run.id)
    deadline = time.monotonic() + 10
    while runs.run(run.id).live and time.monotonic() < deadline:
        time.sleep(0.02)
    stopped = runs.run(run.id)
    done = last_epoch(run)
    assert stopped.state == "stopped" and 2 < done < SMALL.epochs

    running.continue_run(run.id, done + 2)
    wait(runs, run, 10**9)
    assert runs.run(run.id).state == "finished", runs.run(run.id).sentence
    told = [event.epoch for event in events.read(run.folder) if event.kind == "epoch"]
    assert told == list(range(done + 3))  # none lost, none twice
    assert all((run.folder / "progress" / f"epoch_{epoch:04d}.tif").exists() for epoch in told)
