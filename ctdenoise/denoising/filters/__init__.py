"""Denoising filters that nobody trains, to compare a network with; one registry of them.

Their strengths are in pixels or in the image's own unit, so that they mean the same in any scan.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.registry import Registry

Image = NDArray[np.float64]
"""(rows, columns), its smallest value 0."""


@dataclass(frozen=True)
class Filter:
    """One filter and its one knob.

    ``parameter`` is what the strength is called and ``unit`` what it is counted in: "px", or "HU",
    which is the image's own unit where that is another. ``lowest`` to ``highest`` is where a slider
    goes, and ``sentence`` says what will be seen when it moves. ``smooth`` gets an :data:`Image`
    and a positive strength.
    """

    name: str
    rank: int
    title: str
    parameter: str
    unit: str
    default: float
    lowest: float
    highest: float
    sentence: str
    smooth: Callable[[Image, float], Image]

    def apply(self, image: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
        """Denoise ``image``, float32 (rows, columns) in HU or its own unit, of any range.

        Raises :class:`Problem` where ``strength`` is no positive number.
        """
        if not (math.isfinite(strength) and strength > 0):
            raise Problem(
                f"The strength {strength:g}",
                f"is nothing that the {self.title} filter can use",
                f"choose {self.lowest:g} to {self.highest:g} {self.unit}",
            )
        values = image.astype(np.float64)
        lowest = float(values.min())
        if values.max() == lowest:
            return image.copy()  # nothing to remove, and no range to divide by
        return (self.smooth(values - lowest, strength) + lowest).astype(np.float32)


FILTERS: Registry[Filter] = Registry("filter", "ctdenoise.denoising.filters")
