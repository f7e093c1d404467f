"""Training a network: a new run, one that goes on, a branch of one, or a shipped network adapted.

A run's job has the run's id, and continuing a run queues that job again.
"""

import math
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

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
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kind import KINDS, Arguments, Kind, Outcome, Running
from ctdenoise.jobs.kinds.estimate import foreseen
from ctdenoise.units import counted, period
from ctdenoise.workspace import quota
from ctdenoise.workspace.denoisers import refuse_other_unit
from ctdenoise.workspace.library import library_of, outlined
from ctdenoise.workspace.limits import limits_of
from ctdenoise.workspace.runs import Run, create_run, find_run, keep_config, last_epoch

SLOWER = 5
"""So many times smaller than in its training are the steps of a network that is adapted: it knows
most of what it needs already, and shall not forget it."""
STEPS = 25
"""An epoch of an adaptation, which lasts minutes: each ends with a picture."""


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

    Raises :class:`Problem` where it costs more than is allowed, and where the pairs' pictures are
    too small for it.
    """
    refuse_over_limits(workspace, [config])
    quota.require(workspace)
    _refuse_small_pictures(config, pairs, division)
    run = create_run(
        workspace, name, config, pairs, sweep=sweep, parent=parent, start=start, division=division
    )
    executor().submit(TRAIN, Train(), workspace, id=run.id)
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
    if run.job:
        executor().requeue(run.id)
    else:
        executor().submit(TRAIN, Train(), run.workspace, id=run.id)
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
    """Train a run, from its last epoch if it has one."""
    from ctdenoise.training.trainer import train

    run = find_run(running.job.id)
    longest = limits_of(run.workspace).longest_run
    refuse_too_large(run.config)
    end = time.monotonic() + longest - running.job.used
    try:
        pairs = [library_of(owner).pair(pair) for owner, pair in run.pairs]
        ended = train(
            run.config,
            pairs,
            run.folder,
            on_event=lambda event: _tell(running, run.config, event),
            should_stop=lambda: running.stop_wanted or time.monotonic() > end,
            resume=(run.folder / events.NAME).exists(),
            start=run.start,
        )
    except Problem:
        raise
    except Exception:  # for whoever looks into it; what people are told follows
        with suppress(OSError), (run.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(traceback.format_exc() + "\n")
        raise
    if ended.how == "stopped" and not running.stop_wanted:
        told = f"{ended.sentence} A training may take {period(longest)} here at a time."
        return Outcome(ended.how, told)
    return Outcome(ended.how, ended.sentence)


def _tell(running: Running[Train], config: Config, event: events.Event) -> None:
    if isinstance(event, events.Epoch):
        if config.time_budget_s and event.seconds_left is not None:
            running.progress = 1 - event.seconds_left / config.time_budget_s
        else:
            running.progress = event.epoch / config.epochs
        running.message = f"Epoch {event.epoch}"


TRAIN = KINDS.register(Kind("train", "The training", "train", Train, _train, math.inf, stays=True))
