"""The figures of many slices of a pair, and of what networks and filters make of them."""

import numpy as np

from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, Kind, Running
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


def _judge(running: Running[Judge]) -> list[dict[str, float | None]]:
    """Of each method: its metrics of whole images against full dose, as the mean over the slices;
    then those of the full dose that need no reference.

    Pictures are measured as people see them: HU rounded to whole numbers.
    """
    asked = running.arguments
    pair = library_of(asked.owner).pair(asked.pair)
    convention = Convention("", Window(asked.level, asked.width), SSIM_WINDOWS[asked.ssim])
    band = slice(*asked.rows)
    metrics = headlines(of_region=False)
    found: list[list[dict[str, float | None]]] = [[] for _ in (*asked.methods, "full dose")]
    for number, index in enumerate(asked.slices):
        full = to_pixels(pair.full[index], pair.unit)[band].astype(np.float32)
        found[-1].append(measure(Sample(full, convention, spacing=pair.spacing), metrics))
        for method, each in zip(asked.methods, found[:-1], strict=True):
            running.tell(number / len(asked.slices), f"Slice {number + 1} of {len(asked.slices)}")
            image = _through(method, pair, asked, index)[band].astype(np.float32)
            sample = Sample(image, convention, full, spacing=pair.spacing)
            each.append(measure(sample, metrics))
    return [mean_over_slices(each) for each in found]


def _through(method: Method, pair: Pair, asked: Judge, index: int) -> Pixels:
    if isinstance(method, RunNetwork | ShippedNetwork):
        return denoised_slice(
            DenoiseSlice(method=method, owner=asked.owner, pair=asked.pair, index=index)
        )
    low = np.array(pair.low[0, index])
    return to_pixels(ready(method, pair.unit)(low) if method else low, pair.unit)


JUDGE = KINDS.register(Kind("judge", "The comparison", "batch", Judge, _judge, ANSWER_SECONDS))
