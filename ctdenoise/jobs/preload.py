"""What a worker does before it takes work: be polite, and have everything heavy in memory."""

import logging
import os
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from distributed import Worker

from ctdenoise.jobs.kind import KINDS

logger = logging.getLogger("distributed.worker.ctdenoise")

MODULES = (
    "ctdenoise.jobs.worker",
    "ctdenoise.training.trainer",
    "ctdenoise.training.estimate",
    "ctdenoise.denoising.denoiser",
    "ctdenoise.dose.insertion",
)


def dask_setup(worker: Worker) -> None:
    """Called by Dask (``--preload ctdenoise.jobs.preload``) before the worker announces itself."""
    if niceness := int(os.environ.get("CTDENOISE_NICE", "0")):
        own = psutil.Process()
        own.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if psutil.WINDOWS else niceness)
    for name in MODULES:
        try:
            import_module(name)
        except ImportError:  # the others can still be used; who needs this one will say so
            logger.exception("%s cannot be imported", name)
    list(KINDS)  # whose modules are imported by that
    if "train" in worker.state.total_resources:
        _practise()


def _practise() -> None:
    """A training of one step: what only a first one costs (kernels, the measured choice of number
    format, late imports) is paid now and not while somebody waits for a picture."""
    import numpy as np

    from ctdenoise.config.config import Config
    from ctdenoise.scans.scan import Pair
    from ctdenoise.training.trainer import train

    noise = np.random.default_rng(0).normal(0, 30, (1, 3, 256, 64)).astype(np.float32)
    pair = Pair("practice", noise, np.zeros_like(noise[0]), (1.0, 1.0), np.arange(3.0))
    short = Config(epochs=1, steps_per_epoch=1, batch=1, validation_patches=1)
    with TemporaryDirectory() as folder:
        try:
            train(short, [pair], Path(folder))
        except Exception:
            logger.exception("The practice training failed")
