"""How near an image is to its reference: MSE, RMSE, PSNR and SSIM, with the window they depend on.

The same error of 10 HU reads 32.0 dB at a data range of 400 HU and 52.2 dB at 4096: a PSNR or an
SSIM without its window and range says nothing, so both always travel with a :class:`Convention`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.units import Window

SMALLEST = 11
"""Side of SSIM's Gaussian window in pixels (sigma 1.5, cut at 3.5 sigma)."""


@dataclass(frozen=True)
class Convention:
    """Where PSNR and SSIM clip both images; their data range is the window's width."""

    name: str
    window: Window

    @property
    def data_range(self) -> float:
        return self.window.width

    @property
    def sentence(self) -> str:
        """The convention in words, for captions and reports."""
        lower, upper = self.window.lower, self.window.upper
        return (
            f"PSNR and SSIM after clipping to {lower:g} to {upper:g} (window {self.name}), "
            f"data range {self.data_range:g}; MSE and RMSE on unclipped values"
        )


CONVENTIONS = {
    convention.name: convention
    for convention in (
        # The three of Eulig et al., "Benchmarking deep learning-based low-dose CT image
        # denoising algorithms", Medical Physics 2024.
        Convention("chest", Window(-600, 1500)),
        Convention("abdomen", Window(50, 400)),
        Convention("neuro", Window(40, 80)),
        # Chen et al., "Low-dose CT with a residual encoder-decoder CNN", IEEE TMI 2017: -160..240.
        Convention("red-cnn", Window(40, 400)),
        # Every number that 12 bits hold: -1024..3071.
        Convention("full", Window(1023.5, 4095)),
    )
}
"""What the literature uses, by name."""


def viewing(window: Window) -> Convention:
    """The convention of the window that a person looks through."""
    return Convention("as viewed", window)


def spanning(references: NDArray[np.floating]) -> Convention:
    """From the lowest to the highest value of ``references``: for images that are not in HU."""
    lower, upper = float(references.min()), float(references.max())
    return Convention("own range", Window((lower + upper) / 2, max(upper - lower, 1e-6)))


@dataclass(frozen=True)
class Fidelity:
    """``mse`` and ``rmse`` in HU² and HU on unclipped values; ``psnr`` in dB, None where the
    clipped images are identical; ``ssim`` at most 1."""

    mse: float
    rmse: float
    psnr: float | None
    ssim: float


def fidelity(
    image: NDArray[np.floating], reference: NDArray[np.floating], convention: Convention
) -> Fidelity:
    """Measure one slice (rows, columns) against its reference.

    PSNR and SSIM by scikit-image on the windowed values, moved so that the window's lower edge is
    0, as the LDCT benchmark does: SSIM's luminance term compares ratios of means and would
    otherwise break down where the mean is near 0 HU.

    Raises :class:`Problem` for sizes that differ, for images under 11 x 11 and for NaN.
    """
    from skimage.metrics import structural_similarity  # slow to import, seldom the first thing

    _check(image, reference)
    seen, wanted = (_windowed(each, convention.window) for each in (image, reference))
    mse = float(np.mean((image.astype(np.float64) - reference) ** 2))
    windowed_mse = float(np.mean((seen - wanted) ** 2))
    return Fidelity(
        mse=mse,
        rmse=mse**0.5,
        psnr=float(10 * np.log10(convention.data_range**2 / windowed_mse))
        if windowed_mse
        else None,
        ssim=float(
            structural_similarity(
                seen,
                wanted,
                data_range=convention.data_range,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
        ),
    )


def mean(each: Sequence[Fidelity]) -> Fidelity:
    """Mean over slices; ``psnr`` over those that differ from their reference, None if none does."""
    psnrs = [one.psnr for one in each if one.psnr is not None]
    return Fidelity(
        mse=float(np.mean([one.mse for one in each])),
        rmse=float(np.mean([one.rmse for one in each])),
        psnr=float(np.mean(psnrs)) if psnrs else None,
        ssim=float(np.mean([one.ssim for one in each])),
    )


def _windowed(image: NDArray[np.floating], window: Window) -> NDArray[np.float64]:
    return np.clip(image.astype(np.float64), window.lower, window.upper) - window.lower


def _check(image: NDArray[np.floating], reference: NDArray[np.floating]) -> None:
    if image.shape != reference.shape:
        raise Problem(
            "The image",
            f"of {' x '.join(map(str, image.shape))} pixels cannot be compared with a reference "
            f"of {' x '.join(map(str, reference.shape))}",
            "use images of one size",
        )
    if min(image.shape) < SMALLEST:
        raise Problem(
            "The image",
            f"has fewer than {SMALLEST} rows or columns, which SSIM needs",
            "compare a larger part of it",
        )
    if not (np.isfinite(image).all() and np.isfinite(reference).all()):
        raise Problem(
            "The image",
            "or its reference holds values that are not numbers (NaN or infinite)",
            "read the files again or leave out this slice",
        )
