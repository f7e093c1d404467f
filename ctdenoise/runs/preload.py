"""What a worker does before it takes work: be polite, and have everything heavy in memory."""

import logging
import os
from importlib import import_module

import psutil
from distributed import Worker

logger = logging.getLogger("distributed.worker.ctdenoise")

MODULES = (
    "ctdenoise.runs.turns",
    "ctdenoise.runs.jobs",
    "ctdenoise.training.trainer",
    "ctdenoise.training.estimate",
    "ctdenoise.denoising",
    "ctdenoise.dose.insertion",
)


def dask_setup(worker: Worker) -> None:
    """Called by Dask (``--preload ctdenoise.runs.preload``) before the worker announces itself."""
    if niceness := int(os.environ.get("CTDENOISE_NICE", "0")):
        own = psutil.Process()
        own.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if psutil.WINDOWS else niceness)
    for name in MODULES:
        try:
            import_module(name)
        except ImportError:  # the others can still be used; who needs this one will say so
            logger.exception("%s cannot be imported", name)
    _practise()


def _practise() -> None:
    """The first steps in a process also build torch's threads and kernels: not while one waits."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    layer = torch.nn.Conv2d(1, 8, 3, padding="same", device=device)
    layer(torch.zeros(1, 1, 16, 16, device=device)).sum().backward()
