"""Training a network: a new run, one that goes on, a branch of one, or a shipped network adapted.

A run's job has the run's id, and continuing a run queues that job again.
"""

import math
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from ctdenoise.config import events, run_folder, shipped
from ctdenoise.config.config import Config, network_settings, parse
from ctdenoise.config.fit import check_pictures
from ctdenoise.config.limits import (
    guessed_seconds,
    refuse_too_large,
    refuse_too_long,
    refuse_unaffordable,
)
from ctdenoise.config.split import NAME, read, split
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.jobs import memory, parking, queue
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.fairness import FIRST_SECONDS, LEAST_SECONDS, TURN_SECONDS
from ctdenoise.jobs.kind import KINDS, Arguments, GaveWay, Kind, Outcome, Running
from ctdenoise.jobs.kinds.estimate import foreseen
from ctdenoise.jobs.permission import refuse_foreign_pairs
from ctdenoise.units import counted, period
from ctdenoise.workspace import quota
from ctdenoise.workspace.access import Thing
from ctdenoise.workspace.denoisers import refuse_other_unit
from ctdenoise.workspace.library import library_of, outlined
from ctdenoise.workspace.limits import limits_of
from ctdenoise.workspace.runs import Run, create_run, find_run, keep_config, last_epoch

SLOWER = 5
"""So many times smaller than in its training are the steps of a network that is adapted: it knows
most of what it needs already, and shall not forget it."""
STEPS = 25
"""An epoch of an adaptation, which lasts minutes: each ends with a picture."""
WORTH = 4
"""So many times as long as it took to build it anew, but no longer than ``FIRST_SECONDS``, the turn
of a run lasts that others have left no memory for."""


class Train(Arguments):
    """Everything is in the run's folder."""


def launch(
    workspace: str,
    name: str,
    config: Config,
    pairs: Sequence[tuple[str, str]],
    *,
    sweep: str = "",
    parent: tuple[str, int] = ("", 0),
    start: Path | None = None,
    division: Path | None = None,
) -> Run:
    """Create a run and queue its training; arguments as of :func:`create_run`.

    Raises :class:`Problem` where it costs more than is allowed, where the pairs' pictures are too
    small for it, and where a pair is somebody else's.
    """
    refuse_foreign_pairs(workspace, pairs, parent[0])
    refuse_over_limits(workspace, [config])
    quota.require(workspace)
    _refuse_small_pictures(config, pairs, division)
    run = create_run(
        workspace, name, config, pairs, sweep=sweep, parent=parent, start=start, division=division
    )
    executor().submit(TRAIN, Train(), workspace, id=run.id, **needs(workspace, config))
    return find_run(run.id)


def refuse_over_limits(workspace: str, configs: Sequence[Config]) -> None:
    """Raise :class:`Problem` where these trainings cannot all be launched: there would be too many
    at once, or one costs more than is allowed.

    What was measured is refused only where it was counted to take too long, too: on a busy machine
    everything takes many times as long, and what is stopped keeps what it has learned.
    """
    quota.require_runs(workspace, len(configs))
    longest = limits_of(workspace).longest_run
    for config in configs:
        refuse_unaffordable(config, longest)
        if not config.time_budget_s and (known := foreseen(config)):
            refuse_too_long(min(known, guessed_seconds(config)), longest)


class Needs(TypedDict):
    """What a training is thought to need, as :func:`queue.add` takes it."""

    expected: float | None
    first: float
    left: float | None


def needs(workspace: str, config: Config, run: Run | None = None) -> Needs:
    """Guessed from what was counted; known of a ``run`` that goes on, from what its epochs took,
    and where the time is limited."""
    said = [e for e in events.read(run.folder) if isinstance(e, events.Epoch)] if run else []
    done = said[-1].epoch if said else 0
    epoch = guessed_seconds(config.model_copy(update={"time_budget_s": None})) / config.epochs
    if done:
        epoch = said[-1].train_seconds / done
    seconds = epoch * (config.epochs - done)
    if config.time_budget_s:
        left = said[-1].seconds_left if said else None
        seconds = config.time_budget_s if left is None else left
    seconds = min(seconds, limits_of(workspace).longest_run)
    known = bool(done or config.time_budget_s)
    return {
        "expected": None if known else seconds,
        "first": 0.0 if done else min(epoch, seconds),
        "left": seconds if known else None,
    }


def _refuse_small_pictures(
    config: Config, pairs: Sequence[tuple[str, str]], division: Path | None
) -> None:
    try:
        outlines = [outlined(owner, pair) for owner, pair in pairs]
    except Problem:  # a pair that is not there: the run itself tells of it
        return
    found = read(division.parent) if division else split(outlines, config.seed)
    check_pictures(config, found, [(each.rows, each.columns) for each in outlines])


def continue_run(run_id: str, epochs: int | None = None) -> Run:
    """Let a run that ended go on from its last epoch, with ``epochs`` in all if given; raises
    :class:`Problem` where nothing is left to do or it has not ended."""
    run = find_run(run_id)
    if run.live:
        raise Problem(run.name, "has not ended yet", "stop it first or wait until it ends")
    config = run.config
    if epochs is not None:  # instead of whatever limited it before
        config = parse({**config.model_dump(), "epochs": epochs, "time_budget_s": None})
    done = last_epoch(run)
    if config.epochs <= done or (run.state == "finished" and config == run.config):
        raise Problem(
            run.name,
            f"has finished after {counted(done, 'epoch')}",
            "give it more epochs to continue",
        )
    refuse_unaffordable(config, limits_of(run.workspace).longest_run)
    quota.require_runs(run.workspace)
    keep_config(run.folder, config)
    needed = needs(run.workspace, config, run)
    if run.job:
        executor().requeue(run.id, **needed)
    else:
        executor().submit(TRAIN, Train(), run.workspace, id=run.id, **needed)
    return find_run(run.id)


