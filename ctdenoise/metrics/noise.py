"""Noise in a region of an image, contrast to noise, and the noise level of a whole image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from ctdenoise.metrics.metric import METRICS, Metric, Region

SOFT_TISSUE = (-200.0, 200.0)
"""Mean of a neighbourhood, in HU, that counts as soft tissue (water included, lung excluded)."""

NEIGHBOURHOOD = 9
"""Side in pixels of the squares whose SDs tell an image's noise level."""


@dataclass(frozen=True)
class RegionStatistics:
    """Mean and SD (n - 1) in the image's unit, and the number of pixels."""

    mean: float
    sd: float
    pixels: int


def statistics(image: NDArray[np.floating], region: Region) -> RegionStatistics:
    """Mean and SD of ``image`` (rows, columns) in ``region``; the SD of one pixel is 0.

    Raises :class:`Problem` where the region does not lie inside the image.

    >>> statistics(np.array([[1.0, 2.0, 3.0]]), Region(0, 0, 1, 3))
    RegionStatistics(mean=2.0, sd=1.0, pixels=3)
    """
    values = region.of(image).astype(np.float64)
    sd = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return RegionStatistics(float(values.mean()), sd, values.size)


def mean(image: NDArray[np.floating], region: Region) -> float:
    """Mean of ``image`` (rows, columns) in ``region``, in the image's unit."""
    return statistics(image, region).mean


def sd(image: NDArray[np.floating], region: Region) -> float:
    """Standard deviation (n - 1) of ``image`` (rows, columns) in ``region``, in its unit."""
    return statistics(image, region).sd


def cnr(image: NDArray[np.floating], region: Region, background: Region) -> float | None:
    """Contrast-to-noise ratio: |difference of the means| / SD of the background.

    None where the background has no noise, since then no ratio exists.

    >>> cnr(np.array([[8.0, 8.0, 8.0], [1.0, 2.0, 3.0]]), Region(0, 0, 1, 3), Region(1, 0, 1, 3))
    6.0
    """
    inside, outside = statistics(image, region), statistics(image, background)
    return abs(inside.mean - outside.mean) / outside.sd if outside.sd > 0 else None


METRICS.register(Metric("mean", "Mean", mean, "mean in a region", "image", digits=1, rank=50))
METRICS.register(
    Metric("sd", "SD", sd, "standard deviation in a region", "image",
           digits=1, better="smaller", rank=60)
)  # fmt: skip
METRICS.register(
    Metric("cnr", "CNR", cnr, "contrast of two regions over the noise of the second",
           better="larger", rank=70)
)  # fmt: skip


def noise_level(image: NDArray[np.floating]) -> float:
    """Noise of a whole image (rows, columns) in its own unit, without a region drawn by hand.

    The most frequent SD among small squares of soft tissue, after Christianson et al., "Automated
    technique to measure noise in clinical CT examinations", AJR 2015;205:W93: most squares lie in
    one organ and hold noise alone, and the few across an edge only lengthen the tail. Where there
    is no soft tissue (MR, PET, other units), all squares that are not constant count.
    """
    mean, sd = local_statistics(image, NEIGHBOURHOOD)
    soft = (mean > SOFT_TISSUE[0]) & (mean < SOFT_TISSUE[1]) & (sd > 0)
    chosen = sd[soft] if soft.mean() > 0.01 else sd[sd > 0]
    return _mode(chosen) if chosen.size else 0.0


def local_statistics(
    image: NDArray[np.floating], side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and SD (n - 1) of every square of ``side`` pixels wholly inside the image.

    Returns two arrays (rows - side + 1, columns - side + 1), indexed by the square's first pixel.
    """
    side = min(side, *image.shape)
    values = image.astype(np.float64)
    values -= values.mean()  # keeps the difference of squares accurate

    def average(of: NDArray[np.float64]) -> NDArray[np.float64]:
        # uniform_filter centres its window: the negative origin starts it at the pixel instead
        full: NDArray[np.float64] = uniform_filter(of, side, origin=-(side // 2), mode="nearest")
        return full[: of.shape[0] - side + 1, : of.shape[1] - side + 1]

    mean = average(values)
    variance = np.maximum(average(values**2) - mean**2, 0) * side**2 / max(side**2 - 1, 1)
    variance[variance < 1e-9 * max(float(values.var()), 1e-30)] = 0  # rounding, not noise
    return mean + float(image.mean(dtype=np.float64)), np.sqrt(variance)


def _mode(values: NDArray[np.float64]) -> float:
    """The most frequent value: the middle of ever narrower intervals that hold half of the rest."""
    ordered = np.sort(values)
    while ordered.size > 64:
        half = (ordered.size + 1) // 2
        start = int(np.argmin(ordered[half - 1 :] - ordered[: ordered.size - half + 1]))
        ordered = ordered[start : start + half]
    return float(ordered.mean())
