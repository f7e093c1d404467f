"""Structural similarity, at one scale and at several (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctdenoise.losses.term import LOSS_TERMS, Context, LossTerm, Settings, Work

if TYPE_CHECKING:
    from ctdenoise.losses.term import Term

SIDE = 11
"""Of SSIM's Gaussian window, in pixels."""


def _build(context: Context, multiscale: bool) -> Term:
    from ctdenoise.losses.structure import Similarity

    return Similarity(context.window.lower, context.window.width, multiscale)


def _work(loss: Settings, patch: int) -> Work:
    """Five moments, smoothed along rows and columns, forward and back."""
    return Work(0, 60 * patch**2, 3 * 5 * 2 * SIDE * patch**2)


LOSS_TERMS.register(
    LossTerm(
        name="ssim",
        title="Structural similarity (SSIM)",
        rank=3,
        sentence="Compares brightness, contrast and structure in small windows.",
        leads_to="structured",
        build=lambda context: _build(context, multiscale=False),
        smallest_patch=SIDE,
        work=_work,
    )
)
LOSS_TERMS.register(
    LossTerm(
        name="ms_ssim",
        title="SSIM at several scales (MS-SSIM)",
        rank=4,
        sentence="The same for fine and for coarse structure; larger patches give it more scales.",
        leads_to="structured",
        build=lambda context: _build(context, multiscale=True),
        smallest_patch=SIDE,
        work=_work,
    )
)
