"""What a worker does before it takes work: be polite, and have everything heavy in memory."""

import logging
import os

import psutil
from distributed import Worker

logger = logging.getLogger("ctdenoise")


def dask_setup(worker: Worker) -> None:
    """Called by Dask (``--preload ctdenoise.runs.preload``) before the worker announces itself."""
    if niceness := int(os.environ.get("CTDENOISE_NICE", "0")):
        own = psutil.Process()
        own.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if psutil.WINDOWS else niceness)
    import torch

    import ctdenoise.denoising
    import ctdenoise.scans.library
    import ctdenoise.training.estimate
    import ctdenoise.training.trainer  # noqa: F401

    # The first step in a process also builds torch's threads and kernels.
    device = "cuda" if torch.cuda.is_available() else "cpu"
    layer = torch.nn.Conv2d(1, 8, 3, padding="same", device=device)
    layer(torch.zeros(1, 1, 16, 16, device=device)).sum().backward()
    logger.info("%s is warm", worker.name)
