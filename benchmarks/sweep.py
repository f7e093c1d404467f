"""A sweep of nine short runs on the sample through the engine: how long from press to last picture.

    .venv/bin/python benchmarks/sweep.py

The grid that the Sweep page offers first, in a home of its own, with the engine that the dashboard
starts. The yardstick is the same nine trainings one after another in this process: three of them
are run, one for each weight of the terms, two before the sweep and one after it, and count
threefold. Each run has to end below the low dose's error.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from _bounds import beside, seconds, tell, verdict

BOUND = 1.6
"""The engine may share the cores among runs, or keep them waiting, for so much and no more."""


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        os.environ["CTDENOISE_HOME"] = home
        from ctdenoise.config import events
        from ctdenoise.config.presets import PRESETS
        from ctdenoise.config.sweep import EPOCHS, STEPS, Axis, grid, spread
        from ctdenoise.jobs import queue
        from ctdenoise.jobs.executor import executor
        from ctdenoise.jobs.kinds.train import launch
        from ctdenoise.settings import settings
        from ctdenoise.training.trainer import train
        from ctdenoise.workspace.library import library_of
        from ctdenoise.workspace.runs import runs_of
        from ctdenoise.workspace.sample import WORKSPACE, ensure_sample

        sample = [(WORKSPACE, record.id) for record in ensure_sample(settings().workspaces)]
        executor().watch()
        executor().ready(60)
        axes = [Axis(weight, spread(0, 400, 3)) for weight in ("texture", "vgg")]
        runs = grid(PRESETS["recommended"], axes)
        pairs = [library_of(WORKSPACE).pair(id) for _, id in sample]

        def alone(number: int) -> float:
            """Seconds of one run without the engine."""
            return seconds(lambda: train(runs[number][1], pairs, Path(home) / f"alone-{number}"))

        yardstick = alone(0) + alone(8)
        began = time.perf_counter()
        for values, config in runs:
            launch("bench", str(values), config, sample, sweep="bench")
        while queue.live("train"):
            time.sleep(0.5)
        took = time.perf_counter() - began
        yardstick += alone(4)
        above = []
        for run in runs_of("bench"):
            last = [e for e in events.read(run.folder) if isinstance(e, events.Epoch)][-1]
            part = (last.validation_mse / last.low_mse) ** 0.5
            print(f"  {run.name:16s} {run.state:9s} RMSE {part:.2f} of the low dose's")
            if run.state != "finished" or part >= 1:
                above.append(run.name)
        executor().shutdown()
    beside(f"nine runs of {EPOCHS * STEPS} steps", [took], [3 * yardstick], "one after another",
           at_most=BOUND)  # fmt: skip
    tell("of them not below the low dose's error", f"{len(above)}", "none", not above)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
