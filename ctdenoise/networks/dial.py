"""A plain chain of convolutions that is told how its loss is weighted.

Source: Dosovitskiy & Djolonga, "You Only Train Once: Loss-Conditional Training of Deep Networks",
ICLR 2020; the modulation by scale and shift is that of Perez et al., "FiLM", AAAI 2018.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctdenoise.networks.plain import PlainCNN

WIDTH = 64
"""Units between a setting and the scales and shifts that it becomes."""


class DialCNN(PlainCNN):
    """A :class:`PlainCNN` whose every filter is scaled and shifted by what ``setting`` says.

    ``setting``, one number from 0 to 1 for each of ``dials`` loss terms, is where the dial stands;
    all images of a batch share it. At 0 the terms on the dial count nothing, at 1 all they can.
    Scales and shifts act on each filter's output, so for one setting the network is a plain chain.
    """

    setting: Tensor

    def __init__(self, dials: int, *shape: Any) -> None:
        super().__init__(*shape)
        self.shape = shape
        outputs = sum(layer.out_channels for layer in self.layers)
        self.enter, self.leave = nn.Linear(dials, WIDTH), nn.Linear(WIDTH, 2 * outputs)
        self.register_buffer("setting", torch.zeros(dials), persistent=False)

    def initialise(self, generator: torch.Generator) -> None:
        """As :class:`PlainCNN`, and the dial changes nothing yet."""
        super().initialise(generator)
        nn.init.xavier_uniform_(self.enter.weight, generator=generator)
        nn.init.uniform_(self.enter.bias, -1, 1, generator=generator)  # bends all along the dial
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def turn(self, setting: Tensor) -> None:
        """Set the dial, (dials,)."""
        self.setting.copy_(setting)

    @torch.no_grad()
    def fixed(self, setting: Tensor) -> PlainCNN:
        """The plain chain that this network is while the dial stands at ``setting``."""
        self.turn(setting)
        plain = PlainCNN(*self.shape).to(self.mean.device)
        for layer, (weight, bias) in zip(plain.layers, self._modulated(), strict=True):
            assert layer.bias is not None
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        plain.scale(float(self.mean), float(self.sd), float(self.noise_sd))
        return plain

    def chain(self) -> list[Callable[[Tensor], Tensor]]:
        return [
            partial(F.conv2d, weight=weight, bias=bias, stride=layer.stride, padding=layer.padding)
            for layer, (weight, bias) in zip(self.layers, self._modulated(), strict=True)
        ]

    def _modulated(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of each layer for the present setting."""
        layers = self.layers
        with torch.autocast(self.setting.device.type, enabled=False):
            all_changes = self.leave(F.relu(self.enter(self.setting)))
        changes = all_changes.split([2 * layer.out_channels for layer in layers])
        found = []
        for layer, change in zip(layers, changes, strict=True):
            gain, shift = change.chunk(2)
            assert layer.bias is not None
            weight = layer.weight * (1 + gain)[:, None, None, None]
            found.append((weight, layer.bias * (1 + gain) + shift))
        return found
