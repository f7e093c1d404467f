"""Synthetic pictures, int16 (rows, columns)."""

import numpy as np
from numpy.typing import NDArray

OFFSETS = {"low": 30, "net": 10, "full": 0, "other": -20, "slow": 5}


def picture(
    kind: str, frame: int | str = 0, rows: int = 96, columns: int = 128
) -> NDArray[np.int16]:
    """``column - 2 row + 10 frame`` plus the kind's offset, and stripes of ± 3 in "low".

    Of "dial", ``frame`` is where two dials stand ("0.25-1"): 400 a + 1000 a b everywhere.
    """
    if kind == "dial":
        a, b = map(float, str(frame).split("-"))
        return np.full((rows, columns), 400 * a + 1000 * a * b, "<i2")
    row, column = np.mgrid[:rows, :columns]
    values = column - 2 * row + 10 * int(frame) + OFFSETS[kind]
    if kind == "low":
        values = values + np.where((row + column) % 2, 3, -3)
    return values.astype("<i2")
