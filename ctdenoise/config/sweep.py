"""A grid of configs that differ in one or two loss weights (no torch)."""

from dataclasses import dataclass
from itertools import product

from ctdenoise.config.config import Config, override
from ctdenoise.losses.term import LOSS_TERMS

EPOCHS, STEPS = 6, 30
"""Of each short run: 180 steps, with which the recommended recipe is far below the low dose."""


@dataclass(frozen=True)
class Axis:
    """A loss weight and the values that it takes."""

    weight: str
    values: tuple[float, ...]

    @property
    def title(self) -> str:
        """The loss term's title."""
        return LOSS_TERMS[self.weight].title


def spread(low: float, high: float, count: int) -> tuple[float, ...]:
    """``count`` values from ``low`` to ``high``, evenly spread, whole where they are percent."""
    return tuple(round(low + i * (high - low) / max(count - 1, 1), 1) for i in range(count))


def grid(base: Config, axes: list[Axis]) -> list[tuple[tuple[float, ...], Config]]:
    """The values of each cell and its config, the last axis moving fastest.

    Everything else, the seed included, is that of ``base``; the runs are short. Raises
    :class:`Problem` where a cell has no loss at all.
    """
    if unknown := {axis.weight for axis in axes} - set(LOSS_TERMS):
        raise ValueError(f"no loss weight: {unknown}")
    short = base.model_copy(
        update={"epochs": EPOCHS, "steps_per_epoch": STEPS, "time_budget_s": None}
    )
    cells = []
    for values in product(*(axis.values for axis in axes)):
        chosen = {f"loss.{a.weight}": str(v) for a, v in zip(axes, values, strict=True)}
        cells.append((values, override(short, chosen)))
    return cells
