"""How much memory a worker may take, and how near it is to that.

Where Linux keeps the limit, the job that asks for more is refused it and fails, alone: what other
jobs of the same worker hold is not touched. A worker that is killed all the same had told before
how much it held, so that :mod:`ctdenoise.jobs.leases` does not have it killed again.
"""

import ctypes
import gc
import platform
import sys

import psutil

from ctdenoise.settings import settings


def confine() -> None:
    """Bound what this process may write to; files that it only looks at do not count. CUDA reserves
    more than it takes, so a worker with a graphics processor is not bound."""
    if sys.platform != "linux":
        return
    import resource

    from ctdenoise.jobs.scheduler import gpus

    if not gpus():
        most = settings().worker_memory_mb << 20
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def share() -> float:
    """The part of its memory that this process has taken; files that it maps do not count."""
    held = psutil.Process().memory_info()
    return float(held.rss - getattr(held, "shared", 0)) / (settings().worker_memory_mb << 20)


def give_back() -> None:
    """Hand what nobody uses any more back to the system, which glibc else keeps for next time."""
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
