"""The rule by which the weights move, and its rate over a training."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from ctdenoise.config.config import Config

WARM_UP = 0.05
"""Part of a one-cycle training in which the rate rises."""


def build_optimiser(config: Config, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """The optimiser by name; the fused versions update all weights in one pass over memory."""
    rate = config.learning_rate
    if config.optimiser == "adam":
        return torch.optim.Adam(parameters, rate, fused=True)
    if config.optimiser == "adamw":
        return torch.optim.AdamW(parameters, rate, fused=True)
    if config.optimiser == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=0.9, fused=True)
    return torch.optim.RMSprop(parameters, rate)


def learning_rate(config: Config, done: float) -> float:
    """The rate after the fraction ``done`` (0 to 1) of the training.

    One cycle: from 1/4 up to the full rate and down to 1/1000 along cosines (Smith 2018).
    """
    peak = config.learning_rate
    if config.schedule == "constant":
        return peak
    if config.schedule == "cosine":
        return peak * _cosine(1.0, 1e-3, done)
    if done < WARM_UP:
        return peak * _cosine(0.25, 1.0, done / WARM_UP)
    return peak * _cosine(1.0, 1e-3, (done - WARM_UP) / (1 - WARM_UP))


def _cosine(start: float, end: float, at: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(max(at, 0.0), 1.0))) / 2
