"""What is known of a kind of network without building it (no torch)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from ctdenoise.networks import drawing
from ctdenoise.registry import Registry

if TYPE_CHECKING:
    from ctdenoise.networks.base import Network


class Activation(StrEnum):
    """What may stand between two layers."""

    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    ELU = "elu"
    GELU = "gelu"
    SILU = "silu"
    NONE = "none"


ACTIVATION_WORDS = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "none": "none (a linear filter)",
}
"""What people call each :class:`Activation`."""


class Settings(Protocol):
    """What a network is built from; :class:`~ctdenoise.config.config.Config` is one."""

    @property
    def layers(self) -> int:
        """How many convolutions."""

    @property
    def filters(self) -> int:
        """Feature maps of a hidden layer."""

    @property
    def kernel_size(self) -> int:
        """Side of a kernel in pixels, odd."""

    @property
    def stride(self) -> int:
        """Pixels between the places where the first layer looks."""

    @property
    def activation(self) -> Activation:
        """What follows each hidden layer."""

    @property
    def residual(self) -> bool:
        """Whether the noise is learned, which is then subtracted."""

    @property
    def dials(self) -> int:
        """How many loss terms are on the dial."""


@dataclass(frozen=True)
class LayerRow:
    """One line of the layer table; ``output_shape`` is (channels, rows, columns).

    ``layers``: of how many layers it tells, each of which has an output of this shape.
    """

    name: str
    kernel: str
    stride: int
    output_shape: tuple[int, int, int]
    parameters: int
    layers: int = 1


@dataclass(frozen=True)
class NetworkSpec(ABC):
    """A kind of network: its words, its size and shape counted from settings, and its builder.

    ``title`` and ``sentence`` are what the form says of it; ``dial`` tells whether it can be told
    how its loss is weighted (see :class:`~ctdenoise.networks.base.Network`).
    """

    name: str
    title: str
    rank: int
    sentence: str
    dial: bool = False

    def check(self, settings: Settings) -> None:
        """ValueError with the reason where this network cannot have these settings."""
        if settings.dials and not self.dial:
            able = " or the ".join(spec.title for spec in NETWORKS.values() if spec.dial)
            raise ValueError(f"the {self.title} cannot have a dial; choose the {able} for it")

    @abstractmethod
    def build(self, settings: Settings) -> Network:
        """The torch module, with weights still to be initialised or loaded; imports torch."""

    @abstractmethod
    def layer_table(
        self, settings: Settings, rows: int = 512, columns: int = 512
    ) -> list[LayerRow]:
        """What is done in order to an input of ``rows`` x ``columns``, enlarging included."""

    def parameters(self, settings: Settings) -> int:
        """How many numbers training adjusts."""
        return sum(row.parameters for row in self.layer_table(settings))

    def operations(self, settings: Settings, rows: int = 512, columns: int = 512) -> int:
        """Multiply-adds for an input of ``rows`` x ``columns``, at most: every number of a layer is
        used once for each pixel of its output."""
        table = self.layer_table(settings, rows, columns)
        return sum(row.parameters * math.prod(row.output_shape[1:]) for row in table)

    def largest(self, settings: Settings, rows: int = 512, columns: int = 512) -> int:
        """Values in the largest array that a layer makes of an input of ``rows`` x ``columns``."""
        table = self.layer_table(settings, rows, columns)
        return max(math.prod(row.output_shape) for row in table)

    @abstractmethod
    def receptive_fields(self, settings: Settings) -> list[int]:
        """For each line of the layer table: side of the square of input pixels that one value of
        its output depends on, at its largest."""

    def receptive_field(self, settings: Settings) -> int:
        """Side of the square of input pixels that one output pixel depends on, at its largest."""
        return self.receptive_fields(settings)[-1]

    @abstractmethod
    def radius(self, settings: Settings) -> int:
        """Pixels to each side that an output pixel depends on, at most."""

    def size_multiple(self, settings: Settings) -> int:
        """Pictures may be cut into tiles where rows and columns are multiples of this."""
        return 1

    def halo(self, settings: Settings) -> int:
        """By how many pixels a tile is widened on each side so that no seam is seen: the radius, as
        a multiple of :meth:`size_multiple`."""
        step = self.size_multiple(settings)
        return -(-self.radius(settings) // step) * step

    @abstractmethod
    def in_words(self, settings: Settings) -> str:
        """The drawing in one line."""

    @abstractmethod
    def drawing(self, settings: Settings) -> list[str]:
        """SVG elements between the low dose on the left and the denoised picture on the right (see
        :mod:`ctdenoise.networks.drawing`)."""

    def svg(self, settings: Settings) -> str:
        """The network from left to right, as a whole SVG."""
        return drawing.diagram(
            self.drawing(settings), self.in_words(settings), residual=settings.residual
        )


def between(activation: Activation) -> str:
    """The activation as the end of a sentence; nothing where there is none."""
    return "" if activation is Activation.NONE else f", {ACTIVATION_WORDS[activation]} between"


NETWORKS: Registry[NetworkSpec] = Registry("network", "ctdenoise.networks.specs")
"""Every kind of network by the name that config, links and the command line know it by."""