@telling_disk_problems
def branch(parent: Run, epoch: int, name: str, config: Config) -> Run:
    """Queue a run that goes on from ``epoch`` of ``parent``, on the same pairs and with its split:
    what the parent learned from is no test of the child.

    Raises :class:`Problem` where the parent did not keep that epoch or the network would be
    another one.
    """
    kept = run_folder.file(parent.folder, epoch)
    if not kept.exists():
        raise Problem(parent.name, f"did not keep its network of epoch {epoch}", "choose another")
    if network_settings(config) != network_settings(parent.config):
        raise Problem(
            "The network",
            f"is built otherwise than that of {parent.name}",
            "leave layers, filters and the like as they are, or begin anew",
        )
    return launch(
        parent.workspace,
        name,
        config,
        parent.pairs,
        parent=(parent.id, epoch),
        start=kept,
        division=parent.folder / NAME,
    )


@telling_disk_problems
def adapt(
    workspace: str, name: str, network: str, pairs: Sequence[tuple[str, str]], seconds: float
) -> Run:
    """Queue a run in which the ``network`` that ships under this name learns on, on ``pairs``
    ((workspace, pair id) each) for ``seconds``: by its own loss, at a fifth of its learning rate.

    Its epoch 0 is the network as it ships. Raises :class:`Problem` where none ships under this
    name, or one for another unit.
    """
    start = shipped.file(network)
    known = shipped.shipped()[network]
    for owner, pair in pairs:
        record = library_of(owner).pair_record(pair)
        refuse_other_unit(known.title, known.unit, record.unit)
    changed = {
        "learning_rate": known.config.learning_rate / SLOWER,
        "schedule": "one_cycle",
        "time_budget_s": seconds,
        "steps_per_epoch": STEPS,
        "patches": 0,
    }
    config = parse(known.config.model_dump() | changed)
    return launch(workspace, name, config, pairs, parent=(known.id, 0), start=start)


def stop_sweep(runs: Sequence[Run]) -> None:
    """Stop those of a sweep's runs that have not ended."""
    for run in runs:
        if run.live:
            queue.stop(run.id)


def _train(running: Running[Train]) -> Outcome:
    """Train a run for a turn, from where it was."""
    from ctdenoise.training.trainer import prepare

    run = find_run(running.job.id)
    refuse_too_large(run.config)
    try:
        training = running.kept
        if training is None or training.config != run.config:
            training = prepare(
                run.config,
                [library_of(owner).pair(pair) for owner, pair in run.pairs],
                run.folder,
                resume=(run.folder / events.NAME).exists(),
                start=run.start,
                make_room=_make_room,
            )
        turn = _Turn(running, run.config)
        ended = training.run(
            turn.should_stop, turn.should_yield, on_event=turn.hear, make_room=_make_room
        )
    except Problem:
        raise
    except Exception:  # for whoever looks into it; what people are told follows
        with suppress(OSError), (run.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(traceback.format_exc() + "\n")
        raise
    if ended is None:
        raise GaveWay(training if training.may_wait else None)
    if ended.how == "stopped" and not running.stop_wanted:
        told = f"{ended.sentence} A training may take {period(turn.longest)} here at a time."
        return Outcome(ended.how, told)
    return Outcome(ended.how, ended.sentence)


def _make_room() -> bool:
    """Let go of what waits in this worker's memory; whether there was anything."""
    if not parking.clear():
        return False
    memory.give_back()
    return True


class _Turn:
    """Between a job and its training, from the first step of a turn on: what is wanted of the one,
    and how far the other is."""

    def __init__(self, running: Running[Train], config: Config) -> None:
        self.running, self.config = running, config
        self.longest = limits_of(running.job.workspace).longest_run
        self.told, self.left = time.monotonic(), running.left
        self.worth = 0.0  # of a new run, the first picture is enough
        if running.first == 0:
            self.worth = min(WORTH * (self.told - running.began), FIRST_SECONDS)

    def should_stop(self) -> bool:
        """Whether somebody wants it, or it has been trained as long as it may."""
        running, moment = self.running, time.monotonic()
        if self.left is not None:
            running.left = max(0.0, self.left - (moment - self.told))
        used = running.job.used + moment - running.began
        return running.stop_wanted or used > self.longest

    def should_yield(self, between_epochs: bool) -> bool:
        """Whether others come next and enough was done."""
        seconds = TURN_SECONDS if self.running.first == 0 else FIRST_SECONDS
        if between_epochs:
            seconds = LEAST_SECONDS
        return self.running.turn_is_over(max(seconds, self.worth))

    def hear(self, event: events.Event) -> None:
        """What the training says, for the job's row."""
        if not isinstance(event, events.Epoch):
            return
        running, config = self.running, self.config
        self.told, self.left = time.monotonic(), event.seconds_left
        running.left = event.seconds_left
        if event.epoch:
            running.first = 0.0
        if config.time_budget_s and event.seconds_left is not None:
            running.progress = 1 - event.seconds_left / config.time_budget_s
        else:
            running.progress = event.epoch / config.epochs
        running.message = f"Epoch {event.epoch}"


def _reads(workspace: str, id: str) -> list[Thing]:
    return [Thing(owner, "pair", pair) for owner, pair in find_run(id).pairs]


TRAIN = KINDS.register(
    Kind("train", "The training", "train", Train, _train, math.inf, stays=True, reads=_reads)
)
