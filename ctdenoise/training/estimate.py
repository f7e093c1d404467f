"""How long a training will take here: a few real steps and pictures, timed."""

import time
from collections.abc import Callable

import torch

from ctdenoise.config.config import Config
from ctdenoise.config.fit import check_memory
from ctdenoise.training.device import Machine, available_memory, choose, keeping_memory
from ctdenoise.training.learner import Learner
from ctdenoise.units import WINDOWS


def estimate_seconds(config: Config) -> float:
    """Seconds for the whole training, with slices of 512 x 512 to picture.

    Takes a second or two itself; with a time budget the answer is the budget. Raises
    :class:`Problem` where a run could not start.
    """
    machine = choose(config.device, config.precision, config.filters)
    check_memory(config, available_memory(machine.device), machine.kind)
    generator = torch.Generator().manual_seed(0)
    with keeping_memory():
        learner = Learner(config, machine, (0.0, 500.0, 30.0), WINDOWS["soft tissue"],
                          is_hu=True, generator=generator)  # fmt: skip
        if config.time_budget_s:
            return config.time_budget_s
        low = torch.randn(config.batch, 1, config.patch, config.patch).to(machine.device)
        setting = [0.5] * config.dials
        factors = dict.fromkeys(config.loss.weights(), 1.0)
        step = _seconds(
            lambda: learner.step(low, low * 0.5, 1e-6, factors, setting=setting), machine
        )
        small = torch.zeros(1, 1, 128, 128, device=machine.device)
        with torch.inference_mode():
            per_pixel = _seconds(lambda: learner.forward(small), machine) / 128**2
    judged = 512**2 + config.validation_patches * config.patch**2
    return config.epochs * (config.steps_per_epoch * step + judged * per_pixel)


def _seconds(function: Callable[[], object], machine: Machine, longest: float = 0.5) -> float:
    """Middle of some calls after one to warm up; at least two, as many as fit in ``longest``."""
    times: list[float] = []
    function()
    while len(times) < 2 or (sum(times) < longest and len(times) < 20):
        began = time.perf_counter()
        function()
        if machine.device.type == "cuda":
            torch.cuda.synchronize()
        elif machine.device.type == "mps":
            torch.mps.synchronize()
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]
