"""A sweep of nine short runs on the sample through the engine: how long from press to last picture.

    .venv/bin/python benchmarks/sweep.py

The grid that the Sweep page offers first, in a home of its own, with the engine that the dashboard
starts. Each run has to end below the low dose's error.
"""

import os
import sys
import tempfile
import time

from _bounds import tell, verdict


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        os.environ["CTDENOISE_HOME"] = home
        from ctdenoise.config import events
        from ctdenoise.config.presets import PRESETS
        from ctdenoise.config.sweep import EPOCHS, STEPS, Axis, grid, spread
        from ctdenoise.jobs.executor import engine
        from ctdenoise.settings import settings
        from ctdenoise.workspace.runs import store
        from ctdenoise.workspace.sample import WORKSPACE, ensure_sample

        sample = [(WORKSPACE, record.id) for record in ensure_sample(settings().workspaces)]
        engine().watch()
        engine().ready(60)
        axes = [Axis(weight, spread(0, 400, 3)) for weight in ("texture", "vgg")]
        began = time.perf_counter()
        for values, config in grid(PRESETS["recommended"], axes):
            run = store().create_run("bench", str(values), config, sample, sweep="bench")
            engine().launch(run.id)
        while store().live():
            time.sleep(0.5)
        seconds = time.perf_counter() - began
        above = []
        for run in store().runs("bench"):
            last = [e for e in events.read(run.folder) if isinstance(e, events.Epoch)][-1]
            part = (last.validation_mse / last.low_mse) ** 0.5
            print(f"  {run.name:16s} {run.state:9s} RMSE {part:.2f} of the low dose's")
            if run.state != "finished" or part >= 1:
                above.append(run.name)
        engine().shutdown()
    tell(
        f"nine runs of {EPOCHS * STEPS} steps", f"{seconds:.0f} s", "at most 300 s", seconds <= 300
    )
    tell("of them not below the low dose's error", f"{len(above)}", "none", not above)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
