"""Differences pixel by pixel."""

from torch import Tensor


def mse(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error, in squared units of the image (HU²)."""
    return (output - target).square().mean()


def mae(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error, in units of the image (HU)."""
    return (output - target).abs().mean()
