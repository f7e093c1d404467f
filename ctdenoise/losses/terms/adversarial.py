"""The critic (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctdenoise.losses.term import LOSS_TERMS, Context, LossTerm

if TYPE_CHECKING:
    from ctdenoise.losses.term import Term


def _build(context: Context) -> Term:
    from ctdenoise.losses.adversarial import Critic

    return Critic(context.patch, context.window.lower, context.window.width, context.seed)


LOSS_TERMS.register(
    LossTerm(
        name="adversarial",
        title="Critic (adversarial)",
        rank=8,
        sentence="A second network learns to tell the result from full dose, and this one to fool "
        "it: looks real, may invent. Slow.",
        leads_to="real-looking",
        build=_build,
    )
)
