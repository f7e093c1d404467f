"""Hounsfield units, display windows, clipping, and which way up a slice is shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

AIR = -1024.0
"""What padding outside the field of view becomes, in HU."""
DENSEST = 3071.0
"""HU that tissue, in the 12 bits of a usual CT, does not exceed; dense metal reaches it."""

HuImage = NDArray[np.float32]
"""HU, shape (rows, columns) or (slices, rows, columns)."""


@dataclass(frozen=True)
class Window:
    """A display window: ``level`` is its centre and ``width`` its extent, in the image's unit.

    >>> Window(40, 400).lower, Window(40, 400).upper
    (-160.0, 240.0)
    """

    level: float
    width: float

    @property
    def lower(self) -> float:
        """What is drawn black, in the image's unit."""
        return self.level - self.width / 2

    @property
    def upper(self) -> float:
        """What is drawn white, in the image's unit."""
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
    whole: NDArray[np.int16] = np.clip(np.rint(image), -32768, 32767).astype(np.int16)
    return whole


Pixels = NDArray[np.int16] | NDArray[np.float32]
"""What is looked at, (rows, columns): int16 in HU, float32 in any other unit."""


def to_pixels(values: NDArray[np.floating], unit: str) -> Pixels:
    """A copy of ``values`` as they are looked at: whole HU, other units to the last digit."""
    return to_int16(values) if unit == "HU" else np.array(values, np.float32)


def upright(image: NDArray[Number], orientation: Sequence[float]) -> NDArray[Number]:
    """``image`` (rows, columns, ...) in the radiological view, as the viewer turns it: the
    patient's left on the right, front (axial) or head (coronal, sagittal) up.

    ``orientation``: direction cosines of a row and of a column (DICOM PS3.3 C.7.6.2.1.1), in a
    system of left, posterior and head.
    """
    along, down = np.reshape(np.asarray(orientation, float), (2, 3))
    axis = int(np.argmax(np.abs(np.cross(along, down))))
    right = np.array([0.0, 1.0, 0.0] if axis == 0 else [1.0, 0.0, 0.0])
    below = np.array([0.0, 1.0, 0.0] if axis == 2 else [0.0, 0.0, -1.0])
    kept = abs(along @ right) + abs(down @ below)
    if abs(along @ below) + abs(down @ right) > kept:
        image, along, down = image.swapaxes(0, 1), down, along
    if along @ right < 0:
        image = image[:, ::-1]
    return image[::-1] if down @ below < 0 else image


def counted(count: int, noun: str) -> str:
    """A count and what is counted, in words.

    >>> counted(1, "slice"), counted(2, "slice")
    ('1 slice', '2 slices')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def period(seconds: float) -> str:
    """A limit of time, or what is over it, in words: whole hours or minutes as they are, anything
    else as the next whole number of what suits it.

    >>> period(300), period(7200), period(5400), period(301), period(4000)
    ('5 minutes', '2 hours', '90 minutes', '301 seconds', '67 minutes')
    >>> period(40_000), period(400_000)
    ('12 hours', '5 days')
    """
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds % length == 0:
            return counted(round(seconds / length), unit)
    for unit, length, most in (("second", 1, 600), ("minute", 60, 36_000), ("hour", 3600, 345_600)):
        if seconds < most:
            return counted(math.ceil(seconds / length), unit)
    return counted(math.ceil(seconds / 86_400), "day")


def size(count: float) -> str:
    """So many bytes in words.

    >>> size(9000), size(12_300), size(12.34 * 2**20), size(4 << 30), size(1300 * 2**30)
    ('9,000 bytes', '12 KB', '12.3 MB', '4 GB', '1,300 GB')
    """
    for unit, bytes in (("GB", 1 << 30), ("MB", 1 << 20)):
        if count >= bytes:
            number = count / bytes
            return f"{number:,.{int(number < 100)}f}".removesuffix(".0") + f" {unit}"
    return f"{count / 1024:,.0f} KB" if count >= 10_000 else f"{count:,.0f} bytes"
