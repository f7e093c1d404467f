"""Hounsfield units, display windows and clipping."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AIR = -1024.0
"""What padding outside the field of view becomes, in HU."""

HuImage = NDArray[np.float32]
"""HU, shape (rows, columns) or (slices, rows, columns)."""


@dataclass(frozen=True)
class Window:
    """A display window: ``level`` is its centre and ``width`` its extent, in the image's unit."""

    level: float
    width: float

    @property
    def lower(self) -> float:
        return self.level - self.width / 2

    @property
    def upper(self) -> float:
        return self.level + self.width / 2

    @classmethod
    def automatic(cls, image: NDArray[np.floating]) -> "Window":
        """Mean ± 3 SD, for pictures that are not in HU; one wide where all values are the same."""
        return cls(float(image.mean()), 6 * float(image.std()) or 1.0)


WINDOWS = {
    "soft tissue": Window(40, 400),
    "bone": Window(480, 2500),
    "lung": Window(-600, 1500),
}
"""The presets of the viewer, by name."""

DIFFERENCE = 200.0
"""Width in HU of the window in which removed noise is looked at first: -100 to 100."""


def to_int16(image: NDArray[np.floating]) -> NDArray[np.int16]:
    """Round to whole HU and saturate at the range of int16, as DICOM and the viewer store them."""
    return np.clip(np.rint(image), -32768, 32767).astype(np.int16)
