"""Real pairs on their way from the public archive: what the Scans page asks a worker for, and how
the page finds it again after a reload; see :mod:`ctdenoise.runs.jobs`."""

import time
from collections.abc import Sequence
from pathlib import Path

from ctdenoise.runs import jobs
from ctdenoise.scans import ldct
from ctdenoise.scans.library import Library
from ctdenoise.settings import settings

LOST_SECONDS = 120
"""Without a word from a download, its worker is gone; a request to the archive takes less."""


class _Stopped(Exception):
    """Somebody called :func:`stop`."""


def fetch_pairs(workspace: str, patients: Sequence[str], every: int) -> list[str]:
    """Fetch these patients' pairs into a workspace, one after the other; ids of the pairs.

    Each is there as soon as it is whole. After :func:`stop` the list is shorter. Raises
    :class:`Problem` for an unknown patient and where the archive cannot be reached.
    """
    library = Library(settings().workspaces / workspace)
    wanted = [ldct.patient(id) for id in patients]
    made: list[str] = []
    try:
        with jobs.telling(_file(workspace)) as tell:
            for n, patient in enumerate(wanted):

                def told(fraction: float, sentence: str, n: int = n) -> None:
                    if _stop_file(workspace).exists():
                        raise _Stopped
                    tell((n + fraction) / len(wanted), sentence)

                made.append(ldct.fetch(patient, library, every=every, progress=told).id)
    except _Stopped:
        pass
    finally:
        _stop_file(workspace).unlink(missing_ok=True)
    return made


def progress(workspace: str) -> tuple[float, str] | None:
    """How far a workspace's download is, 0 to 1, and what it does; None where there is none."""
    try:
        silent = time.time() - _file(workspace).stat().st_mtime
    except FileNotFoundError:
        return None
    return jobs.progress(str(_file(workspace))) if silent < LOST_SECONDS else None


def stop(workspace: str) -> None:
    """Let a workspace's download end after the slices under way; what has arrived is kept."""
    _stop_file(workspace).parent.mkdir(parents=True, exist_ok=True)
    _stop_file(workspace).touch()


def allow(workspace: str) -> None:
    """Forget a :func:`stop` that came when nothing was left to stop."""
    _stop_file(workspace).unlink(missing_ok=True)


def _file(workspace: str) -> Path:
    return settings().home / "progress" / f"{workspace}-ldct.json"


def _stop_file(workspace: str) -> Path:
    return _file(workspace).with_suffix(".stop")
