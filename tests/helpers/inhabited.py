"""A home in which somebody has done everything once: ``python inhabited.py WORKSPACE`` makes it.

A small sample, a scan and a pair of their own, a sweep of two runs, a result, and jobs that failed.
"""

import sys
from dataclasses import replace

import numpy as np
from apptest import OnTheSpot
from phantoms import disc_phantom
from samples import small_pair, small_sample

from ctdenoise.config.config import Config
from ctdenoise.jobs import executor, leases, queue
from ctdenoise.jobs.kinds import denoise
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.scans.sample import SERIES
from ctdenoise.scans.scan import Facts, Scan
from ctdenoise.settings import create_privately
from ctdenoise.training.trainer import train
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import create_run


def make_small_sample() -> None:
    """The sample of a home that is quickly made."""
    for number, series in enumerate(SERIES):
        pair = small_sample(number)
        library_of("sample").add_pair(pair, matched="Made for a test.", id=series.pair)


def inhabit(workspace: str) -> None:
    """Make it all, without an engine."""
    executor._executor = OnTheSpot  # type: ignore[assignment]
    make_small_sample()
    mine = library_of(workspace)
    pair = mine.add_pair(small_pair("Abdomen", "Patient 1"), matched="Made for a test.").id
    full = mine.pair(pair)
    places = np.zeros((len(full.positions), 3))
    for name, dose in (("Abdomen, full dose", "full"), ("Abdomen, low dose", "low")):
        scan = Scan(name, disc_phantom(64, slices=8, noise=20), (1.0, 1.0), full.positions,
                    places, facts=Facts(patient="Patient 1", dose_word=dose))  # fmt: skip
        kept = mine.add_scan(scan, [])
    for weight in (0, 100):
        short = {"epochs": 2, "steps_per_epoch": 2, "validation_patches": 4}
        loss = {"mse": 100, "texture": weight}
        config = Config(layers=2, filters=4, loss=loss, **short)  # type: ignore[arg-type]
        run = create_run(workspace, f"Texture {weight}", config, [(workspace, pair)], sweep="5eed")
        queue.add(TRAIN, Train(), workspace, id=run.id)
        if job := leases.take(run.id, "test"):
            ended = train(config, [replace(full, name="Abdomen")], run.folder)
            leases.end(job, "finished", 1.0, ended.sentence)
    source = Source(owner=workspace, kind="scan", id=kept.id)
    denoise.start(workspace, source, ClassicalFilter(name="gaussian", strength=1.5))
    run = create_run(workspace, "Failed", config, [(workspace, pair)])
    queue.add(TRAIN, Train(), workspace, id=run.id)
    if job := leases.take(run.id, "test"):
        leases.end(job, "failed", 1.0, "It ran out of memory.")


if __name__ == "__main__":
    create_privately()
    inhabit(sys.argv[1])
