"""Each filter does what its name says, in any unit, and what the library it comes from does."""

import subprocess
import sys

import numpy as np
import pytest
from phantoms import disc_phantom
from scipy.ndimage import gaussian_filter
from skimage import restoration

from ctdenoise.denoising.filters import FILTERS
from ctdenoise.errors import Problem
from ctdenoise.metrics.metric import Region
from ctdenoise.metrics.noise import statistics

CLEAN = disc_phantom(128)[0]
NOISY = disc_phantom(128, noise=25)[0]
WATER = Region(56, 84, 14, 14)
EACH = pytest.mark.parametrize("name", FILTERS)


def test_the_five_filters_are_there_with_a_knob_that_explains_itself() -> None:
    assert list(FILTERS)[:5] == [
        "gaussian", "bilateral", "non_local_means", "total_variation", "wavelet",
    ]  # fmt: skip
    for each in FILTERS.values():
        assert 0 < each.lowest < each.default < each.highest
        assert each.unit in ("px", "HU") and each.sentence.endswith(".")


@EACH
@pytest.mark.parametrize("value", [0.0, -1024.0, 32768.25])
def test_a_constant_stays_as_it_is(name: str, value: float) -> None:
    constant = np.full((64, 80), value, np.float32)
    np.testing.assert_array_equal(FILTERS[name].apply(constant, FILTERS[name].default), constant)


@EACH
def test_the_noise_falls_and_the_ct_number_stays(name: str) -> None:
    denoised = FILTERS[name].apply(NOISY, FILTERS[name].default)
    assert denoised.dtype == np.float32 and denoised.shape == NOISY.shape
    before, after = (statistics(image, WATER) for image in (NOISY, denoised))
    assert before.sd == pytest.approx(25, rel=0.15) and after.sd < 0.6 * before.sd
    assert after.mean == pytest.approx(before.mean, abs=3)


@EACH
def test_a_stronger_filter_leaves_less_noise(name: str) -> None:
    strength = FILTERS[name].default
    sds = [
        statistics(FILTERS[name].apply(NOISY, factor * strength), WATER).sd
        for factor in (0.25, 1, 2)
    ]
    assert sds == sorted(sds, reverse=True) and sds[0] > 1.2 * sds[2]


@EACH
def test_a_number_added_to_the_image_is_added_to_the_result(name: str) -> None:
    denoised = FILTERS[name].apply(NOISY, FILTERS[name].default)
    shifted = FILTERS[name].apply(NOISY + np.float32(2048), FILTERS[name].default)
    np.testing.assert_allclose(shifted - 2048, denoised, atol=1e-3 if name != "bilateral" else 0.5)


@EACH
@pytest.mark.parametrize("scale", [1e-3, 100.0])
def test_it_works_in_any_unit(name: str, scale: float) -> None:
    """Image and strength in another unit give the same picture in that unit."""
    one = FILTERS[name]
    strength = one.default * (1 if one.unit == "px" else scale)
    scaled = one.apply(NOISY * np.float32(scale), strength) / scale
    np.testing.assert_allclose(scaled, one.apply(NOISY, one.default), atol=0.5)


@EACH
@pytest.mark.parametrize("shape", [(64, 64), (64, 201), (133, 65)])
def test_any_size(name: str, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(0, 20, shape).astype(np.float32)
    before = image.copy()
    denoised = FILTERS[name].apply(image, FILTERS[name].default)
    assert denoised.shape == shape and denoised.std() < 16
    np.testing.assert_array_equal(image, before)


def test_edges_stay_sharper_than_under_the_gaussian_at_the_same_noise() -> None:
    """The step from water to air, along a row through the middle."""

    def error(name: str, strength: float) -> float:
        return float(np.abs(FILTERS[name].apply(NOISY, strength) - CLEAN)[60:68, 8:20].mean())

    blurred = error("gaussian", 1.0)
    for name in ("bilateral", "non_local_means", "total_variation", "wavelet"):
        assert error(name, FILTERS[name].default) < 0.5 * blurred, name


def test_the_libraries_called_directly_agree() -> None:
    values = NOISY.astype(np.float64)
    direct = {
        "gaussian": (1.5, gaussian_filter(values, 1.5)),
        "bilateral": (
            40.0,
            restoration.denoise_bilateral(
                values - values.min(), 9, 40.0, 2, bins=10_000, mode="symmetric"
            ) + values.min(),
        ),
        "non_local_means": (
            20.0,
            restoration.denoise_nl_means(values, 5, 6, h=16.0, sigma=20.0, preserve_range=True),
        ),
        "total_variation": (
            15.0, restoration.denoise_tv_chambolle(values, 15.0, eps=1e-9, max_num_iter=1000),
        ),
        "wavelet": (
            20.0,
            restoration.cycle_spin(
                values, restoration.denoise_wavelet, 3, workers=1,
                func_kw={
                    "sigma": 20.0 / np.sqrt(2 * np.log(values.size)),
                    "wavelet": "db2", "method": "VisuShrink",
                },
            ),
        ),
    }  # fmt: skip
    for name, (strength, wanted) in direct.items():
        difference = FILTERS[name].apply(NOISY, strength) - wanted
        assert np.sqrt(np.mean(difference**2)) < (1.0 if name == "total_variation" else 0.2), name


@EACH
@pytest.mark.parametrize("strength", [0.0, -1.0, float("nan"), float("inf")])
def test_a_strength_that_means_nothing_is_told(name: str, strength: float) -> None:
    with pytest.raises(Problem, match=r"The strength .* is nothing that .*: choose"):
        FILTERS[name].apply(NOISY, strength)


def test_the_list_of_filters_needs_no_heavy_library() -> None:
    code = (
        "import sys; from ctdenoise.denoising.filters import FILTERS; list(FILTERS); "
        "print([m for m in ('torch', 'scipy', 'skimage', 'pywt', 'pydicom') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
