"""The critic (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctdenoise.losses.term import LOSS_TERMS, Context, LossTerm, Settings, Work

if TYPE_CHECKING:
    from ctdenoise.losses.term import Term

FILTERS, STRIDES, HIDDEN = (64, 64, 128, 128, 256, 256), (1, 2, 1, 2, 1, 2), 1024
"""Of the critic's convolutions; units of its hidden layer."""


def _build(context: Context) -> Term:
    from ctdenoise.losses.adversarial import Critic

    return Critic(context.patch, context.window.lower, context.window.width, context.seed)


def _work(loss: Settings, patch: int) -> Work:
    """Of every number a gradient, Adam's two means and what the penalty's double way back adds; of
    every feature its activation, for five passes that are kept at once."""
    numbers = values = operations = 0
    channels = 1
    for filters, stride in zip(FILTERS, STRIDES, strict=True):
        patch = -(-patch // stride)
        numbers += filters * (9 * channels + 1)
        operations += filters * (9 * channels + 1) * patch**2
        values += filters * patch**2
        channels = filters
    dense = channels * patch**2 * HIDDEN
    return Work(6 * (numbers + dense), 5 * 2 * values, 12 * (operations + dense))


LOSS_TERMS.register(
    LossTerm(
        name="adversarial",
        title="Critic (adversarial)",
        rank=8,
        sentence="A second network learns to tell the result from full dose, and this one to fool "
        "it: looks real, may invent. Slow.",
        leads_to="real-looking",
        build=_build,
        work=_work,
    )
)
