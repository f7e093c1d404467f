"""Where the dial stands in each step of a training (no torch)."""

ENDS = 0.35
"""Part of the steps in which a dial stands at each of its ends."""


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
