"""How far the grain of a picture is from that of another: perception beside distortion."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

SIDE = 32
"""Of the squares whose spectra are taken, in pixels; they overlap by half."""
COARSEST = 0.1
"""Cycles a pixel; what is coarser is anatomy."""
NONE = 1e-3
"""Of the reference's power; weaker grain than that (-30 dB) is none at all."""


def texture_distance(image: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """RMS difference in dB between two pictures' power spectra, 0 where their grain is alike.

    Both are (rows, columns) in one unit. Spectra are medians over overlapping squares under a Hann
    window, smaller ones where the pictures are; only frequencies above 0.1 cycles a pixel count. It
    does not ask where a grain lies, which RMSE does: the two axes of Blau & Michaeli, "The
    Perception-Distortion Tradeoff", CVPR 2018, with the log-spectral distance of Gray & Markel,
    IEEE TASSP 1976, as perception.

    >>> grain = np.random.default_rng(0).normal(0, 20, (64, 64))
    >>> texture_distance(grain + 100, grain) < 1e-6  # a shift of the mean is no other grain
    True
    >>> round(texture_distance(grain / 10, grain))  # a tenth of the SD: -20 dB at all frequencies
    20
    """
    side = min(SIDE, *reference.shape)
    wanted = _power(reference, side)
    ratio = (_power(image, side) + NONE * wanted) / (wanted + NONE * wanted)
    rows, columns = np.fft.fftfreq(side), np.fft.rfftfreq(side)
    fine = np.hypot(rows[:, None], columns) > COARSEST
    return float(np.sqrt(np.mean((10 * np.log10(ratio[fine])) ** 2)))


def _power(image: NDArray[np.floating], side: int) -> NDArray[np.float64]:
    squares = sliding_window_view(image.astype(np.float64), (side, side))
    squares = squares[:: side // 2, :: side // 2]
    window = np.outer(np.hanning(side + 2)[1:-1], np.hanning(side + 2)[1:-1])
    centred = squares - squares.mean((-2, -1), keepdims=True)
    power = np.abs(np.fft.rfft2(centred * window)) ** 2
    # Steps to air or bone would drown the grain: of each frequency the middle square counts.
    middle: NDArray[np.float64] = np.median(power.reshape(-1, *power.shape[-2:]), axis=0)
    return middle + 1e-12
