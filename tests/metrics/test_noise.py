import numpy as np
import pytest

from ctdenoise.errors import Problem
from ctdenoise.metrics.metric import Region
from ctdenoise.metrics.noise import cnr, local_statistics, noise_level, statistics


def test_statistics_by_hand() -> None:
    image = np.zeros((6, 8), np.float32)
    image[2:4, 3:5] = [[1, 2], [3, 4]]
    measured = statistics(image, Region(2, 3, 2, 2))
    assert (measured.mean, measured.pixels) == (2.5, 4)
    assert measured.sd == pytest.approx(np.sqrt(5 / 3))


def test_statistics_of_one_pixel_has_no_spread() -> None:
    assert statistics(np.ones((3, 3), np.float32), Region(1, 1, 1, 1)).sd == 0


@pytest.mark.parametrize("region", [(-1, 0, 2, 2), (0, 0, 0, 2), (3, 3, 4, 2), (0, 5, 1, 4)])
def test_a_region_outside_the_image_is_told(region: tuple[int, int, int, int]) -> None:
    with pytest.raises(Problem, match="does not lie inside the image of 6 x 8 pixels"):
        statistics(np.zeros((6, 8), np.float32), Region(*region))


def test_cnr_is_contrast_over_background_sd() -> None:
    image = np.zeros((4, 4), np.float32)
    image[:2] = 30
    image[2:, ::2], image[2:, 1::2] = 5, -5
    background = statistics(image, Region(2, 0, 2, 4))
    assert cnr(image, Region(0, 0, 2, 4), Region(2, 0, 2, 4)) == pytest.approx(30 / background.sd)
    assert cnr(image, Region(2, 0, 2, 4), Region(0, 0, 2, 4)) is None


@pytest.mark.parametrize("side", [1, 4, 9])
def test_local_statistics_agree_with_every_square(side: int) -> None:
    image = np.random.default_rng(0).normal(-700, 20, (12, 15)).astype(np.float32)
    mean, sd = local_statistics(image, side)
    squares = np.lib.stride_tricks.sliding_window_view(image.astype(np.float64), (side, side))
    assert mean.shape == squares.shape[:2]
    np.testing.assert_allclose(mean, squares.mean((2, 3)), rtol=1e-6)
    expected = squares.std((2, 3), ddof=1) if side > 1 else np.zeros_like(mean)
    np.testing.assert_allclose(sd, expected, atol=1e-4)


@pytest.mark.parametrize("sd", [5.0, 20.0, 60.0])
def test_noise_level_finds_the_noise_among_organs_and_air(sd: float) -> None:
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:256, :256] - 128.0
    image = np.full((256, 256), -1000.0)
    image[rows**2 + columns**2 < 110**2] = 40
    image[(rows - 20) ** 2 + columns**2 < 15**2] = 400  # bone
    image[(rows + 40) ** 2 + (columns - 30) ** 2 < 30**2] = -850  # lung
    noisy = image + rng.normal(0, sd, image.shape)
    assert noise_level(noisy.astype(np.float32)) == pytest.approx(sd, rel=0.1)


def test_noise_level_of_other_units_and_of_nothing() -> None:
    rng = np.random.default_rng(2)
    assert noise_level(rng.normal(5000, 30, (64, 64))) == pytest.approx(30, rel=0.1)
    assert noise_level(np.full((64, 64), 7.0)) == 0
