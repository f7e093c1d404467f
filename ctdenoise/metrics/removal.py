"""What a denoiser did to one slice: its noise before and after, its CT numbers, what it removed."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdenoise.metrics.noise import noise_level
from ctdenoise.metrics.residue import edge_share
from ctdenoise.metrics.tissue import Shift, shifts

MIXES = (0.0, 0.5, 1.0)
"""At which the noise is measured: as many as a parabola has points."""


@dataclass(frozen=True)
class Removal:
    """``noise``: robust estimates in the slice's unit at the ``MIXES`` of the output's share in
    a mix with the input. ``edges``: :func:`edge_share` of what was removed, the same in any mix.
    ``shifts``: of each tissue that the slice holds, in HU; empty where it is in another unit.
    """

    noise: tuple[float, float, float]
    edges: float | None
    shifts: dict[str, Shift]

    def noise_at(self, mix: float) -> float:
        """Noise of the mix input + ``mix`` * (output - input), without computing it.

        The variance of a mix is a parabola in its share, exactly so in any one region, and here
        that of the regions which the estimate rests on.
        """
        none, half, full = (level**2 for level in self.noise)
        rise, bend = 4 * half - 3 * none - full, 2 * (none + full) - 4 * half
        return math.sqrt(max(none + rise * mix + bend * mix**2, 0.0))


def judge(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    unit: str = "HU",
    full: NDArray[np.float32] | None = None,
) -> Removal:
    """Compare a slice (rows, columns) in ``unit`` with what a denoiser made of it. ``full``: the
    same slice at full dose, where it is known, to tell tissues by."""
    mixed = (before + np.float32(mix) * (after - before) for mix in MIXES)
    none, half, whole = (noise_level(image) for image in mixed)
    return Removal(
        noise=(none, half, whole),
        edges=edge_share(before, before - after, unit),
        shifts=shifts(before, after, full) if unit == "HU" else {},
    )
