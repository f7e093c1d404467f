"""A training alone, beside a preview and beside a second training, on the same two cores.

    .venv/bin/python benchmarks/sharing.py [--rounds 5] [--seconds 6]

Each is a process that works all the time, as a worker does: a training with two threads at low
priority, a preview with one at normal priority. Those in the environment that the engine gives its
workers take turns with those in libgomp's own way, whose threads spin long at the end of every
layer for one that has lost its core, and so hold everybody up.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from _bounds import beside, verdict

ALONE = 1.08
"""Alone, a training must be no slower than by libgomp's default; 1.02 measured."""
PREVIEW, TRAINING = 3.0, 3.5
"""2.0 and 2.1 measured, 6.0 and 2.9 by libgomp's default; 2 is what an even share costs."""
KINDS = {"training": (2, 10), "preview": (1, 0)}
"""Threads and niceness."""


def job(kind: str) -> None:
    """Say that it is ready; then, for each line with a number of seconds, work for so long and
    print what a piece of work took."""
    import numpy as np
    import torch

    from ctdenoise.config.presets import PRESETS
    from ctdenoise.scans.scan import Pair
    from ctdenoise.training.device import keeping_memory
    from ctdenoise.training.trainer import Training

    threads, niceness = KINDS[kind]
    if hasattr(os, "nice"):
        os.nice(niceness)
    torch.set_num_threads(threads)
    noise = np.random.default_rng(0).normal(0, 30, (1, 3, 512, 512)).astype(np.float32)
    pair = Pair("noise", noise, np.zeros_like(noise[0]), (1.0, 1.0), np.arange(3.0))
    with TemporaryDirectory() as folder, keeping_memory():
        (Path(folder) / "progress").mkdir()
        training = Training(PRESETS["recommended"], [pair], Path(folder))
        training.calibrate()

        def epoch() -> None:
            for _ in range(training.config.steps_per_epoch):
                training.learner.step(*training.batch(), 1e-6, training.progress.factors)
            training.look()

        work: Callable[[], object] = epoch if kind == "training" else training.look
        work()  # warms up
        print("ready", flush=True)
        for line in sys.stdin:
            began, pieces = time.perf_counter(), 0
            while time.perf_counter() < began + float(line):
                work()
                pieces += 1
            print((time.perf_counter() - began) / pieces, flush=True)


class Jobs:
    """A training, a second one and a preview in one environment; they wait until they are asked."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.training, self.second, self.preview = (
            subprocess.Popen(
                [sys.executable, __file__, "--job", kind],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for kind in ("training", "training", "preview")
        )
        for each in (self.training, self.second, self.preview):
            assert each.stdout and each.stdout.readline() == "ready\n"

    def epoch(self, seconds: float, *others: "subprocess.Popen[str]") -> float:
        """Seconds of an epoch of the training while ``others`` work as well."""
        for each in (*others, self.training):
            assert each.stdin
            each.stdin.write(f"{seconds}\n")
            each.stdin.flush()
        took = [float(each.stdout.readline()) for each in (self.training, *others) if each.stdout]
        return took[0]

    def end(self) -> None:
        for each in (self.training, self.second, self.preview):
            each.kill()
            each.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6, help="that each measurement takes")
    parser.add_argument("--job", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        job(options.job)
        return 0
    from ctdenoise.settings import THREADS, python_path

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    plain = {name: value for name, value in os.environ.items() if name not in THREADS}
    plain["PYTHONPATH"] = python_path()
    ways = {"ours": Jobs(plain | THREADS), "libgomp's": Jobs(plain)}
    alone: dict[str, list[float]] = {way: [] for way in ways}
    previewed: dict[str, list[float]] = {way: [] for way in ways}
    doubled: dict[str, list[float]] = {way: [] for way in ways}
    try:
        for _ in range(options.rounds):
            for way, jobs in ways.items():
                alone[way].append(jobs.epoch(options.seconds))
                previewed[way].append(jobs.epoch(options.seconds, jobs.preview))
                doubled[way].append(jobs.epoch(options.seconds, jobs.second))
    finally:
        for jobs in ways.values():
            jobs.end()
    beside("alone", alone["ours"], alone["libgomp's"], "libgomp's", at_most=ALONE)
    beside("beside a preview", previewed["ours"], alone["ours"], "alone", at_most=PREVIEW)
    beside("beside a training", doubled["ours"], alone["ours"], "alone", at_most=TRAINING)
    beside("libgomp's: preview", previewed["libgomp's"], alone["libgomp's"], "alone")
    beside("libgomp's: training", doubled["libgomp's"], alone["libgomp's"], "alone")
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
