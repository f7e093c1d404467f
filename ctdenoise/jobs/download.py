"""Real pairs on their way from the public archive: what the Scans page asks a worker for, and how
the page finds it again after a reload; see :mod:`ctdenoise.jobs.functions`."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.jobs import functions as jobs
from ctdenoise.scans import ldct
from ctdenoise.scans.pairing import match
from ctdenoise.settings import settings
from ctdenoise.workspace.ingest import read_guarded
from ctdenoise.workspace.library import Library, PairRecord

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

                made.append(fetch(patient, library, every=every, progress=told).id)
    except _Stopped:
        pass
    finally:
        _stop_file(workspace).unlink(missing_ok=True)
    return made


@telling_disk_problems
def fetch(
    patient: ldct.Patient,
    library: Library,
    *,
    every: int = 1,
    progress: ldct.Progress | None = None,
) -> PairRecord:
    """Download a patient into ``library``: two scans, de-identified, and
    the pair that they are, with its dose fraction. All of it, or nothing new in the library."""
    tell = progress or (lambda fraction, sentence: None)
    folder = library.root / "uploads" / f"ldct-{patient.id}-{every}"
    ldct.download(
        patient,
        folder,
        every=every,
        progress=lambda fraction, sentence: tell(0.7 * fraction, sentence),
    )
    scans: list[str] = []
    try:
        for n, dose in enumerate(ldct.DOSES):

            def reading(fraction: float, sentence: str, n: int = n) -> None:
                tell(0.7 + 0.15 * (n + fraction), f"{patient.id}: {sentence}")

            received = read_guarded([folder / dose], library, progress=reading)
            scans += [scan.id for scan in received.scans]
            if received.problems:
                raise received.problems[0]
            if len(received.scans) != 1:
                raise Problem(
                    f"{patient.id} at {dose} dose",
                    f"is {len(received.scans)} scans instead of one",
                    "choose another patient",
                )
            library.rename(scans[-1], f"{patient.name}, {dose} dose")
        low, full = scans
        matched = match(library.scan(low), library.scan(full))
        record = library.add_pair(
            replace(matched.pair, name=patient.name, dose_fraction=patient.fraction),
            low_scan=low,
            full_scan=full,
            matched=f"{matched.sentence} {ldct.COLLECTION}, doi:{ldct.DOI}, {patient.licence}.",
        )
    except BaseException:
        for id in scans:
            library.remove(id)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return record


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
