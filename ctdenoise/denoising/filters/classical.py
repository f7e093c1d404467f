"""The five filters that come with the program: all by scikit-image, the Gaussian by scipy.

The defaults suit a quarter-dose CT.
"""

import math

from ctdenoise.denoising.filters import FILTERS, Filter, Image

# scipy and scikit-image are imported where they are used: the dashboard's server lists the filters
# and does without them.


def _gaussian(image: Image, sigma: float) -> Image:
    from scipy.ndimage import gaussian_filter

    smoothed: Image = gaussian_filter(image, sigma)
    return smoothed


FILTERS.register(
    Filter(
        name="gaussian",
        rank=0,
        title="Gaussian",
        parameter="width (SD)",
        unit="px",
        default=1.0,
        lowest=0.3,
        highest=5.0,
        sentence="The wider it is, the less grain remains, and edges blur with it.",
        smooth=_gaussian,
    )
)


def _bilateral(image: Image, difference: float) -> Image:
    """Tomasi & Manduchi, ICCV 1998; neighbours within 2 px (SD of their weights)."""
    from skimage.restoration import denoise_bilateral

    # Weights come from a table over the image's range: its steps must be small beside the strength.
    bins = int(min(max(50 * image.max() / difference, 1_000), 1_000_000))
    smoothed: Image = denoise_bilateral(
        image, win_size=9, sigma_color=difference, sigma_spatial=2, bins=bins, mode="symmetric"
    )
    return smoothed


FILTERS.register(
    Filter(
        name="bilateral",
        rank=1,
        title="Bilateral",
        parameter="largest difference to smooth",
        unit="HU",
        default=50.0,
        lowest=5.0,
        highest=300.0,
        sentence="Neighbours that differ by less are averaged. Set it above the noise and below "
        "the contrast that should stay; single grains that stand out are left over.",
        smooth=_bilateral,
    )
)


def _non_local_means(image: Image, noise: float) -> Image:
    """Buades, Coll & Morel, CVPR 2005, with the noise's share taken off the distances."""
    from skimage.restoration import denoise_nl_means

    smoothed: Image = denoise_nl_means(
        image, patch_size=5, patch_distance=6, h=0.8 * noise, sigma=noise, preserve_range=True
    )
    return smoothed


FILTERS.register(
    Filter(
        name="non_local_means",
        rank=2,
        title="Non-local means",
        parameter="noise to remove (SD)",
        unit="HU",
        default=25.0,
        lowest=1.0,
        highest=150.0,
        sentence="Patches that look alike within this much noise are averaged. Too low leaves "
        "grain, too high turns fine structure into paste.",
        smooth=_non_local_means,
    )
)


def _total_variation(image: Image, step: float) -> Image:
    """Rudin, Osher & Fatemi, Physica D 1992, solved as by Chambolle, JMIV 2004."""
    from skimage.restoration import denoise_tv_chambolle

    # The usual stop, 2e-4 of the first cost, comes too soon where bone and air make that large.
    smoothed: Image = denoise_tv_chambolle(image, weight=step, eps=1e-6, max_num_iter=100)
    return smoothed


FILTERS.register(
    Filter(
        name="total_variation",
        rank=3,
        title="Total variation",
        parameter="height of steps to level",
        unit="HU",
        default=20.0,
        lowest=1.0,
        highest=150.0,
        sentence="The higher it is, the more the picture turns into flat patches with sharp "
        "borders.",
        smooth=_total_variation,
    )
)


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


FILTERS.register(
    Filter(
        name="wavelet",
        rank=4,
        title="Wavelet",
        parameter="height of detail to shrink away",
        unit="HU",
        default=30.0,
        lowest=1.0,
        highest=150.0,
        sentence="At every scale, detail lower than this goes and higher detail shrinks by it. "
        "Too high leaves smears, and ripples along edges.",
        smooth=_wavelet,
    )
)
