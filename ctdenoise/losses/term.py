"""What is known of a loss term without torch, and all terms by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ctdenoise.registry import Registry
from ctdenoise.units import Window

if TYPE_CHECKING:
    from torch import Tensor

    Term = Callable[[Tensor, Tensor], Tensor | Mapping[str, Tensor]]
    """What a batch of denoised patches and the full dose of it, both (batch, 1, rows, columns),
    gives: a scalar, small where they are alike, or one for each part of the term. One that learns
    as well is a :class:`~ctdenoise.losses.balance.LearningTerm`."""


class Settings(Protocol):
    """The settings of single terms; :class:`~ctdenoise.config.loss.Loss` is one."""

    @property
    def vgg_layers(self) -> tuple[str, ...]:
        """Names of the VGG layers that are compared."""

    @property
    def vgg_shares(self) -> tuple[float, ...]:
        """Each layer's share in the term, in the order of ``vgg_layers``."""

    @property
    def vgg_input(self) -> str:
        """How one channel in HU becomes VGG's three."""


@dataclass(frozen=True)
class Context:
    """What a term may need to know of a training.

    ``window``: the values that count, for terms that need a range of values (SSIM's data range);
    ``patch``: side of the patches in pixels; ``is_hu``: whether values are HU.
    """

    window: Window
    patch: int
    seed: int
    is_hu: bool
    loss: Settings

    @property
    def small(self) -> float:
        """A thousandth of the range of values, in units of the image."""
        return self.window.width / 1000


@dataclass(frozen=True)
class Work:
    """What a term keeps and computes in a step, beside the network: ``numbers`` (float32) whatever
    the batch; ``values`` (float32) and ``operations`` (multiply-adds) for each patch of it."""

    numbers: int
    values: int
    operations: int


def _pixelwise(loss: Settings, patch: int) -> Work:
    """A few numbers for each pixel."""
    return Work(0, 8 * patch**2, 8 * patch**2)


@dataclass(frozen=True)
class LossTerm:
    """A term of the loss: its words, its usual weight and its builder.

    ``title`` and ``sentence`` are what the form says of it; ``leads_to``: what pictures become as a
    dial adds more of it, in a word. ``build`` imports what needs torch.
    """

    name: str
    title: str
    rank: int
    sentence: str
    leads_to: str
    build: Callable[[Context], Term]
    default: float = 0.0
    """Weight where nothing is said."""
    first: bool = False
    """Whether it stands in the form's first view, before "more"."""
    smallest_patch: int = 1
    """Side in pixels of the smallest patch that it can be computed on."""
    shares: Callable[[Settings], dict[str, float]] | None = None
    """Of a term that is made up of several: how much of its weight each part takes, on any
    scale. Each part is a term of its own, called by the term's name, "_" and the part's."""
    part_title: Callable[[str], str] = str
    """What people call a part, by its name."""
    work: Callable[[Settings, int], Work] = _pixelwise
    """What a step of it takes on patches of so many pixels a side, roughly."""
    downloaded: frozenset[str] = frozenset()
    """The parts that need what does not ship, and is downloaded when they are first used."""


LOSS_TERMS: Registry[LossTerm] = Registry("loss term", "ctdenoise.losses.terms")
"""Every term by the name that config, links, events and the command line know it by."""


def term_of(name: str) -> LossTerm | None:
    """The term that is called ``name`` or has a part of that name; None where there is none."""
    if name in LOSS_TERMS:
        return LOSS_TERMS[name]
    whole = (term for term in LOSS_TERMS.values() if term.shares)
    return next((term for term in whole if name.startswith(f"{term.name}_")), None)


def term_title(name: str) -> str:
    """What people call a term or a part of one."""
    term = term_of(name)
    if term is None or term.name == name:
        return term.title if term else name
    return term.part_title(name.removeprefix(f"{term.name}_"))
