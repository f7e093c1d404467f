"""How much anatomy is left in the removed noise: what a denoiser should not have taken away."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, gaussian_gradient_magnitude

WARNING = 1.25
"""From here on anatomy shows. On 20 real slices of 11 patients inserted noise of 50 % to 5 % dose,
taken away exactly, came to 0.97 to 1.17; a Gaussian filter of 3 pixels at 25 % to 1.6 to 5.4."""

EDGE_SIGMA = 1.5
"""Of the Gaussian in pixels under which slopes are taken."""
STEEP = 4.0
"""An edge is so many times as steep as the slice is at half of its places, which is noise."""
NEAR, FAR = 3, 6
"""Pixels up to which removed noise is at an edge, and from which on it is beside it."""
NEIGHBOURHOOD = 8.0
"""Sigma in pixels over which the noise beside an edge is averaged."""
FEWEST = 200
"""Pixels at edges below which nothing is told."""
OUTSIDE = -950.0
"""HU up to which it is air, where scanners cut noise off."""


def edge_ratio(
    image: NDArray[np.floating], removed: NDArray[np.floating], unit: str = "HU"
) -> float | None:
    """How many times as strong ``removed`` (input minus output) is at edges of the input ``image``
    as beside them, root mean square, both (rows, columns) in ``unit``; None without edges.

    Noise does not know where edges are: it gives 1. A filter that rounds edges off leaves them in
    what it removes, and the ratio rises. Under 1 a filter has spared the edges, and their noise.
    The idea that the "method noise" should look like noise is that of Buades, Coll & Morel, "A
    review of image denoising algorithms, with a new one", Multiscale Model Simul 2005;4:490-530.
    It tells of edges that stand out of the noise, and of nothing finer.
    """
    values = image.astype(np.float32)
    inside = np.ones(values.shape, bool)
    if unit == "HU":
        inside = gaussian_filter(values, 2 * EDGE_SIGMA) > OUTSIDE
    if not inside.any():
        return None
    slope = gaussian_gradient_magnitude(values, EDGE_SIGMA)
    edge = inside & (slope > STEEP * np.median(slope[inside]))
    if not edge.any():
        return None
    away = distance_transform_edt(~edge)
    beside = inside & (away > FAR)
    power = np.square(removed, dtype=np.float32)
    weight = gaussian_filter(beside.astype(np.float32), NEIGHBOURHOOD)
    here = inside & (away <= NEAR) & (weight > 0.05)
    if here.sum() < FEWEST:
        return None
    around = gaussian_filter(np.where(beside, power, 0), NEIGHBOURHOOD)[here] / weight[here]
    expected = float(around.sum(dtype=np.float64))
    return float(np.sqrt(power[here].sum(dtype=np.float64) / expected)) if expected > 0 else None


def sentence(ratio: float | None) -> str:
    """What an :func:`edge_ratio` means, for people."""
    if ratio is None:
        return "There are too few edges in this slice to tell whether anatomy was removed."
    if ratio >= WARNING:
        return (
            f"Anatomy shows in the removed noise: it is {ratio:.1f} times as strong at edges as "
            "beside them, and pure noise would be equally strong (1.0)."
        )
    return (
        f"No anatomy shows in the removed noise: at edges it is {ratio:.1f} times as strong as "
        "beside them, and pure noise would be at 1.0."
    )
