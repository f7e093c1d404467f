"""How much each loss term counts."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def calibrate(influences: Mapping[str, float], values: Mapping[str, float]) -> dict[str, float]:
    """Factors that give every term its influence (a share, any scale) of the total loss.

    ``values`` are the unweighted terms on the first batch. The first term keeps the factor 1, so
    that a loss of mean squared error alone stays in HU².
    """
    first = next(iter(influences))
    scale = _value(values[first]) / influences[first]
    return {name: share * scale / _value(values[name]) for name, share in influences.items()}


def _value(value: float) -> float:
    return max(value, 1e-12)  # a term may vanish where low and full dose are the same


def backward(terms: Mapping[str, Tensor], factors: Mapping[str, float],
             parameters: Sequence[Tensor]) -> dict[str, Tensor]:  # fmt: skip
    """Set ``.grad`` to the gradient of the weighted sum; return each weighted term's norm.

    One backward pass a term, whose gradients are then added: the same work as the plain way plus
    one pass through the network for each term after the first.
    """
    norms: dict[str, Tensor] = {}
    for parameter in parameters:
        parameter.grad = None
    for name, term in terms.items():
        gradients = torch.autograd.grad(factors[name] * term, parameters, retain_graph=True)
        norms[name] = torch.stack([g.norm() for g in gradients]).norm()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
    return norms
