"""What Train and Watch say of the time that a training takes, beside the time that it takes.

    .venv/bin/python benchmarks/estimates.py [--whole]

Trainings on the sample through the engine, as the dashboard has them done, one after the other in a
home of their own; nothing else may compute meanwhile. Each is asked for its estimate first. Told
are two ratios to what it took from the press of the button to its end: that of the first estimate,
and that of what Watch says after a third of its epochs, with what has passed until then. They are
cut short to some three minutes altogether; ``--whole`` runs the recommended and the article's
recipe to their ends, which takes five minutes more.
"""

import argparse
import os
import sys
import tempfile
import time

from _bounds import tell, verdict

WITHIN = 0.3
"""Of what it takes, on a quiet machine."""
SHORT: dict[str, dict[str, int]] = {
    "recommended": {"epochs": 16},
    "article": {"epochs": 3},
    "article-features": {"epochs": 3, "steps_per_epoch": 6},
    "optimised": {"epochs": 3, "steps_per_epoch": 12},
}
WHOLE = ("recommended", "article")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["CTDENOISE_HOME"] = home
        from ctdenoise.config import events
        from ctdenoise.config.presets import PRESETS
        from ctdenoise.jobs import queue
        from ctdenoise.jobs.executor import executor
        from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
        from ctdenoise.jobs.kinds.train import launch
        from ctdenoise.settings import settings
        from ctdenoise.workspace.sample import WORKSPACE, ensure_sample

        sample = [(WORKSPACE, record.id) for record in ensure_sample(settings().workspaces)]
        executor().watch()
        executor().ready(120)
        try:
            for name, fewer in SHORT.items():
                config = PRESETS[name]
                if not (options.whole and name in WHOLE):
                    config = config.model_copy(update=fewer)
                first = executor().answer(ESTIMATE, Estimate(config=config), "bench", 300)
                pressed = time.time()
                run = launch("bench", name, config, sample)
                while (job := queue.job(run.id)).live:
                    time.sleep(0.2)
                assert job.state == "finished" and job.ended, job.message
                took = job.ended - pressed
                told = [e for e in events.read(run.folder) if isinstance(e, events.Epoch)]
                third = next(e for e in told if 3 * e.epoch >= config.epochs)
                assert third.seconds_left is not None
                later = third.time - pressed + third.seconds_left
                for when, said in (("before it began", first), ("after a third of it", later)):
                    ratio = said / took
                    tell(f"{name}, {config.epochs} epochs, as told {when}",
                         f"{said:.1f} s for {took:.1f} s: {ratio:.2f}",
                         f"{1 - WITHIN:g} to {1 + WITHIN:g}",
                         held=abs(ratio - 1) <= WITHIN)  # fmt: skip
        finally:
            executor().shutdown()
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
