"""The progress slice: its picture after each epoch and how good it is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from ctdenoise.errors import telling_disk_problems
from ctdenoise.hounsfield import WINDOWS, Window, to_int16
from ctdenoise.quality.fidelity import Fidelity, fidelity, viewing
from ctdenoise.scans.scan import Pair
from ctdenoise.training.split import Part


class ProgressSlice:
    """One slice that is never trained on; of a banded one only the test band is scored."""

    def __init__(self, pairs: Sequence[Pair], part: Part) -> None:
        pair, index = pairs[part.pair], part.slices[0]
        self.low = np.asarray(pair.low[0, index], np.float32)
        self.full = np.asarray(pair.full[index], np.float32)
        self.rows = slice(*part.rows) if part.rows else slice(None)
        self.window = WINDOWS["soft tissue"] if pair.unit == "HU" else Window.automatic(self.full)

    def score(self, image: NDArray[np.float32]) -> Fidelity:
        return fidelity(image[self.rows], self.full[self.rows], viewing(self.window))


@telling_disk_problems
def write(image: NDArray[np.float32], path: Path) -> None:
    """Write an int16 TIFF, whole or not at all."""
    part = path.with_name(path.name + ".part")
    tifffile.imwrite(part, to_int16(image))
    part.replace(path)
