"""Kinds of job that sleep and tell where they were done, one for each queue but the trainings'."""

import os
import time
from typing import Any

from ctdenoise.errors import Problem
from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, Kind, Running


class Nap(Arguments):
    """``trouble``: what goes wrong at the end."""

    seconds: float = 0.0
    trouble: str = ""


def _nap(running: Running[Nap]) -> dict[str, Any]:
    end = time.monotonic() + running.arguments.seconds
    while time.monotonic() < end:
        running.tell(0.5, "Asleep")
        time.sleep(0.01)
    if running.arguments.trouble == "problem":
        raise Problem("scan7", "is upside down", "turn it")
    if running.arguments.trouble == "slip":
        raise ZeroDivisionError("a slip")
    if running.arguments.trouble == "memory":
        import resource

        most, _ = resource.getrlimit(resource.RLIMIT_DATA)
        bytearray(most)
    if running.arguments.trouble == "death":
        os.kill(os.getpid(), 9)
    return {"pid": os.getpid(), "nice": os.nice(0), "ended": time.time(), **os.environ}


BATCH, FILES, DOWNLOAD = (
    KINDS.register(Kind(f"nap-{queue}", "The nap", queue, Nap, _nap))
    for queue in ("batch", "files", "download")
)
NOW = KINDS.register(Kind("nap-interactive", "The nap", "interactive", Nap, _nap, 0))
ANSWER = KINDS.register(Kind("nap-answer", "The nap", "interactive", Nap, _nap, ANSWER_SECONDS))
