"""What one person may have here: the one place that says so, for pages, launches and workers."""

import threading
import time
from dataclasses import dataclass, replace

from ctdenoise.settings import settings
from ctdenoise.workspace import classes

KNOWN_SECONDS = 3.0
"""So long a process goes by the class that it has looked up: every launch asks several times."""
KNOWN = 10_000

_known: dict[str, tuple[float, classes.Class | None]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Limits:
    """The limits of one person."""

    longest_run: int
    """Seconds that a training may take at a time, those of its own turns; whole minutes."""
    runs: int
    """Trainings that may wait or run at once."""
    jobs: int
    """Jobs of any kind, trainings included, that may."""
    storage_bytes: int
    """What all files of the workspace may take."""


def limits_of(workspace: str) -> Limits:
    """The limits of whom a workspace belongs to: this server's, or those of the class that somebody
    learns in, where they are lower."""
    here = settings()
    found = Limits(
        longest_run=here.longest_run,
        runs=here.runs_at_once,
        jobs=here.workspace_jobs,
        storage_bytes=here.workspace_mb << 20,
    )
    if (attended := _class_of(workspace)) is None:
        return found
    return replace(
        found,
        longest_run=_lower(found.longest_run, attended.run_minutes, 60),
        runs=_lower(found.runs, attended.runs_at_once, 1),
        storage_bytes=_lower(found.storage_bytes, attended.storage_mb, 1 << 20),
    )


def forget() -> None:
    """Look everything up anew: a teacher has changed it in this process."""
    with _lock:
        _known.clear()


def _class_of(workspace: str) -> classes.Class | None:
    """The class that somebody learns in; as it was some seconds ago."""
    moment = time.monotonic()
    with _lock:
        looked, found = _known.get(workspace, (-KNOWN_SECONDS, None))
    if moment - looked < KNOWN_SECONDS:
        return found
    seat = classes.attended(workspace)
    found = seat[0] if seat else None
    with _lock:
        if len(_known) >= KNOWN:
            _known.clear()
        _known[workspace] = moment, found
    return found


def _lower(here: int, told: int | None, unit: int) -> int:
    return here if told is None else min(here, told * unit)
