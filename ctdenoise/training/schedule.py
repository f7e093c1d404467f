"""What changes from step to step: the learning rate, and where the dial stands (no torch)."""

import math

from ctdenoise.config.config import Config

WARM_UP = 0.05
"""Part of a one-cycle training in which the rate rises."""
ENDS = 0.35
"""Part of the steps in which a dial stands at each of its ends."""


def learning_rate(config: Config, done: float) -> float:
    """The rate after the fraction ``done`` (0 to 1) of the training.

    One cycle: from 1/4 up to the full rate and down to 1/1000 along cosines (Smith 2018).
    """
    peak = config.learning_rate
    if config.schedule == "constant":
        return peak
    if config.schedule == "cosine":
        return peak * _cosine(1.0, 1e-3, done)
    if done < WARM_UP:
        return peak * _cosine(0.25, 1.0, done / WARM_UP)
    return peak * _cosine(1.0, 1e-3, (done - WARM_UP) / (1 - WARM_UP))


def _cosine(start: float, end: float, at: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(max(at, 0.0), 1.0))) / 2


def dial_setting(step: int, dials: int) -> list[float]:
    """A number from 0 to 1 for each dial, another one at every step.

    They cover the range evenly and come back to its ends often, since those are what people
    compare. Steps along the R-sequence (Roberts, "The unreasonable effectiveness of quasirandom
    sequences", 2018) leave smaller gaps than chance, and the patches that a seed draws remain
    those of a network without a dial.
    """
    ratio = 1.0
    for _ in range(30):  # the root above 1 of x^(dials + 1) = x + 1
        ratio = (1 + ratio) ** (1 / (dials + 1))
    drawn = [(0.5 + (step + 1) * ratio ** -(axis + 1)) % 1 for axis in range(dials)]
    return [min(max((x - ENDS) / (1 - 2 * ENDS), 0.0), 1.0) for x in drawn]
