"""What the feature loss costs: a step of the article's network with MSE + VGG16 against MSE alone.

    .venv/bin/python benchmarks/features.py [--rounds 7]

Both alternate in one process; the article's batch of 32 patches of 30 x 30, block3_conv3.
Must hold without a GPU: at most 2.5 times.
"""

import argparse
import statistics
import sys
import time

import torch
from _bounds import tell, verdict

from ctdenoise.config.presets import PRESETS
from ctdenoise.training.device import choose, keeping_memory
from ctdenoise.training.learner import Learner
from ctdenoise.units import WINDOWS


def learner(preset: str) -> Learner:
    config = PRESETS[preset]
    machine = choose("auto", config.precision, config.filters)
    return Learner(config, machine, (0.0, 500.0, 30.0), WINDOWS["soft tissue"], is_hu=True,
                   generator=torch.Generator().manual_seed(1))  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    both = {name: learner(name) for name in ("article", "article-features")}
    full = 300 * torch.randn(32, 1, 30, 30)
    low = full + 30 * torch.randn(full.shape)
    times: dict[str, list[float]] = {name: [] for name in both}
    with keeping_memory():
        for turn in range(options.rounds + 1):
            for name, one in both.items():
                factors = PRESETS[name].loss.weights()
                began = time.perf_counter()
                for _ in range(4):
                    one.step(low, full, 1e-4, factors)
                if turn:  # the first round warms up
                    times[name].append((time.perf_counter() - began) / 4)
    plain, features = (statistics.median(each) for each in times.values())
    print(f"MSE {1000 * plain:.0f} ms a step, MSE + VGG16 block3_conv3 {1000 * features:.0f} ms")
    ratio = features / plain
    tell("feature loss, times the step of MSE alone", f"{ratio:.2f}", "at most 2.5", ratio <= 2.5)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
