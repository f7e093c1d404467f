"""Which way up a picture is shown where the viewer does not do it."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


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
    if abs(along @ below) > abs(along @ right):
        image, along, down = image.swapaxes(0, 1), down, along
    if along @ right < 0:
        image = image[:, ::-1]
    return image[::-1] if down @ below < 0 else image
