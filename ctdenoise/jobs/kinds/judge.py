"""The figures of many slices of a pair, and of what networks and filters make of them."""

import time
from dataclasses import dataclass

import numpy as np

from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, GaveWay, Kind, Running
from ctdenoise.jobs.kinds.denoise import DenoiseSlice, denoised_slice
from ctdenoise.metrics.metric import (
    GAUSSIAN,
    SSIM_WINDOWS,
    Convention,
    Sample,
    headlines,
    mean_over_slices,
    measure,
)
from ctdenoise.scans.scan import Pair
from ctdenoise.units import Pixels, Window, to_pixels
from ctdenoise.workspace.denoisers import ClassicalFilter, RunNetwork, ShippedNetwork, ready
from ctdenoise.workspace.library import library_of

Method = RunNetwork | ShippedNetwork | ClassicalFilter | None
"""What the low dose goes through; None for itself."""


class Judge(Arguments):
    """Some ``slices`` of a pair in the workspace ``owner``, within ``rows``, through each of the
    ``methods``; what has to be clipped is clipped to the window ``level``, ``width``;
    ``ssim`` names SSIM's windows."""

    owner: str
    pair: str
    slices: tuple[int, ...]
    rows: tuple[int, int]
    methods: tuple[Method, ...]
    level: float
    width: float
    ssim: str = GAUSSIAN.name


@dataclass
class Found:
    """The figures of the slices that are measured, of each method and of the full dose: what a job
    keeps for its next turn. ``seconds``: what they took."""

    figures: list[list[dict[str, float | None]]]
    seconds: float = 0.0

    @property
    def slices(self) -> int:
        """How many are measured."""
        return len(self.figures[-1])

    @property
    def held_bytes(self) -> int:
        """About what they take."""
        return 1000 * len(self.figures) * self.slices


def _judge(running: Running[Judge]) -> list[dict[str, float | None]]:
    """Of each method: its metrics of whole images against full dose, as the mean over the slices;
    then those of the full dose that need no reference.

    Pictures are measured as people see them: HU rounded to whole numbers. What was measured in the
    turns before is in memory only; where it is lost, this turn lasts until it is further than they
    were.
    """
    asked = running.arguments
    pair = library_of(asked.owner).pair(asked.pair)
    convention = Convention("", Window(asked.level, asked.width), SSIM_WINDOWS[asked.ssim])
    band = slice(*asked.rows)
    metrics = headlines(of_region=False)
    found = running.kept or Found([[] for _ in (*asked.methods, "full dose")])
    reached, count = running.progress, len(asked.slices)
    for number, index in enumerate(asked.slices[found.slices :], found.slices):
        began = time.monotonic()
        full = to_pixels(pair.full[index], pair.unit)[band].astype(np.float32)
        of_full = measure(Sample(full, convention, spacing=pair.spacing), metrics)
        of_methods = []
        for method in asked.methods:
            running.tell(number / count, f"Slice {number + 1} of {count}")
            image = _through(method, pair, asked, index)[band].astype(np.float32)
            sample = Sample(image, convention, full, spacing=pair.spacing)
            of_methods.append(measure(sample, metrics))
        for each, figures in zip(found.figures, (*of_methods, of_full), strict=True):
            each.append(figures)
        found.seconds += time.monotonic() - began
        running.progress = found.slices / count
        running.first = running.left = found.seconds / found.slices * (count - found.slices)
        if reached < running.progress < 1 and running.turn_is_over():
            raise GaveWay(found)
    return [mean_over_slices(each) for each in found.figures]


def _through(method: Method, pair: Pair, asked: Judge, index: int) -> Pixels:
    if isinstance(method, RunNetwork | ShippedNetwork):
        return denoised_slice(
            DenoiseSlice(method=method, owner=asked.owner, pair=asked.pair, index=index)
        )
    low = np.array(pair.low[0, index])
    return to_pixels(ready(method, pair.unit)(low) if method else low, pair.unit)


JUDGE = KINDS.register(Kind("judge", "The comparison", "batch", Judge, _judge, ANSWER_SECONDS))
