"""A plain chain of convolutions that is told how its loss is weighted.

Source: Dosovitskiy & Djolonga, "You Only Train Once: Loss-Conditional Training of Deep Networks",
ICLR 2020. They scale and shift features; here the filters themselves move along the dial, which
came closer to networks trained for one setting and spread the ends further apart (figures in
docs/loss-laboratory.md).
"""

from typing import Any

import torch
from torch import Tensor, nn

from ctdenoise.networks.chain import PlainCNN

SPEED = 0.6
"""How fast filters move along the dial as their directions are learned; at 1 it overshoots."""


class DialCNN(PlainCNN):
    """A :class:`PlainCNN` whose filters move along straight lines as ``setting`` changes.

    ``setting``, one number from 0 to 1 for each of ``dials`` loss terms, is where the dial stands;
    all images of a batch share it. At 0 the terms on the dial count nothing, at 1 all they can.
    ``directions`` holds, for each dial, a layer of what is added to each layer. ``shape`` is what
    :class:`PlainCNN` takes; for one setting the network is just that.
    """

    setting: Tensor

    def __init__(self, dials: int, *shape: Any) -> None:
        super().__init__(*shape)
        self.dials, self.shape = dials, shape
        self.directions = nn.ModuleList(PlainCNN(*shape).convolutions for _ in range(dials))
        self.register_buffer("setting", torch.zeros(dials), persistent=False)

    def initialise(self, generator: torch.Generator) -> None:
        """As :class:`PlainCNN`, and the dial changes nothing yet."""
        super().initialise(generator)
        for parameter in self.directions.parameters():
            nn.init.zeros_(parameter)

    def turn(self, setting: Tensor) -> None:
        """Set the dial, (dials,)."""
        self.setting.copy_(setting)

    @torch.no_grad()
    def fixed(self, setting: Tensor) -> PlainCNN:
        """The plain chain that this network is while the dial stands at ``setting``."""
        self.turn(setting)
        plain = PlainCNN(*self.shape).to(self.mean.device)
        for layer, (weight, bias) in zip(plain.layers, self.filters(), strict=True):
            assert layer.bias is not None
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        plain.scale(float(self.mean), float(self.sd), float(self.noise_sd))
        return plain

    def filters(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of each layer for the present setting."""
        part = SPEED * (2 * self.setting - 1)  # of opposite sign at the ends, so that both learn
        found = []
        for layer, *moves in zip(self.convolutions, *self.directions, strict=True):
            weight, bias = layer.weight, layer.bias
            for each, move in zip(part, moves, strict=True):
                weight, bias = weight + each * move.weight, bias + each * move.bias
            found.append((weight, bias))
        return found
