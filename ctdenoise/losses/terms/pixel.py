"""Differences pixel by pixel, and of neighbouring pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctdenoise.losses.term import LOSS_TERMS, Context, LossTerm

if TYPE_CHECKING:
    from torch import Tensor

    from ctdenoise.losses.term import Term


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


def _charbonnier(context: Context) -> Term:
    return lambda output, target: charbonnier(output, target, context.small)


LOSS_TERMS.register(
    LossTerm(
        name="mse",
        title="Mean squared error",
        rank=0,
        sentence="Smooth and true in CT number; alone it blurs fine texture.",
        leads_to="smooth",
        build=lambda context: mse,
        default=100.0,
        first=True,
    )
)
LOSS_TERMS.register(
    LossTerm(
        name="mae",
        title="Mean absolute error",
        rank=1,
        sentence="Like squared error, but forgiving of single bright pixels; edges stay a little "
        "sharper.",
        leads_to="forgiving",
        build=lambda context: mae,
    )
)
LOSS_TERMS.register(
    LossTerm(
        name="charbonnier",
        title="Charbonnier",
        rank=2,
        sentence="An absolute error that is rounded near zero, so that it settles calmly.",
        leads_to="forgiving",
        build=_charbonnier,
    )
)
LOSS_TERMS.register(
    LossTerm(
        name="gradient",
        title="Edges (gradient difference)",
        rank=5,
        sentence="Wants steps from pixel to pixel as large as at full dose: edges stay sharp.",
        leads_to="edged",
        build=lambda context: gradient,
    )
)
