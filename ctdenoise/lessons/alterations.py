"""What is done to a full dose on purpose, so that something goes wrong with it (no torch)."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ctdenoise.lessons.model import Part


class Disc(Part):
    """A round insert that goes through all slices: its centre as (row, column) of the stored
    picture, its diameter in mm, and by how many HU it differs from what is around it."""

    centre: tuple[float, float]
    diameter: float = Field(gt=0)
    contrast: float

    def share(self, shape: tuple[int, int], spacing: tuple[float, float]) -> NDArray[np.float64]:
        """How much of each pixel it fills, 0 to 1: (rows, columns).

        >>> float(Disc(centre=(8, 8), diameter=8, contrast=1).share((17, 17), (1, 1)).sum().round())
        50.0
        """
        rows, columns = np.ogrid[: shape[0], : shape[1]]
        down = (rows - self.centre[0]) * spacing[0]
        along = (columns - self.centre[1]) * spacing[1]
        beyond = np.hypot(down, along) - self.diameter / 2
        filled: NDArray[np.float64] = np.clip(0.5 - beyond / np.sqrt(spacing[0] * spacing[1]), 0, 1)
        return filled


def altered(
    full: NDArray[np.float32], spacing: tuple[float, float], shift: float, disc: Disc | None
) -> NDArray[np.float32]:
    """Slices in HU, (slices, rows, columns), with a ``disc`` in them, all numbers moved by
    ``shift`` HU as a wrong rescale intercept moves them."""
    values = np.asarray(full, np.float32) + np.float32(shift)
    if disc:
        values += (disc.contrast * disc.share(full.shape[1:], spacing)).astype(np.float32)
    return values
