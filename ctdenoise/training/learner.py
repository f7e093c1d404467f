"""A network with its loss and optimiser on a device: one step of training."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ctdenoise.errors import Problem
from ctdenoise.hounsfield import Window
from ctdenoise.losses.balance import backward, calibrate
from ctdenoise.losses.terms import Terms
from ctdenoise.losses.vgg import ARTICLE, VggFeatures
from ctdenoise.training.checkpoint import build_network
from ctdenoise.training.config import Config, Loss
from ctdenoise.training.machine import Machine
from ctdenoise.training.optimiser import build_optimiser


class Learner:
    """The freshly initialised network of ``config``, ready to learn.

    ``statistics``: mean and SD of the training input and SD of its noise; ``window``: what a
    feature loss looks through where the config does not say so.
    """

    def __init__(self, config: Config, machine: Machine, statistics: tuple[float, float, float],
                 window: Window, *, is_hu: bool, generator: torch.Generator) -> None:  # fmt: skip
        self.machine = machine
        network = build_network(config)
        network.initialise(generator)
        network.scale(*statistics)
        self.network = network.to(machine.device).to(memory_format=machine.memory_format)
        self.parameters = list(network.parameters())
        self.optimiser = build_optimiser(config, self.parameters)
        terms = _terms(config.loss, config.patch, window, is_hu)
        self.terms = terms.to(machine.device).to(memory_format=machine.memory_format)

    def forward(self, low: Tensor) -> Tensor:
        """Denoise (batch, 1, rows, columns); all layers but the last in the machine's format."""
        machine = self.machine
        low = low.contiguous(memory_format=machine.memory_format)
        with torch.autocast(machine.device.type, machine.hidden,
                            enabled=machine.hidden != torch.float32):  # fmt: skip
            return self.network(low)

    def step(self, low: Tensor, full: Tensor, rate: float, factors: Mapping[str, float], *,
             norms: bool = False) -> tuple[Mapping[str, Tensor], dict[str, Tensor]]:  # fmt: skip
        """Move the weights once; the unweighted terms and, if asked for, gradient norms.

        Nothing is brought back from the device, so that a GPU is never waited for.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        terms = self.terms(self.forward(low), full)
        lengths = backward(terms, factors, self.parameters, apart=norms)
        self.optimiser.step()
        return {name: term.detach() for name, term in terms.items()}, lengths

    def factors(self, loss: Loss, low: Tensor, full: Tensor) -> dict[str, float]:
        """What each term is multiplied with: as given, or calibrated on this batch."""
        if loss.weighting == "factor":
            return loss.weights()
        with torch.no_grad():
            values = self.terms(self.forward(low), full)
        return calibrate(loss.weights(), {name: float(value) for name, value in values.items()})


def _terms(loss: Loss, patch: int, window: Window, is_hu: bool) -> Terms:
    if not loss.vgg:
        return Terms(loss.weights())
    imagenet = loss.vgg_input == "imagenet"
    features = VggFeatures(loss.vgg_layers, window if imagenet or not is_hu else ARTICLE, imagenet)
    if patch < features.smallest:
        raise Problem(f"The patch size of {patch} pixels",
                      f"is halved away before {max(loss.vgg_layers)}",
                      f"use at least {features.smallest} or an earlier VGG16 layer")  # fmt: skip
    return Terms(loss.weights(), features)
