"""What jobs left in this worker's memory when they gave way, so that they need not build it anew.

Only a cache: the disk has it all. What does not fit is not kept, and what nobody comes back for is
let go. Jobs take turns in a circle, so the one that has just had its turn is the last to come back:
it is the one to do without where there is no room, not the one that waits longest.
"""

import threading

from ctdenoise.jobs import leases
from ctdenoise.jobs.kind import Kept
from ctdenoise.settings import settings

SHARE = 0.5
"""Of a worker's memory that may be taken by jobs that wait."""

_lock = threading.Lock()
_parked: dict[str, tuple[str, Kept]] = {}
"""By job: the lease under which it gave way, and what it left."""


def put(job_id: str, lease: str, kept: Kept) -> None:
    """Keep it, if there is room."""
    with _lock:
        held = sum(each.held_bytes for _, each in _parked.values())
        if held + kept.held_bytes <= SHARE * (settings().worker_memory_mb << 20):
            _parked[job_id] = lease, kept


def take(job_id: str, lease: str) -> Kept | None:
    """What this job left under this lease, which is handed over with it; None where it is gone or
    somebody has had the job since."""
    with _lock:
        known, kept = _parked.pop(job_id, ("", None))
    return kept if known == lease else None


def here() -> dict[str, str]:
    """The leases of the jobs that have something here and still wait, by id; what belongs to others
    is let go: they were stopped, changed, removed, or went on elsewhere."""
    with _lock:
        known = {id: lease for id, (lease, _) in _parked.items()}
    if not known:
        return {}
    waiting = leases.of_waiting(known)
    for id, lease in known.items():
        if waiting.get(id) != lease:
            take(id, lease)
    return {id: lease for id, lease in known.items() if waiting.get(id) == lease}


def clear() -> bool:
    """Let go of everything, since memory is short; whether there was anything."""
    with _lock:
        some = bool(_parked)
        _parked.clear()
    return some
