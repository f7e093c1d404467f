"""The progress slice: its picture after each epoch and how good it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from pydantic import BaseModel

from ctdenoise import stored
from ctdenoise.config.events import Epoch
from ctdenoise.config.split import Part
from ctdenoise.errors import telling_disk_problems
from ctdenoise.files import atomic_file
from ctdenoise.metrics.metric import GAUSSIAN, Metric, Sample, headlines, measure, viewing
from ctdenoise.scans.scan import Pair
from ctdenoise.units import WINDOWS, Pixels, Window, to_int16

LOW, FULL, FACTS = "low.tif", "full.tif", "slice.json"
"""What a run keeps of its progress slice, beside ``progress/``."""
TISSUE = -300.0
"""HU above which a pixel is body."""
MARGIN = 8


class Geometry(BaseModel):
    """How to show and judge the progress pictures of a run; ``rows``: those that are judged, from
    the first to behind the last."""

    spacing: tuple[float, float] | None
    orientation: tuple[float, float, float, float, float, float]
    unit: str
    rows: tuple[int | None, int | None] = (None, None)

    @property
    def geometry(self) -> dict[str, Any]:
        """What the viewer must know."""
        return self.model_dump(exclude={"rows"})


class ProgressSlice:
    """The body in one slice that is never trained on; of a banded one the test band is scored.

    The air around the body is left out: it costs half the time of a picture and shows nothing.
    """

    def __init__(self, pairs: Sequence[Pair], part: Part) -> None:
        pair, index = pairs[part.pair], part.slices[0]
        full = np.asarray(pair.full[index], np.float32)
        rows, columns = body(full) if pair.unit == "HU" else whole(full)
        band = range(*(part.rows or (0, len(full))))
        high = len(range(max(rows.start, band.start), min(rows.stop, band.stop)))
        if min(high, columns.stop - columns.start) < GAUSSIAN.side:
            rows, columns = whole(full)
        self.full = full[rows, columns]
        self.low = np.array(pair.low[0, index, rows, columns], np.float32)
        self.rows = slice(max(band.start - rows.start, 0), min(band.stop, rows.stop) - rows.start)
        self.window = WINDOWS["soft tissue"] if pair.unit == "HU" else Window.automatic(full)
        self.facts = Geometry(spacing=pair.spacing, orientation=pair.orientation, unit=pair.unit,
                           rows=(self.rows.start, self.rows.stop))  # fmt: skip

    def score(self, image: NDArray[np.float32]) -> dict[str, float | None]:
        """All metrics, by name, of ``image``, which is as large as ``full``."""
        full, spacing = self.full[self.rows], self.facts.spacing
        return measure(Sample(image[self.rows], viewing(self.window), full, spacing=spacing))

    def keep(self, run: Path) -> None:
        """Write what the pictures are compared with: a run can be shown without its scan."""
        write(self.low, run / LOW, self.facts.unit)
        write(self.full, run / FULL, self.facts.unit)
        (run / FACTS).write_text(self.facts.model_dump_json(), encoding="utf-8")


def facts(run: Path) -> Geometry:
    """The facts of a run's progress slice, from its folder; :class:`Problem` where they are
    damaged."""
    with stored.reading("The record of this run's pictures", "delete the run and train again"):
        return stored.record(run / FACTS, Geometry)


def picture(path: Path) -> Pixels:
    """A picture of the progress slice, (rows, columns); :class:`Problem` where it is damaged."""
    with stored.reading("This picture of the run", "look at those of other epochs"):
        found: Pixels = tifffile.imread(path)
        if found.ndim != 2 or found.dtype not in (np.int16, np.float32):
            raise ValueError("a picture is int16 or float32, (rows, columns)")
        return found


def figures(epoch: Epoch) -> list[tuple[Metric, float | None]]:
    """What short tables show of the progress slice after an epoch. They leave out its error in its
    own unit, since they show that of the validation patches."""
    return [
        (metric, epoch.metrics[metric.name])
        for metric in headlines(of_region=False)
        if metric.name in epoch.metrics and not metric.in_image_unit
    ]


def whole(image: NDArray[np.float32]) -> tuple[slice, slice]:
    """The region that is all of an image: its rows, its columns."""
    return slice(0, image.shape[0]), slice(0, image.shape[1])


def body(image: NDArray[np.float32]) -> tuple[slice, slice]:
    """Rows and columns of the largest connected tissue, with a margin; all where there is none."""
    from scipy import ndimage  # which the dashboard's server does without

    parts, count = ndimage.label(image > TISSUE)
    if not count:
        return whole(image)
    largest = int(np.bincount(parts.ravel())[1:].argmax())
    rows, columns = (
        slice(max(side.start - MARGIN, 0), min(side.stop + MARGIN, size))
        for side, size in zip(ndimage.find_objects(parts)[largest], image.shape, strict=True)
    )
    return rows, columns


@telling_disk_problems
def write(image: NDArray[np.float32], path: Path, unit: str) -> None:
    """Write a TIFF, whole or not at all: int16 in HU, float32 in any other unit."""
    with atomic_file(path) as part:
        tifffile.imwrite(part, to_int16(image) if unit == "HU" else image)
