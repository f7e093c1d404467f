"""SSIM and MS-SSIM against scikit-image and against NumPy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from ctdenoise.losses.structure import WEIGHTS, Similarity, scales

LOWER, WIDTH = -160.0, 400.0


def images(side: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    target = 40 + 60 * gaussian_filter(rng.normal(0, 4, (side, side)), 3)
    return target + rng.normal(0, 20, target.shape), target


def loss(output: np.ndarray, target: np.ndarray, multiscale: bool) -> float:
    term = Similarity(LOWER, WIDTH, multiscale).double()
    return float(term(*(torch.tensor(image)[None, None] for image in (output, target))))


def test_ssim_is_that_of_scikit_image() -> None:
    output, target = images(40)
    wanted = structural_similarity(
        output - LOWER,
        target - LOWER,
        data_range=WIDTH,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert 0.1 < wanted < 0.9
    assert loss(output, target, multiscale=False) == pytest.approx(1 - wanted, abs=1e-5)


def parts(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """SSIM and its contrast-structure part, written out, where the window lies inside."""

    def blur(image: np.ndarray) -> np.ndarray:
        return gaussian_filter(image, 1.5, truncate=3.4)[5:-5, 5:-5]

    c1, c2 = (0.01 * WIDTH) ** 2, (0.03 * WIDTH) ** 2
    mx, my = blur(x), blur(y)
    vx, vy, vxy = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
    contrast = (2 * vxy + c2) / (vx + vy + c2)
    luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    return float((luminance * contrast).mean()), float(contrast.mean())


@pytest.mark.parametrize(("side", "count"), [(32, 2), (96, 4), (176, 5)])
def test_ms_ssim_by_hand(side: int, count: int) -> None:
    assert scales(side) == count
    output, target = images(side)
    x, y, product = output - LOWER, target - LOWER, 1.0
    for scale, weight in enumerate(WEIGHTS[:count]):
        whole, contrast = parts(x, y)
        product *= (whole if scale == count - 1 else contrast) ** (weight / sum(WEIGHTS[:count]))
        if scale < count - 1:
            x, y = (i.reshape(len(i) // 2, 2, -1, 2).mean((1, 3)) for i in (x, y))
    assert loss(output, target, multiscale=True) == pytest.approx(1 - product, abs=1e-5)


@pytest.mark.parametrize("multiscale", [True, False])
def test_equal_images_cost_nothing_and_the_gradient_is_right(multiscale: bool) -> None:
    _, target = images(24)
    assert loss(target, target, multiscale) == pytest.approx(0, abs=1e-9)
    term = Similarity(LOWER, WIDTH, multiscale).double()
    output, target = (torch.tensor(image[:12, :12])[None, None] for image in images(24))
    assert torch.autograd.gradcheck(lambda o: term(o, target), output.requires_grad_())
