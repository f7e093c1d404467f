"""All terms of a loss at once, and how much each counts."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from ctdenoise.losses.term import LOSS_TERMS, Context


class LearningTerm(nn.Module, ABC):
    """A term that is itself a network and learns beside the one that is trained."""

    @abstractmethod
    def learn(self, output: Tensor, target: Tensor) -> None:
        """One step of its own on a batch, before the network's."""

    @abstractmethod
    def pull(self, batch: int) -> float:
        """Norm of its gradient in the pixels of a batch once it has learned, for calibration."""

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """All that it needs to go on learning, by name."""

    @abstractmethod
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what :meth:`tensors` gave."""


class Terms(nn.Module):
    """The unweighted terms ``names``, in the order in which the registry lists them."""

    def __init__(self, names: Iterable[str], context: Context) -> None:
        super().__init__()
        wanted = frozenset(names)
        self.terms = {name: t.build(context) for name, t in LOSS_TERMS.items() if name in wanted}
        self.modules_of = nn.ModuleList(t for t in self.terms.values() if isinstance(t, nn.Module))

    @property
    def learning(self) -> dict[str, LearningTerm]:
        """Those that learn themselves, by name."""
        return {name: t for name, t in self.terms.items() if isinstance(t, LearningTerm)}

    def forward(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Scalars by name, parts by their own; both images are (batch, 1, rows, columns)."""
        found: dict[str, Tensor] = {}
        for name, term in self.terms.items():
            value = term(output, target)
            if isinstance(value, Tensor):
                found[name] = value
            else:
                found |= {f"{name}_{part}": scalar for part, scalar in value.items()}
        return found


def calibrate(influences: Mapping[str, float], pulls: Mapping[str, float]) -> dict[str, float]:
    """Factors that give every term its influence (a share, any scale) on the picture.

    ``pulls`` are the norms of the unweighted terms' gradients in the pixels of the first batch: a
    term's size says nothing about what it does, its slope does. The first term keeps the factor 1,
    so that a loss of mean squared error alone stays in HU².
    """
    first = next(iter(influences))
    scale = _pull(pulls[first]) / influences[first]
    return {name: share * scale / _pull(pulls[name]) for name, share in influences.items()}


def _pull(pull: float) -> float:
    return max(pull, 1e-12)  # a term may vanish where low and full dose are the same


def backward(
    terms: Mapping[str, Tensor],
    factors: Mapping[str, float],
    parameters: Sequence[Tensor],
    apart: bool,
) -> dict[str, Tensor]:
    """Set ``.grad`` to the gradient of the weighted sum.

    With ``apart``, one backward pass a term, whose gradients are then added, and the norm of each
    weighted term's gradient is returned; otherwise one pass for all of them, and nothing.
    """
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter) if apart else None
    weighted = {name: factors[name] * term for name, term in terms.items()}
    if not apart:
        torch.stack(list(weighted.values())).sum().backward(inputs=list(parameters))
        return {}
    norms: dict[str, Tensor] = {}
    for name, term in weighted.items():
        gradients = torch.autograd.grad(term, parameters, retain_graph=len(norms) + 1 < len(terms))
        norms[name] = torch.stack([g.norm() for g in gradients]).norm()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            assert parameter.grad is not None
            parameter.grad += gradient  # in the parameter's own layout, as fused optimisers need
    return norms
