"""What the feature loss costs: a step of the article's network with MSE + VGG16 against MSE alone.

    .venv/bin/python benchmarks/features.py [--rounds 7]

Both alternate in one process; the article's batch of 32 patches of 30 x 30, block3_conv3.
Must hold without a GPU: at most 2.5 times.
"""

import argparse
import sys
from functools import partial

import torch
from _bounds import beside, in_turns, verdict

from ctdenoise.config.presets import PRESETS
from ctdenoise.training.device import choose, keeping_memory
from ctdenoise.training.learner import Learner
from ctdenoise.units import WINDOWS

BOUND = 2.5
"""2.1 measured: VGG16's first blocks on 32 patches cost about a step of the network itself."""


def learner(preset: str) -> Learner:
    """What trains by a preset."""
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

    def steps(name: str) -> None:
        for _ in range(4):
            both[name].step(low, full, 1e-4, PRESETS[name].loss.weights())

    with keeping_memory():
        times = in_turns({name: partial(steps, name) for name in both}, options.rounds)
    beside("four steps with the feature loss", times["article-features"], times["article"],
           "of MSE alone", at_most=BOUND)  # fmt: skip
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
