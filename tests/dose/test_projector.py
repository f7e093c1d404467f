import math

import numpy as np
import pytest
import torch
from independent import Ellipse, image, paths

from ctdenoise.dose.projector import ParallelBeam, fast_length, parallel_beam


def beam(shape: tuple[int, int], spacing: tuple[float, float], views: int = 360) -> ParallelBeam:
    ray_spacing = math.sqrt(spacing[0] * spacing[1])
    diagonal = math.hypot(shape[0] * spacing[0], shape[1] * spacing[1])
    rays = fast_length(diagonal / ray_spacing + 2)
    return ParallelBeam(shape, spacing, views=views, rays=rays, ray_spacing=ray_spacing)


def everything(frequencies: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(frequencies)


def blob(which: ParallelBeam) -> tuple[torch.Tensor, torch.Tensor]:
    """A Gaussian off the centre on the beam's pixels, and its line integrals by the formula."""
    row, column, sigma = 20.0, -30.0, 8.0
    down, across = (
        (np.arange(n) - (n - 1) / 2) * d for n, d in zip(which.shape, which.spacing, strict=True)
    )
    pixels = np.exp(-((down[:, None] - row) ** 2 + (across - column) ** 2) / (2 * sigma**2))
    angle = np.arange(which.views)[:, None] * np.pi / which.views
    ray = (np.arange(which.rays) - (which.rays - 1) / 2) * which.ray_spacing
    off = ray - column * np.cos(angle) - row * np.sin(angle)
    integrals = math.sqrt(2 * math.pi) * sigma * np.exp(-(off**2) / (2 * sigma**2))
    return torch.tensor(pixels).float()[None], torch.tensor(integrals).float()[None]


GEOMETRIES = [((256, 256), (0.7, 0.7)), ((200, 255), (1.0, 1.3)), ((129, 300), (1.6, 0.8))]


@pytest.mark.parametrize(("shape", "spacing"), GEOMETRIES)
def test_projection_of_a_gaussian_follows_its_formula(
    shape: tuple[int, int], spacing: tuple[float, float]
) -> None:
    which = beam(shape, spacing)
    pixels, integrals = blob(which)
    error = (which.project(pixels) - integrals).abs().max() / integrals.max()
    assert float(error) < 1e-3


@pytest.mark.parametrize(("shape", "spacing"), GEOMETRIES)
def test_fbp_of_exact_projections_gives_the_image(
    shape: tuple[int, int], spacing: tuple[float, float]
) -> None:
    which = beam(shape, spacing)
    pixels, integrals = blob(which)
    assert float((which.fbp(integrals, everything) - pixels).abs().max()) < 2e-3


@pytest.mark.parametrize(("shape", "spacing"), GEOMETRIES)
def test_backprojection_is_the_adjoint_of_projection(
    shape: tuple[int, int], spacing: tuple[float, float]
) -> None:
    which = beam(shape, spacing, views=90)
    torch.manual_seed(0)
    pixels, rays = torch.randn(1, *shape), torch.randn(1, which.views, which.rays)
    there = (which.project(pixels) * rays).sum() * which.ray_spacing * math.pi / which.views
    back = (pixels * which.backproject(rays)).sum() * spacing[0] * spacing[1]
    assert float(there) == pytest.approx(float(back), rel=1e-3, abs=0.05)


def test_path_through_ellipses_agrees_with_the_formula() -> None:
    body = [Ellipse(80, 50), Ellipse(10, 15, 0.5, 40, -10)]
    which = beam((256, 256), (0.8, 0.8), views=720)
    pixels = torch.from_numpy(1 + image(body, 256, 0.8) / 1000)[None]
    error = which.project(pixels)[0].numpy() - paths(body, which.rays, 0.8)
    assert np.abs(error).mean() < 0.3  # mm of 160, hard edges of whole pixels included


def test_it_agrees_with_scikit_image() -> None:
    from skimage.transform import radon

    which = ParallelBeam((129, 129), (1, 1), views=180, rays=129, ray_spacing=1.0)
    pixels, _ = blob(which)
    pixels[pixels < 1e-6] = 0  # scikit-image wants nothing beyond the circle
    theirs = radon(pixels[0].numpy(), np.arange(180.0), circle=True, preserve_range=True).T
    ours = which.project(pixels.flip(1))[0].numpy()  # its rows count upwards
    np.testing.assert_allclose(ours, theirs, atol=0.02 * theirs.max())


def test_several_images_are_projected_and_reconstructed_as_each_alone() -> None:
    which = beam((64, 80), (1, 1), views=60)
    torch.manual_seed(1)
    pixels = torch.randn(3, 64, 80)
    rays = which.project(pixels)
    torch.testing.assert_close(rays[1:2], which.project(pixels[1:2]), rtol=1e-4, atol=1e-3)
    back = which.fbp(rays, everything)
    torch.testing.assert_close(back[2:], which.fbp(rays[2:], everything), rtol=1e-4, atol=1e-3)


def test_a_band_smooths_and_nothing_else() -> None:
    wide = beam((128, 128), (1, 1))
    narrow = ParallelBeam((128, 128), (1, 1), views=360, rays=wide.rays, ray_spacing=1.0, band=0.25)
    pixels, integrals = blob(wide)
    error = (narrow.project(pixels) - integrals).abs().max() / integrals.max()
    assert float(error) < 2e-3


def test_fast_lengths() -> None:
    assert [fast_length(n) for n in (1, 17, 726, 768)] == [2, 18, 750, 768]


def test_tables_are_kept_for_the_next_call() -> None:
    settings = ((32, 32), (1.0, 1.0), 30, 48, 1.0, math.inf, "cpu")
    assert parallel_beam(*settings) is parallel_beam(*settings)
    pixels = torch.ones(1, 32, 32)
    coarse, fine = beam((32, 32), (1, 1)), beam((32, 32), (0.7, 0.7))  # as many rays a pixel
    np.testing.assert_allclose(coarse.project(pixels) * 0.7, fine.project(pixels), atol=1e-3)
    assert coarse._neighbours[0] is fine._neighbours[0]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_what_the_cpu_gives() -> None:
    pixels, _ = blob(beam((128, 128), (1, 1)))
    settings = {"views": 360, "rays": 192, "ray_spacing": 1.0}
    cpu = ParallelBeam((128, 128), (1, 1), **settings)
    gpu = ParallelBeam((128, 128), (1, 1), **settings, device="cuda")
    rays = cpu.project(pixels)
    torch.testing.assert_close(gpu.project(pixels.cuda()).cpu(), rays, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(
        gpu.fbp(rays.cuda(), everything).cpu(), cpu.fbp(rays, everything), rtol=1e-3, atol=1e-3
    )
