"""Synthetic pictures, int16 (rows, columns)."""

import numpy as np
from numpy.typing import NDArray

OFFSETS = {"low": 30, "net": 10, "full": 0, "other": -20, "slow": 5}


def picture(kind: str, frame: int = 0, rows: int = 96, columns: int = 128) -> NDArray[np.int16]:
    """``column - 2 row + 10 frame`` plus the kind's offset, and stripes of ± 3 in "low"."""
    row, column = np.mgrid[:rows, :columns]
    values = column - 2 * row + 10 * frame + OFFSETS[kind]
    if kind == "low":
        values = values + np.where((row + column) % 2, 3, -3)
    return values.astype("<i2")
