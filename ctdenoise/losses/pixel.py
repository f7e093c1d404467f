"""Differences pixel by pixel, and of neighbouring pixels."""

from torch import Tensor


def mse(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error, in squared units of the image (HU²)."""
    return (output - target).square().mean()


def mae(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error, in units of the image (HU)."""
    return (output - target).abs().mean()


def charbonnier(output: Tensor, target: Tensor, epsilon: float) -> Tensor:
    """Mean of sqrt(error² + epsilon²), in units of the image: an absolute error that is smooth
    near 0 (Lai et al., CVPR 2017, with epsilon 0.001 of the range of values)."""
    return ((output - target).square() + epsilon**2).sqrt().mean()


def gradient(output: Tensor, target: Tensor) -> Tensor:
    """Mean difference between the sizes of the steps from pixel to pixel, along rows and columns,
    in units of the image (gradient difference loss, Mathieu et al., ICLR 2016, alpha 1)."""
    rows, columns = (
        (output.diff(dim=axis).abs() - target.diff(dim=axis).abs()).abs().mean()
        for axis in (-2, -1)
    )
    return (rows + columns) / 2
