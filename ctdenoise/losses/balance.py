"""How much each loss term counts."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


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
