"""How long a training will take here: its own parts, tried out on a phantom and timed."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from ctdenoise.config import run_folder
from ctdenoise.config.config import Config
from ctdenoise.config.cost import VALIDATION_PIXELS, picture_cost
from ctdenoise.config.fit import check_memory
from ctdenoise.files import MAKING
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.training.device import (
    Machine,
    available_memory,
    choose,
    keeping_memory,
    with_threads_of_training,
)
from ctdenoise.training.loop import Training

SIDE, SMALLEST = 512, 64
"""Of the slices that a training has, and of those that are tried out at least: rows and columns."""
LOOK = 6e10
"""Multiply-adds of a slice that is tried out: half a second. Where one of ``SIDE`` takes more, a
smaller one is timed and multiplied."""
CUT = 200
"""Patches that are cut ahead; a larger collection is multiplied."""
BODY = (0.6, 0.8)
"""Height and width of a body, in sides of its slice: the air around it is not pictured."""


def estimate_seconds(config: Config) -> float:
    """Seconds for the whole training, from its start to its last picture and checkpoint, on slices
    of 512 x 512 and with as many threads as trainings have.

    Takes a second or two itself; with a time budget the answer is the budget. Raises
    :class:`Problem` where a run could not start.
    """
    machine = choose(config.device, config.precision, config.filters)
    check_memory(config, available_memory(machine.device), machine.kind)
    disk = settings().workspaces  # on which runs are kept, and what a dead process left is swept
    share = math.sqrt(LOOK / picture_cost(config, SIDE, SIDE).operations)
    side = max(config.patch, SMALLEST, round(SIDE * min(1.0, share)))
    with (
        keeping_memory(),
        with_threads_of_training(),
        TemporaryDirectory(prefix=MAKING, dir=disk if disk.is_dir() else None) as folder,
    ):
        began = time.perf_counter()
        training = _made_small(config, side, Path(folder))
        return config.time_budget_s or _whole(config, side, training, began)


def _made_small(config: Config, side: int, folder: Path) -> Training:
    """The training of ``config`` on phantoms of ``side`` pixels, with fewer patches kept."""
    at_once = max(1, min(VALIDATION_PIXELS, side**2) // config.patch**2)
    fewer = {
        "patches": min(config.patches, CUT),
        "validation_patches": min(config.validation_patches, at_once),
        "time_budget_s": None,
    }
    for name in ("progress", run_folder.FOLDER):
        (folder / name).mkdir()
    patients = [_phantom(side, number) for number in range(3)]  # to learn, validate and show
    return Training(config.model_copy(update=fewer), patients, folder)


def _whole(config: Config, side: int, training: Training, began: float) -> float:
    """Seconds of all parts of the training of ``config``; making it small began at ``began``."""
    tried, machine = training.config, training.machine

    def step() -> None:
        low, full = training.batch()
        factors, setting = training.progress.factors, [0.5] * config.dials
        training.learner.step(low, full, 1e-6, factors, setting=setting)

    def cut() -> None:
        training.source.cut(training.source.places(CUT, torch.Generator(), config.augment))

    def record() -> None:
        training.record({}, {}, (1.0, 1.0), training.slice.low)

    training.calibrate()
    step()
    start = time.perf_counter() - began  # with what only a first step costs
    more = config.patches - tried.patches + config.validation_patches - tried.validation_patches
    if more:
        start += more / CUT * _seconds(cut, machine)
    picture = training.slice.low.size
    looked_at = tried.validation_patches * config.patch**2 + picture
    pixels = config.validation_patches * config.patch**2 + picture * (SIDE / side) ** 2
    look = _seconds(training.look, machine) * pixels / looked_at
    looks = config.epochs + (not config.residual)  # a new residual network changes nothing
    return (
        start
        + looks * look
        + (config.epochs + 1) * _seconds(record, machine)
        + config.epochs * config.steps_per_epoch * _seconds(step, machine)
    )


def _phantom(side: int, number: int) -> Pair:
    """A slice of a body of its own: water in air that fills as much of it as people do, at quarter
    dose."""
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    inside = np.hypot(rows / BODY[0], columns / BODY[1]) < 1 / 2
    drawn = np.random.default_rng(number).normal(0, 15, (2, side, side))
    full = np.where(inside, 40.0, -1000.0) + drawn[0]
    low = full + drawn[1]
    return Pair("phantom", low[None, None].astype(np.float32), full[None].astype(np.float32),
                (0.8, 0.8), np.arange(1.0), patient=str(number))  # fmt: skip


def _seconds(function: Callable[[], object], machine: Machine, longest: float = 0.5) -> float:
    """What a call takes while nothing is in its way: the fastest quarter of some calls, of two at
    least and of as many as fit in ``longest``."""
    times: list[float] = []
    while len(times) < 2 or (sum(times) < longest and len(times) < 20):
        began = time.perf_counter()
        function()
        if machine.device.type == "cuda":
            torch.cuda.synchronize()
        elif machine.device.type == "mps":
            torch.mps.synchronize()
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 4]
