"""Denoising filters that nobody trains, to compare a network with.

All by scikit-image, the Gaussian by scipy. Their strengths are in pixels or in the image's own
unit, so that they mean the same in any scan.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem

# scipy and scikit-image are imported where they are used: the dashboard's server lists the filters
# and does without them.

Image = NDArray[np.float64]
"""(rows, columns), its smallest value 0."""


@dataclass(frozen=True)
class Filter:
    """One filter and its one knob.

    ``parameter`` is what the strength is called and ``unit`` what it is counted in: "px", or "HU",
    which is the image's own unit where that is another. ``lowest`` to ``highest`` is where a slider
    goes, and ``sentence`` says what will be seen when it moves.
    """

    title: str
    parameter: str
    unit: str
    default: float
    lowest: float
    highest: float
    sentence: str
    smooth: Callable[[Image, float], Image]

    def apply(self, image: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
        """Denoise ``image``, float32 (rows, columns) in HU or its own unit, of any range.

        Raises :class:`Problem` where ``strength`` is no positive number.
        """
        if not (math.isfinite(strength) and strength > 0):
            raise Problem(
                f"The strength {strength:g}",
                f"is nothing that the {self.title} filter can use",
                f"choose {self.lowest:g} to {self.highest:g} {self.unit}",
            )
        values = image.astype(np.float64)
        lowest = float(values.min())
        if values.max() == lowest:
            return image.copy()  # nothing to remove, and no range to divide by
        return (self.smooth(values - lowest, strength) + lowest).astype(np.float32)


def _gaussian(image: Image, sigma: float) -> Image:
    from scipy.ndimage import gaussian_filter

    smoothed: Image = gaussian_filter(image, sigma)
    return smoothed


def _bilateral(image: Image, difference: float) -> Image:
    """Tomasi & Manduchi, ICCV 1998; neighbours within 2 px (SD of their weights)."""
    from skimage.restoration import denoise_bilateral

    # Weights come from a table over the image's range: its steps must be small beside the strength.
    bins = int(min(max(50 * image.max() / difference, 1_000), 1_000_000))
    smoothed: Image = denoise_bilateral(
        image, win_size=9, sigma_color=difference, sigma_spatial=2, bins=bins, mode="symmetric"
    )
    return smoothed


def _non_local_means(image: Image, noise: float) -> Image:
    """Buades, Coll & Morel, CVPR 2005, with the noise's share taken off the distances."""
    from skimage.restoration import denoise_nl_means

    smoothed: Image = denoise_nl_means(
        image, patch_size=5, patch_distance=6, h=0.8 * noise, sigma=noise, preserve_range=True
    )
    return smoothed


def _total_variation(image: Image, step: float) -> Image:
    """Rudin, Osher & Fatemi, Physica D 1992, solved as by Chambolle, JMIV 2004."""
    from skimage.restoration import denoise_tv_chambolle

    # The usual stop, 2e-4 of the first cost, comes too soon where bone and air make that large.
    smoothed: Image = denoise_tv_chambolle(image, weight=step, eps=1e-6, max_num_iter=100)
    return smoothed


def _wavelet(image: Image, threshold: float) -> Image:
    """Soft thresholding (Donoho & Johnstone, Biometrika 1994), averaged over shifts of the image
    (Coifman & Donoho 1995), since a single decomposition leaves blocks.

    The threshold is given: rules that find it from a band's variance take CT's edges for signal
    everywhere and leave the noise in.
    """
    from skimage.restoration import cycle_spin, denoise_wavelet

    universal = math.sqrt(2 * math.log(image.size))  # what VisuShrink multiplies the SD by
    options = {"sigma": threshold / universal, "wavelet": "db2", "method": "VisuShrink"}
    smoothed: Image = cycle_spin(image, denoise_wavelet, max_shifts=3, workers=1, func_kw=options)
    return smoothed


FILTERS: Mapping[str, Filter] = MappingProxyType(
    {
        "gaussian": Filter(
            "Gaussian",
            "width (SD)",
            "px",
            1.0,
            0.3,
            5.0,
            "The wider it is, the less grain remains, and edges blur with it.",
            _gaussian,
        ),
        "bilateral": Filter(
            "Bilateral",
            "largest difference to smooth",
            "HU",
            50.0,
            5.0,
            300.0,
            "Neighbours that differ by less are averaged. Set it above the noise and below the "
            "contrast that should stay; single grains that stand out are left over.",
            _bilateral,
        ),
        "non_local_means": Filter(
            "Non-local means",
            "noise to remove (SD)",
            "HU",
            25.0,
            1.0,
            150.0,
            "Patches that look alike within this much noise are averaged. Too low leaves grain, "
            "too high turns fine structure into paste.",
            _non_local_means,
        ),
        "total_variation": Filter(
            "Total variation",
            "height of steps to level",
            "HU",
            20.0,
            1.0,
            150.0,
            "The higher it is, the more the picture turns into flat patches with sharp borders.",
            _total_variation,
        ),
        "wavelet": Filter(
            "Wavelet",
            "height of detail to shrink away",
            "HU",
            30.0,
            1.0,
            150.0,
            "At every scale, detail lower than this goes and higher detail shrinks by it. Too high "
            "leaves smears, and ripples along edges.",
            _wavelet,
        ),
    }
)
"""By the name that the command line takes. The defaults suit a quarter-dose CT."""
