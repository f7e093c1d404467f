import numpy as np
import pytest

from ctdenoise.errors import Problem
from ctdenoise.metrics.noise_power import noise_power_spectrum


@pytest.mark.parametrize("spacing", [(0.5, 0.5), (0.4, 0.9)])
@pytest.mark.parametrize("trend", [0, 2])
def test_the_integral_is_the_variance(spacing: tuple[float, float], trend: int) -> None:
    rois = np.random.default_rng(0).normal(0, 12, (50, 64, 48))
    power = noise_power_spectrum(rois, spacing, trend=trend)
    assert power.variance == pytest.approx(rois.var(), rel=0.004)


def test_white_noise_is_flat_at_variance_times_pixel_area() -> None:
    rois = np.random.default_rng(1).normal(0, 10, (200, 64, 64))
    power = noise_power_spectrum(rois, (0.5, 0.5))
    np.testing.assert_allclose(power.radial[2:], 100 * 0.25, rtol=0.05)
    assert power.frequencies[-1] <= 1.0


def test_one_wave_lies_at_its_frequency() -> None:
    columns = np.arange(64) * np.ones((64, 1))
    wave = 5 * np.cos(2 * np.pi * 8 * columns / 64)  # 8 periods over 64 x 0.5 mm
    power = noise_power_spectrum(wave, (0.5, 0.5), trend=0)
    peak = np.unravel_index(power.spectrum.argmax(), power.spectrum.shape)
    assert power.row_frequencies[peak[0]] == 0
    assert abs(power.column_frequencies[peak[1]]) == pytest.approx(0.25)
    assert power.frequencies[power.radial.argmax()] == pytest.approx(0.25, abs=0.02)
    assert power.variance == pytest.approx(12.5, rel=1e-3)


def test_coloured_noise_has_the_spectrum_it_was_made_with() -> None:
    """Noise filtered to a known transfer function, unequal spacing, against its formula."""
    rng, spacing = np.random.default_rng(2), (0.6, 0.8)
    white = rng.normal(0, 10, (300, 128, 96))
    radius = np.hypot(np.fft.fftfreq(128, 0.6)[:, None], np.fft.fftfreq(96, 0.8))
    transfer = np.sqrt(radius) * np.exp(-(radius**2) / 0.1)
    noise = np.fft.ifft2(np.fft.fft2(white) * transfer).real
    power = noise_power_spectrum(noise, spacing, trend=0)
    expected = 100 * 0.6 * 0.8 * power.frequencies * np.exp(-2 * power.frequencies**2 / 0.1)
    np.testing.assert_allclose(power.radial[3:], expected[3:], rtol=0.04, atol=0.02)


def test_a_trend_is_not_noise() -> None:
    rows, columns = np.mgrid[:32, :32] / 10
    plane, bowl = 3 * rows - columns, rows**2 + rows * columns
    assert noise_power_spectrum(plane, (1, 1)).variance == pytest.approx(0, abs=1e-20)
    assert noise_power_spectrum(bowl, (1, 1)).variance > 0.1
    assert noise_power_spectrum(bowl, (1, 1), trend=2).variance == pytest.approx(0, abs=1e-20)


def test_coarser_noise_has_a_lower_mean_frequency() -> None:
    from scipy.ndimage import gaussian_filter

    fine = np.random.default_rng(3).normal(size=(20, 64, 64))
    coarse = gaussian_filter(fine, (0, 1.4, 1.4))
    assert (
        noise_power_spectrum(coarse, (1, 1)).mean_frequency
        < 0.6 * noise_power_spectrum(fine, (1, 1)).mean_frequency
    )


def test_a_tiny_region_is_told() -> None:
    with pytest.raises(Problem, match="too small for a noise power spectrum"):
        noise_power_spectrum(np.zeros((4, 20)), (1, 1))
