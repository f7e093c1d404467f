"""The distance between grains: known for noise whose spectrum is known."""

import numpy as np
import pytest

from ctdenoise.metrics.texture import COARSEST, SIDE, texture_distance

NOISE = np.random.default_rng(0).normal(0, 20, (256, 256))


def test_it_does_not_ask_where_a_grain_lies() -> None:
    other = np.random.default_rng(1).normal(0, 20, NOISE.shape)
    assert texture_distance(NOISE, NOISE) == 0
    assert texture_distance(other, NOISE) < 1


@pytest.mark.parametrize("factor", [0.1, 0.5, 2.0])
def test_weaker_grain_is_as_far_as_its_decibels(factor: float) -> None:
    assert texture_distance(40 + factor * NOISE, NOISE) == pytest.approx(
        abs(20 * np.log10(factor)), rel=0.03
    )


def test_blur_is_as_far_as_its_transfer_function() -> None:
    sigma = 0.4  # mild enough for the window's leakage not to fill the fine frequencies
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    transfer = np.exp(-2 * (np.pi * sigma * frequencies) ** 2)
    blurred = np.fft.ifft2(np.fft.fft2(NOISE) * transfer).real
    rows, columns = np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE)
    radius = np.hypot(rows[:, None], columns)
    fine = radius > COARSEST
    loss = 10 * np.log10(np.exp(-((2 * np.pi * sigma * radius[fine]) ** 2)))
    assert texture_distance(blurred, NOISE) == pytest.approx(np.sqrt(np.mean(loss**2)), rel=0.1)


def test_anatomy_that_both_share_does_not_hide_the_grain() -> None:
    body = np.where(np.hypot(*np.indices(NOISE.shape) - 128.0) < 90, 40.0, -1000.0)
    assert texture_distance(body + 0.3 * NOISE, body + NOISE) > 5
