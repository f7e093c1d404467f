"""Training steps against a plain float32 PyTorch loop, and the share of the machine's peak.

    .venv/bin/python benchmarks/throughput.py [--rounds 3]

Same network (6 x 64 filters), same batch, Adam, MSE. Plain: row-major layout, autograd, Adam as it
comes, a fresh process. Ours: the step that `ctdenoise train` makes. Both alternate in processes of
their own. A step must be so many times sooner than the plain loop's, and take at most so many times
as long as matrix products of as many operations; both bounds depend on whether the processor
multiplies bfloat16. Then both train on the same patches, to show that the faster step learns as
much.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from statistics import median

import torch
from _bounds import beside, seconds, tell, verdict
from torch import nn

from ctdenoise.config.config import Config
from ctdenoise.training.device import choose, keeping_memory
from ctdenoise.training.learner import Learner
from ctdenoise.units import WINDOWS

BATCHES = {"recommended": (4, 32), "article": (32, 30), "large": (32, 64)}
SOONER = {
    torch.bfloat16: {"recommended": 3.0, "article": 3.0, "large": 3.0},
    torch.float32: {"recommended": 0.85, "article": 0.9, "large": 1.15},
}
"""Three is what bfloat16 is worth; without it 1.08 to 1.7 were measured, since the plain loop is
already near the peak: all that must hold is that nothing of ours makes the step slower."""
OF_PRODUCTS = {torch.bfloat16: 8.0, torch.float32: 2.6}
"""Times the matrix products: 2.6 to 4.8 measured in bfloat16, 1.2 to 1.6 in float32."""
SECONDS = 1.0
"""Of steps, for each batch."""
STATISTICS = 0.0, 500.0, 30.0
Step = Callable[[torch.Tensor, torch.Tensor], object]
Forward = Callable[[torch.Tensor], torch.Tensor]


class PlainLoop:
    """What one would write first: the same residual network without any of our care."""

    def __init__(self, learner: Learner) -> None:
        layers: list[nn.Module] = []
        for layer in learner.network.modules():
            if not isinstance(layer, nn.Conv2d):
                continue
            copy = nn.Conv2d(layer.in_channels, layer.out_channels, 3, padding=1)
            copy.load_state_dict({k: v.contiguous() for k, v in layer.state_dict().items()})
            layers += [copy, nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])
        self.optimiser = torch.optim.Adam(self.layers.parameters(), 2e-3)

    def forward(self, low: torch.Tensor) -> torch.Tensor:
        mean, sd, noise_sd = STATISTICS
        return low - self.layers((low - mean) / sd) * noise_sd

    def step(self, low: torch.Tensor, full: torch.Tensor) -> None:
        self.optimiser.zero_grad()
        nn.functional.mse_loss(self.forward(low), full).backward()
        self.optimiser.step()


def made_learner() -> Learner:
    config = Config()
    machine = choose("cpu", "auto", config.filters)
    return Learner(config, machine, STATISTICS, WINDOWS["soft tissue"], is_hu=True,
                   generator=torch.Generator().manual_seed(1))  # fmt: skip


def steps_of(kind: str) -> tuple[Step, Forward]:
    learner = made_learner()
    if kind == "plain":
        plain = PlainLoop(learner)
        return plain.step, plain.forward
    return (lambda low, full: learner.step(low, full, 2e-3, {"mse": 1.0})), learner.forward


def timed(kind: str) -> dict[str, float]:
    """Seconds of the middle one of some steps of each batch, in this process, and of a product."""
    step, _ = steps_of(kind)
    found = {"product": matrix_product(made_learner().machine.hidden)}
    for name, (batch, patch) in BATCHES.items():
        low = 300 * torch.randn(batch, 1, patch, patch)
        full = low * 0.9
        for _ in range(2):
            step(low, full)
        times: list[float] = []
        while len(times) < 3 or (sum(times) < SECONDS and len(times) < 50):
            times.append(seconds(partial(step, low, full)))
        found[name] = median(times)
    return found


def measured(kind: str) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--one", kind]
    answer = subprocess.run(command, check=True, capture_output=True).stdout
    found: dict[str, float] = json.loads(answer)
    return found


def matrix_product(dtype: torch.dtype) -> float:
    """Seconds of the middle one of some products of matrices of 2048 x 2048: the peak."""
    a = torch.randn(2048, 2048).to(dtype)
    return median(seconds(lambda: a @ a) for _ in range(9))


def learnt(kind: str, steps: int = 150) -> float:
    """Validation MSE after training on smooth images with white noise of 30."""
    step, forward = steps_of(kind)
    generator = torch.Generator().manual_seed(0)

    def patches(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        coarse = 300 * torch.randn(count, 1, 6, 6, generator=generator)
        full = nn.functional.interpolate(coarse, 32, mode="bicubic")
        return full + 30 * torch.randn(full.shape, generator=generator), full

    low, full = patches(64)
    for _ in range(steps):
        step(*patches(4))
    with torch.no_grad():
        return float((forward(low) - full).square().mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with keeping_memory() if options.one == "ours" else nullcontext():
            print(json.dumps(timed(options.one)))
        return 0
    machine = made_learner().machine
    print(f"{machine.name}, {machine.precision}")
    rounds = [(measured("plain"), measured("ours")) for _ in range(options.rounds)]
    for name, (batch, patch) in BATCHES.items():
        products = 6 * Config().spec.parameters(Config()) * batch * patch**2 / (2 * 2048**3)
        ours = [own[name] for _, own in rounds]
        beside(f"step of {batch} x {patch} x {patch}", ours, [plain[name] for plain, _ in rounds],
               "plain loop", at_least=SOONER[machine.hidden][name])  # fmt: skip
        beside("   the same", ours, [products * own["product"] for _, own in rounds],
               "matrix products", at_most=OF_PRODUCTS[machine.hidden])  # fmt: skip
    off = learnt("ours") / learnt("plain") - 1
    tell("validation MSE after the same 150 steps, ours to plain", f"{off:+.1%}", "within 3 %",
         abs(off) <= 0.03)  # fmt: skip
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
