"""Training steps against a plain float32 PyTorch loop, and the share of the machine's peak.

    .venv/bin/python benchmarks/throughput.py [--rounds 5]

Same network (6 x 64 filters), same batch, Adam, MSE. Plain: row-major layout, autograd, Adam as it
comes, a fresh process. Ours: the step that `ctdenoise train` makes. Both alternate in processes of
their own, and each counts with its fastest round, since a machine is never quite idle. Then both
train on the same patches, to show that the faster step learns as much.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from _bounds import tell, verdict
from torch import nn

from ctdenoise.config.config import Config
from ctdenoise.training.device import choose, keeping_memory
from ctdenoise.training.learner import Learner
from ctdenoise.units import WINDOWS

BATCHES = {"recommended": (4, 32), "article": (32, 30), "large": (32, 64)}
STATISTICS = 0.0, 500.0, 30.0
Step = Callable[[torch.Tensor, torch.Tensor], object]
Forward = Callable[[torch.Tensor], torch.Tensor]


class PlainLoop:
    """What one would write first: the same residual network without any of our care."""

    def __init__(self, learner: Learner) -> None:
        layers: list[nn.Module] = []
        for layer in learner.network.convolutions:
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


def timed(kind: str, batch: int, patch: int) -> float:
    """Seconds of the middle one of some steps, in this process."""
    step, _ = steps_of(kind)
    low = 300 * torch.randn(batch, 1, patch, patch)
    full = low * 0.9
    times: list[float] = []
    for _ in range(3):
        step(low, full)
    while len(times) < 5 or (sum(times) < 2 and len(times) < 50):
        began = time.perf_counter()
        step(low, full)
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


def measured(kind: str, batch: int, patch: int) -> float:
    command = [sys.executable, __file__, "--one", kind, str(batch), str(patch)]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def peak_gflops(dtype: torch.dtype) -> float:
    a = torch.randn(2048, 2048).to(dtype)
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - began)
    return 2 * 2048**3 / best / 1e9


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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        kind, batch, patch = options.one[0], int(options.one[1]), int(options.one[2])
        if kind == "ours":
            with keeping_memory():
                print(timed(kind, batch, patch))
        else:
            print(timed(kind, batch, patch))
        return 0
    machine = made_learner().machine
    bound = 1.5 if machine.hidden == torch.float32 else 3.0
    peaks = [peak_gflops(machine.hidden)]
    print(f"{machine.name}, {machine.precision}")
    for name, (batch, patch) in BATCHES.items():
        best = {"plain": float("inf"), "ours": float("inf")}
        for _ in range(options.rounds):
            for kind in best:
                best[kind] = min(best[kind], measured(kind, batch, patch))
            peaks.append(peak_gflops(machine.hidden))
        peak = max(peaks)
        gflop = 6 * Config().spec.parameters(Config()) * batch * patch**2 / 1e9
        ratio = best["plain"] / best["ours"]
        print(f"{name}: {batch} patches of {patch} x {patch}: plain {1000 * best['plain']:.0f} ms "
              f"({gflop / best['plain'] / peak:.0%} of the matrix peak of {peak:.0f} GF/s), ours "
              f"{1000 * best['ours']:.0f} ms ({gflop / best['ours'] / peak:.0%})")  # fmt: skip
        tell(f"ratio, {name} batch", f"{ratio:.2f}", f"at least {bound:g}", ratio >= bound)
    plain, ours = learnt("plain"), learnt("ours")
    off = ours / plain - 1
    tell("validation MSE after the same 150 steps, ours to plain", f"{off:+.1%}", "within 3 %",
         abs(off) <= 0.03)  # fmt: skip
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
