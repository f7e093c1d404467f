"""Noise power spectrum: how strong the noise is at each spatial frequency."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem


@dataclass(frozen=True)
class NoisePower:
    """Two-dimensional spectrum and its mean over directions.

    ``row_frequencies``, ``column_frequencies``: lp/mm, ascending, zero in the middle.
    ``spectrum``: HU² mm², (rows, columns); summed over all frequencies times the area of one
    frequency cell it is the variance of the noise in HU².
    ``frequencies``, ``radial``: lp/mm and HU² mm² of rings one cell wide, up to the Nyquist
    frequency of the coarser direction; the ring around zero, which holds no power once the trend
    is taken away, is left out.
    """

    row_frequencies: NDArray[np.float64]
    column_frequencies: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    frequencies: NDArray[np.float64]
    radial: NDArray[np.float64]

    @property
    def variance(self) -> float:
        """The integral of the spectrum, HU²."""
        row_step = self.row_frequencies[1] - self.row_frequencies[0]
        column_step = self.column_frequencies[1] - self.column_frequencies[0]
        return float(self.spectrum.sum() * row_step * column_step)

    @property
    def mean_frequency(self) -> float:
        """Mean of the two-dimensional spectrum's radial frequencies, lp/mm: coarse noise is low."""
        rings = self.radial * self.frequencies  # a ring's circumference grows with its frequency
        return float((rings * self.frequencies).sum() / max(rings.sum(), 1e-30))


def noise_power_spectrum(
    rois: NDArray[np.floating] | Sequence[NDArray[np.floating]],
    spacing: tuple[float, float],
    *,
    trend: int = 1,
) -> NoisePower:
    """Spectrum of the noise in ``rois`` (count, rows, columns) or one ROI (rows, columns), in HU.

    The mean over ROIs of |DFT|² times pixel area over number of pixels (ICRU Report 87). ``trend``
    is the degree of the polynomial taken away from each ROI beforehand: 0 the mean, 1 a plane,
    2 a curved surface. ``spacing``: distance of rows and of columns, mm.

    Raises :class:`Problem` for ROIs under 8 x 8 pixels, since they have hardly any frequencies.

    >>> noise = np.random.default_rng(0).normal(0, 30, (32, 32))
    >>> found = noise_power_spectrum(noise, (0.7, 0.7), trend=0)
    >>> bool(np.isclose(found.variance, noise.var()))  # Parseval's theorem
    True
    """
    stack = np.asarray(rois, np.float64)
    stack = stack[None] if stack.ndim == 2 else stack
    _, rows, columns = stack.shape
    if min(rows, columns) < 8:
        raise Problem(
            "The region",
            f"of {rows} x {columns} pixels is too small for a noise power spectrum",
            "draw it at least 8 x 8 pixels large",
        )
    noise = _detrended(stack, trend)
    area = spacing[0] * spacing[1]
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0) * area / (rows * columns)
    spectrum = np.fft.fftshift(power)
    row_frequencies = np.fft.fftshift(np.fft.fftfreq(rows, spacing[0]))
    column_frequencies = np.fft.fftshift(np.fft.fftfreq(columns, spacing[1]))

    radius = np.hypot(row_frequencies[:, None], column_frequencies)
    step = max(1 / (rows * spacing[0]), 1 / (columns * spacing[1]))
    ring = np.rint(radius / step).astype(int).ravel()
    last = int(min(0.5 / spacing[0], 0.5 / spacing[1]) / step)
    counts = np.bincount(ring)[1 : last + 1]
    frequencies = np.bincount(ring, radius.ravel())[1 : last + 1] / counts
    radial = np.bincount(ring, spectrum.ravel())[1 : last + 1] / counts
    return NoisePower(row_frequencies, column_frequencies, spectrum, frequencies, radial)


def _detrended(stack: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """Take the best-fitting polynomial of ``degree`` in rows and columns away from each ROI."""
    count, rows, columns = stack.shape
    down, across = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    terms = [
        (down**i * across**j).ravel() for i in range(degree + 1) for j in range(degree + 1 - i)
    ]
    basis, _ = np.linalg.qr(np.stack(terms, axis=1))
    flat = stack.reshape(count, -1)
    rest: NDArray[np.float64] = flat - (flat @ basis) @ basis.T
    return rest.reshape(stack.shape)
