"""The grain's power spectrum (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctdenoise.losses.term import LOSS_TERMS, Context, LossTerm, Settings, Work

if TYPE_CHECKING:
    from ctdenoise.losses.term import Term


def _build(context: Context) -> Term:
    from ctdenoise.losses.spectrum import spectrum

    return lambda output, target: spectrum(output, target, 2.5 * context.small)


def _work(loss: Settings, patch: int) -> Work:
    """A transform, and the rings, which are a matrix of side / 2 times half a spectrum."""
    return Work(patch**3, 20 * patch**2, 40 * patch**2)


LOSS_TERMS.register(
    LossTerm(
        name="texture",
        title="Grain (noise spectrum)",
        rank=6,
        sentence="Wants grain as strong and as coarse as at full dose, wherever its grains lie.",
        leads_to="grainy",
        build=_build,
        first=True,
        work=_work,
    )
)
