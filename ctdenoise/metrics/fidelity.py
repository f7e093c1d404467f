"""How near an image is to its reference: MSE, RMSE, PSNR and SSIM.

All take both images as (rows, columns) in one unit; a :class:`~ctdenoise.metrics.metric.Sample`
has made sure that they are alike in size and hold numbers.
"""

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.metrics.metric import METRICS, Convention, Metric
from ctdenoise.units import Window


def mse(image: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """Mean squared error, mean((image - reference)²), in the square of the image's unit (HU²).

    >>> mse(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    2.0
    """
    return float(np.mean((image.astype(np.float64) - reference) ** 2))


def rmse(image: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """Root of the mean squared error, in the image's unit (HU).

    >>> rmse(np.full((8, 8), 60.0), np.full((8, 8), 50.0))
    10.0
    """
    return float(mse(image, reference) ** 0.5)


def psnr(
    image: NDArray[np.floating], reference: NDArray[np.floating], convention: Convention
) -> float | None:
    """Peak signal-to-noise ratio, 10 log10(range² / MSE of the clipped images), in dB; None where
    the clipped images are identical.

    The peak is the width of the convention's window (Eulig et al., Medical Physics 2024).

    >>> from ctdenoise.metrics.metric import CONVENTIONS
    >>> round(psnr(np.full((8, 8), 60.0), np.full((8, 8), 50.0), CONVENTIONS["abdomen"]), 2)
    32.04
    """
    error = mse(_clipped(image, convention.window), _clipped(reference, convention.window))
    return float(10 * np.log10(convention.data_range**2 / error)) if error else None


def ssim(
    image: NDArray[np.floating], reference: NDArray[np.floating], convention: Convention
) -> float:
    """Structural similarity, at most 1, after Wang et al., "Image quality assessment: from error
    visibility to structural similarity", IEEE TIP 2004;13:600-612, in the convention's windows.

    By scikit-image on the clipped values, moved so that the window's lower edge is 0, as the LDCT
    benchmark does: the luminance term compares ratios of means and would otherwise break down
    where the mean is near 0 HU.

    Raises :class:`Problem` for images that are smaller than such a window.

    >>> from ctdenoise.metrics.metric import CONVENTIONS
    >>> ssim(np.eye(16), np.eye(16), CONVENTIONS["abdomen"])
    1.0
    """
    if min(image.shape) < convention.ssim.side:
        raise Problem(
            "The image",
            f"has fewer than {convention.ssim.side} rows or columns, which SSIM needs",
            "compare a larger part of it",
        )
    from skimage.metrics import structural_similarity  # slow to import, seldom the first thing

    return float(
        structural_similarity(
            _clipped(image, convention.window),
            _clipped(reference, convention.window),
            data_range=convention.data_range,
            **convention.ssim.settings,
        )
    )


def _clipped(image: NDArray[np.floating], window: Window) -> NDArray[np.float64]:
    return np.clip(image.astype(np.float64), window.lower, window.upper) - window.lower


METRICS.register(
    Metric("mse", "MSE", mse, "mean squared error", "image²", width=10,
           better="smaller", headline=False, rank=10)  # RMSE says the same
)  # fmt: skip
METRICS.register(
    Metric("rmse", "RMSE", rmse, "root of the mean squared error", "image",
           better="smaller", rank=20)
)  # fmt: skip
METRICS.register(
    Metric("psnr", "PSNR", psnr, "peak signal-to-noise ratio", "dB", width=9,
           better="larger", missing="identical", rank=30)
)  # fmt: skip
METRICS.register(
    Metric("ssim", "SSIM", ssim, "structural similarity, at most 1",
           digits=4, width=7, better="larger", rank=40)
)  # fmt: skip
