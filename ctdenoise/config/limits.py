"""What a training may cost here: held before anything runs, on what its settings come to together.

The cost is counted, not measured, so that neither a link nor a form works for it. The longest that
a training may take (``longest``, seconds) is its person's: :mod:`ctdenoise.workspace.limits`.
"""

from ctdenoise.config.config import Config, Misfit
from ctdenoise.config.cost import run_cost, step_cost
from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.units import period, size

MEASURABLE = 3e11
"""Multiply-adds of a step that is tried out: some seconds of a worker that all visitors share."""
SPEED = 1e11
"""Multiply-adds a second that a processor of a few cores may well do, for a first guess."""
FASTEST = 2e13
"""And that a large graphics processor does with our networks."""


def refuse_unaffordable(config: Config, longest: float) -> None:
    """Raise :class:`Problem` where a training would take more memory than a worker may have, has a
    longer time budget than it may take, or would take longer on the fastest of machines."""
    refuse_too_large(config)
    budget, operations = config.time_budget_s, run_cost(config).operations
    if budget and budget > longest:
        raise Misfit(
            "The time budget",
            f"is {period(budget)} and a training may take {period(longest)} here",
            f"give it at most {longest:,.0f} s",
            "time_budget_s",
        )
    if not budget and operations > FASTEST * longest:
        raise Problem(
            "These settings",
            f"would take more than {period(operations / FASTEST)} even on the fastest graphics "
            f"processor, and a training here may take {period(longest)}",
            "choose fewer epochs or steps, a smaller batch or patch, or fewer filters",
        )


def refuse_too_large(config: Config) -> None:
    """Raise :class:`Problem` where a training would take more memory than a worker may have."""
    needed, allowed = run_cost(config).memory_bytes, settings().worker_memory_mb << 20
    if needed > allowed:
        raise Problem(
            "These settings",
            f"would take about {size(needed)} of memory and a training here may take "
            f"{size(allowed)}",
            "choose a smaller batch or patch, fewer filters or fewer layers",
        )


def refuse_too_long(seconds: float, longest: float) -> None:
    """Raise :class:`Problem` where a training that is known to take so many seconds may not."""
    if seconds > longest:
        raise Problem(
            "This training",
            f"would take {period(seconds)} and may take {period(longest)} here",
            "choose fewer epochs or steps, a smaller network, or a time budget of "
            f"{longest:,.0f} s",
        )


def cut_short(config: Config, seconds: float, longest: float) -> str:
    """What to expect of a training that is thought to take so many seconds, where it may well be
    stopped before its end; nothing for others."""
    if config.time_budget_s or seconds <= longest:
        return ""
    epoch = 1 + int(config.epochs * longest / seconds)
    return (
        f"It may be stopped after {period(longest)}, the longest here at a time, at about epoch "
        f"{epoch} of {config.epochs}. It keeps what it has learned and can be continued."
    )


def is_measurable(config: Config) -> bool:
    """Whether real steps may be tried out to tell how long a run will take."""
    return step_cost(config).operations <= MEASURABLE


def guessed_seconds(config: Config) -> float:
    """Very roughly, how long a run will take where nothing was measured."""
    return config.time_budget_s or run_cost(config).operations / SPEED
