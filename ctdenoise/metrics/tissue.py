"""How far a denoiser shifts the CT number of air, lung, fat, soft tissue and bone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, binary_opening, gaussian_filter

from ctdenoise.units import AIR

TISSUES = {
    "air": (-1100.0, -965.0),
    "lung": (-935.0, -600.0),
    "fat": (-140.0, -55.0),
    "soft tissue": (-20.0, 180.0),
    "bone": (250.0, 2500.0),
}
"""CT numbers in HU, lower and upper, with gaps between them, after the scale in Kalender,
Computed Tomography, 2011; soft tissue includes organs and vessels with contrast medium."""
NOTABLE = 3.0
"""HU from which on a shift is told in words."""
SMOOTHING = 3.0
"""Sigma in pixels of the copy on which tissue is told, and the smaller one of its two."""
EROSION = 4
"""Pixels of rim that a region loses: from air to muscle the copy passes the CT numbers of lung."""
BLOCK = 16
"""Side in pixels of the squares whose means tell how certain a shift is; noise is alike only over
a few pixels, so that two of them are independent."""


@dataclass(frozen=True)
class Shift:
    """Of one tissue: ``before``, its mean CT number in HU, ``shift``, output minus input in HU, and
    the shift's standard error; ``pixels``: the size of the region."""

    before: float
    shift: float
    error: float
    pixels: int

    def mixed(self, mix: float) -> "Shift":
        """The same where the output is only mixed in, with 0 to 1 of ``mix``.

        >>> Shift(before=-90.0, shift=4.0, error=1.0, pixels=500).mixed(0.5)
        Shift(before=-90.0, shift=2.0, error=0.5, pixels=500)
        """
        return Shift(self.before, mix * self.shift, mix * self.error, self.pixels)


def regions(reference: NDArray[np.floating]) -> dict[str, NDArray[np.bool_]]:
    """Where there is surely one tissue in ``reference`` (rows, columns) in HU, by tissue.

    Thresholds on noisy values gather pixels whose noise is alike (dark ones where a lower
    tissue ends), and every denoiser then seems to shift them. So tissue is told on a smoothed copy
    in which a pixel's own noise has no part, in bands with gaps between them, and the rim of
    every region is left out.
    """
    smooth = _smoothed(reference.astype(np.float64))
    ball = np.hypot(*np.mgrid[-EROSION : EROSION + 1, -EROSION : EROSION + 1]) <= EROSION
    return {
        name: binary_erosion((smooth > lower) & (smooth < upper), ball)
        for name, (lower, upper) in TISSUES.items()
    }


def shifts(
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    reference: NDArray[np.floating] | None = None,
) -> dict[str, Shift]:
    """Shift of every tissue that a slice (rows, columns) in HU holds, where it is large enough for
    a standard error. ``reference``: what to tell tissue by, the full dose where there is one; the
    slice ``before`` itself where there is none. The padding outside the field of view is left out.
    """
    found = {}
    measured = ~binary_opening(before <= AIR, np.ones((5, 5)))
    change = after.astype(np.float64) - before
    for name, region in regions(before if reference is None else reference).items():
        region = region & measured
        sums, counts = _by_block(np.where(region, change, 0)), _by_block(region.astype(np.float64))
        if (counts > 0).sum() < 4:
            continue
        pixels = int(counts.sum())
        shift = float(sums.sum() / pixels)
        error = _error(sums, counts, shift)
        found[name] = Shift(float(before[region].mean(dtype=np.float64)), shift, error, pixels)
    return found


def pooled(slices: Iterable[Mapping[str, Shift]]) -> dict[str, Shift]:
    """Over several slices, every pixel counting once; in the order of ``TISSUES``."""
    told = list(slices)
    whole = {}
    for name in TISSUES:
        if each := [shifts[name] for shifts in told if name in shifts]:
            weights = np.array([s.pixels for s in each], np.float64)
            total = weights.sum()
            whole[name] = Shift(
                float(weights @ [s.before for s in each] / total),
                float(weights @ [s.shift for s in each] / total),
                float(np.sqrt(weights**2 @ [s.error**2 for s in each]) / total),
                int(total),
            )
    return whole


def _smoothed(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """A Gaussian mean around every pixel from which the pixel itself is left out.

    The narrower Gaussian is as high at its centre as two of the wider one, so that their difference
    is a ring of weight 1: its noise is not correlated with the pixel's where that is white, and
    hardly where it has the spectrum of filtered back-projection.
    """
    wide: NDArray[np.float64] = gaussian_filter(image, 2**0.5 * SMOOTHING)
    narrow: NDArray[np.float64] = gaussian_filter(image, SMOOTHING)
    return 2 * wide - narrow


def _by_block(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over squares of ``BLOCK`` pixels, those at the lower and right edge smaller."""
    rows, columns = (np.arange(0, side, BLOCK) for side in values.shape)
    return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1).ravel()


def _error(sums: NDArray[np.float64], counts: NDArray[np.float64], mean: float) -> float:
    """Standard error of a ratio of sums over independent blocks (Cochran, Sampling Techniques,
    3rd ed. 1977, chapter 6)."""
    blocks = int((counts > 0).sum())
    spread = float(np.square(sums - mean * counts).sum())
    return float(np.sqrt(spread * blocks / (blocks - 1)) / counts.sum())
