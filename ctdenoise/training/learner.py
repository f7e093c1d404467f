"""A network with its loss and optimiser on a device: one step of training."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from ctdenoise.config.config import Config, network_settings
from ctdenoise.config.loss import Loss
from ctdenoise.errors import Problem
from ctdenoise.losses.balance import Terms, backward, calibrate
from ctdenoise.losses.term import Context
from ctdenoise.training.checkpoint import Checkpoint, build_network
from ctdenoise.training.device import Machine
from ctdenoise.units import Window


class Learner:
    """The freshly initialised network of ``config``, ready to learn.

    ``statistics``: mean and SD of the training input and SD of its noise; ``window``: what a
    feature loss looks through where the config does not say so.
    """

    def __init__(self, config: Config, machine: Machine, statistics: tuple[float, float, float],
                 window: Window, *, is_hu: bool, generator: torch.Generator) -> None:  # fmt: skip
        self.config, self.machine = config, machine
        network = build_network(config)
        network.initialise(generator)
        network.scale(*statistics)
        self.network = network.to(machine.device).to(memory_format=machine.memory_format)
        self.parameters = list(network.parameters())
        self.optimiser = build_optimiser(config, self.parameters)
        used = [name for name, weight in config.loss.terms.items() if weight > 0]
        terms = Terms(used, Context(window, config.patch, config.seed, is_hu, config.loss))
        self.terms = terms.to(machine.device).to(memory_format=machine.memory_format)

    def adopt(self, start: Checkpoint) -> None:
        """Go on with the network of a checkpoint, its scale included."""
        if network_settings(start.config) != network_settings(self.config):
            raise Problem("The network", "is built otherwise than the one that it goes on from",
                          "leave the network's settings as they are")  # fmt: skip
        self.network.load_state_dict(start.network.state_dict())

    def held(self) -> Iterator[Tensor]:
        """All tensors that it keeps between two steps; some share their memory. The frozen weights
        of a loss belong to the process where it computes on the processor."""
        for parameter in (*self.parameters, *self.terms.parameters()):
            if parameter.requires_grad or parameter.device.type != "cpu":
                yield parameter
            if parameter.grad is not None:
                yield parameter.grad
        yield from (*self.network.buffers(), *self.terms.buffers())
        for state in self.optimiser.state.values():
            yield from (value for value in state.values() if isinstance(value, Tensor))
        for term in self.terms.learning.values():
            yield from term.tensors().values()

    def forward(self, low: Tensor) -> Tensor:
        """Denoise (batch, 1, rows, columns); all layers but the last in the machine's format."""
        machine = self.machine
        low = low.contiguous(memory_format=machine.memory_format)
        with torch.autocast(machine.device.type, machine.hidden,
                            enabled=machine.hidden != torch.float32):  # fmt: skip
            output: Tensor = self.network(low)
        return output

    def step(self, low: Tensor, full: Tensor, rate: float, factors: Mapping[str, float], *,
             setting: Sequence[float] = (),
             norms: bool = False) -> tuple[Mapping[str, Tensor], dict[str, Tensor]]:  # fmt: skip
        """Move the weights once; the unweighted terms and, if asked for, gradient norms.

        ``setting`` is where the dial stands for this step, if there is one; between steps it
        stands at 0. Nothing is brought back from the device, so that a GPU is never waited for.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        if setting:
            self.network.turn(torch.tensor(setting))
            factors = self.config.loss.dialled(factors, setting)
        output = self.forward(low)
        for term in self.terms.learning.values():
            term.learn(output, full)
        terms = self.terms(output, full)
        lengths = backward(terms, factors, self.parameters, apart=norms)
        self.optimiser.step()
        if setting:
            self.network.turn(torch.zeros(len(setting)))
        return {name: term.detach() for name, term in terms.items()}, lengths

    def factors(self, loss: Loss, low: Tensor, full: Tensor) -> dict[str, float]:
        """What each term is multiplied with: as given, or calibrated on this batch.

        Raises :class:`Problem` where the loss is not a number even before the first step.
        """
        output = self.forward(low).detach().float().requires_grad_()
        terms = self.terms(output, full)
        values = {name: float(term.detach()) for name, term in terms.items()}
        if loss.weighting == "factor":
            factors = loss.weights()
        else:
            pulls = {
                name: float(torch.autograd.grad(term, output, retain_graph=True)[0].norm())
                for name, term in terms.items()
            }
            pulls |= {name: term.pull(len(low)) for name, term in self.terms.learning.items()}
            factors = calibrate(loss.weights(), pulls)
        total = sum(factors[name] * value for name, value in values.items())
        if not math.isfinite(total) or abs(total) > torch.finfo(torch.float32).max:
            raise Problem("The loss", "is too large to be computed on the first patches",
                          "choose smaller weights")  # fmt: skip
        return factors


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
