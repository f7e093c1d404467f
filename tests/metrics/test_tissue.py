"""Shifts of the CT number against a phantom whose tissues, noise and offsets are known."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ctdenoise.metrics.tissue import TISSUES, Shift, pooled, regions, shifts

VALUES = {"air": -1000.0, "lung": -850.0, "fat": -100.0, "soft tissue": 20.0, "bone": 600.0}
"""Soft tissue lies near the lower end of its band, so that careless thresholds cut it off."""


def phantom(size: int = 256) -> NDArray[np.float64]:
    """Fat around soft tissue around a lung and a bone, in air."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    image = np.full((size, size), VALUES["air"])
    for name, centre, radius in (
        ("fat", (0, 0), 115),
        ("soft tissue", (0, 0), 90),
        ("lung", (-35, -30), 38),
        ("bone", (40, 25), 32),
    ):
        image[np.hypot(rows - centre[0], columns - centre[1]) < radius] = VALUES[name]
    return image


def noise(kind: str, sd: float, seed: int, size: int = 256) -> NDArray[np.float64]:
    """White, or with the spectrum of filtered back-projection: a ramp under a smooth kernel."""
    white = np.random.default_rng(seed).normal(0, 1, (size, size))
    if kind == "fbp":
        f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
        white = np.fft.irfft2(np.fft.rfft2(white) * np.sqrt(f) * np.exp(-((f / 0.25) ** 2)))
    return white * sd / white.std()


@pytest.mark.parametrize("kind", ["white", "fbp"])
@pytest.mark.parametrize("sd", [30.0, 120.0])
def test_removing_nothing_but_noise_shifts_nothing(kind: str, sd: float) -> None:
    """The sharpest case: a perfect denoiser's output does not share the input's noise at all."""
    truth = phantom()
    found = pooled(shifts(truth + noise(kind, sd, seed), truth) for seed in range(20, 40))
    assert list(found) == list(TISSUES)
    for name, shift in found.items():
        assert abs(shift.shift) < 3 * shift.error, name
        assert shift.error < 0.03 * sd
    naive = {name: [] for name in TISSUES}  # what the test would find if noise chose the pixels
    noisy = truth + noise(kind, sd, 0)
    for name, (lower, upper) in TISSUES.items():
        naive[name] = float((truth - noisy)[(noisy > lower) & (noisy < upper)].mean())
    assert abs(naive["soft tissue"]) > 3 * found["soft tissue"].error


def test_an_unbiased_filter_shifts_nothing() -> None:
    def filtered(seed: int) -> dict[str, Shift]:
        image = phantom() + noise("fbp", 40, seed)
        return shifts(image, gaussian_filter(image, 1.0))

    for name, shift in pooled(map(filtered, range(12))).items():
        assert abs(shift.shift) < 3 * shift.error + 0.1, name  # an edge's blur reaches 4 pixels


@pytest.mark.parametrize("name", list(TISSUES))
def test_a_known_offset_is_found_in_its_tissue_and_nowhere_else(name: str) -> None:
    truth = phantom()
    before = truth + noise("fbp", 30, 1)
    after = before + 7.0 * (truth == VALUES[name])
    found = shifts(before, after, truth)
    assert found[name].shift == pytest.approx(7)
    assert all(shift.shift == 0 for other, shift in found.items() if other != name)
    assert found[name].before == pytest.approx(VALUES[name], abs=2)


def test_the_standard_error_is_that_of_repeated_measurements() -> None:
    truth = phantom()
    each = [shifts(truth + noise("fbp", 50, seed), truth, truth) for seed in range(60)]
    for name in ("lung", "soft tissue", "air"):
        spread = np.std([found[name].shift for found in each])
        told = np.mean([found[name].error for found in each])
        assert 0.6 < told / spread < 1.7, name


def test_regions_hold_their_tissue_and_keep_away_from_others() -> None:
    truth = phantom()
    for name, region in regions(truth).items():
        assert region.sum() > 500
        assert (truth[region] == VALUES[name]).all()


def test_padding_is_no_air_and_what_is_not_there_is_not_told() -> None:
    image = phantom() + noise("white", 10, 5)
    image[128:] = noise("white", 10, 6)[128:] + 20
    whole = shifts(image, image + 1)["air"].pixels
    image[:10] = -1024.0
    found = shifts(image, image + 1)
    assert whole - found["air"].pixels > 900
    assert found["air"].before == pytest.approx(-1000, abs=0.5)
    assert "lung" in found and "bone" not in found
    assert shifts(np.zeros((8, 8)), np.ones((8, 8))) == {}


def test_pooled_counts_pixels_and_mixing_scales() -> None:
    one, two = Shift(10, 1, 0.3, 100), Shift(20, 4, 0.4, 300)
    both = pooled([{"fat": one}, {"fat": two}, {}])["fat"]
    assert (both.before, both.shift, both.pixels) == (17.5, 3.25, 400)
    assert both.error == pytest.approx(np.hypot(0.25 * 0.3, 0.75 * 0.4))
    assert both.mixed(0.5) == Shift(17.5, 1.625, both.error / 2, 400)
