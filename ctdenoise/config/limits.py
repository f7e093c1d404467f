"""What a training may cost here: held before anything runs, on what its settings come to together.

The cost is counted, not measured, so that neither a link nor a form works for it.
"""

from ctdenoise.config.config import Config
from ctdenoise.config.cost import run_cost, step_cost
from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.units import counted, size

MEASURABLE = 3e11
"""Multiply-adds of a step that is tried out: some seconds of a worker that all visitors share."""
SPEED = 1e11
"""Multiply-adds a second that a processor of a few cores may well do, for a first guess."""
FASTEST = 2e13
"""And that a large graphics processor does with our networks."""


def refuse_unaffordable(config: Config) -> None:
    """Raise :class:`Problem` where a training would take more memory than a worker may have, or
    longer than a run may last on the fastest of machines."""
    cost, allowed = run_cost(config), settings()
    if cost.memory_bytes > allowed.worker_memory_mb << 20:
        raise Problem(
            "These settings",
            f"would take about {size(cost.memory_bytes)} of memory and a training here may "
            f"take {size(allowed.worker_memory_mb << 20)}",
            "choose a smaller batch or patch, fewer filters or fewer layers",
        )
    if config.time_budget_s:
        refuse_too_long(config.time_budget_s)
    elif cost.operations > FASTEST * 3600 * allowed.run_hours:
        days = cost.operations / FASTEST / 86_400
        raise Problem(
            "These settings",
            f"would take more than {counted(round(days), 'day')} even on the fastest graphics "
            f"processor, and a training here may take {counted(allowed.run_hours, 'hour')}",
            "choose fewer epochs or steps, a smaller batch or patch, or fewer filters",
        )


def refuse_too_long(seconds: float) -> None:
    """Raise :class:`Problem` where a training of so many seconds is longer than a run may last."""
    allowed = settings().run_hours
    if seconds > 3600 * allowed:
        raise Problem(
            "This training",
            f"would take {counted(round(seconds / 3600), 'hour')} and may take {allowed} here",
            "choose fewer epochs or steps, or a smaller network",
        )


def is_measurable(config: Config) -> bool:
    """Whether real steps may be tried out to tell how long a run will take."""
    return step_cost(config).operations <= MEASURABLE


def guessed_seconds(config: Config) -> float:
    """Very roughly, how long a run will take where nothing was measured."""
    return config.time_budget_s or run_cost(config).operations / SPEED
