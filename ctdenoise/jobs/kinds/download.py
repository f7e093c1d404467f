"""Real low-dose pairs on their way from the public archive into a workspace."""

import json
import shutil
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from ctdenoise.errors import Problem, Progress, telling_disk_problems
from ctdenoise.files import write_atomically
from ctdenoise.jobs.kind import KINDS, Arguments, Kind, Outcome, Running, Stopped
from ctdenoise.scans import ldct
from ctdenoise.scans.matching import match
from ctdenoise.units import counted
from ctdenoise.workspace.ingest import read_guarded, take_back
from ctdenoise.workspace.library import Library, PairRecord, library_of


class Download(Arguments):
    """Patients by their ID in the collection, and every how many-th slice of them."""

    patients: Annotated[tuple[str, ...], Field(min_length=1)]
    every: Annotated[int, Field(ge=1)]


def _download(running: Running[Download]) -> Outcome:
    """Fetch the patients one after the other; each is there as soon as it is whole, and one that an
    interrupted download brought is not fetched again."""
    asked = running.arguments
    library = library_of(running.job.workspace)
    wanted = [ldct.patient(id) for id in asked.patients]
    made: list[str] = []
    there = {pair.name: pair.id for pair in library.pairs() if pair.created > running.job.created}
    try:
        for n, patient in enumerate(wanted):

            def told(fraction: float, message: str, n: int = n) -> None:
                running.tell((n + fraction) / len(wanted), message)

            made.append(
                there.get(patient.name)
                or fetch(patient, library, every=asked.every, progress=told).id
            )
    except Stopped:
        added = f"{counted(len(made), 'pair')} added"
        return Outcome(
            "stopped", f"Stopped, {added}. Download again, and it goes on where it was.", made
        )
    return Outcome("finished", f"{counted(len(made), 'pair')} added to the list below.", made)


@telling_disk_problems
def fetch(
    patient: ldct.Patient,
    library: Library,
    *,
    every: int = 1,
    progress: Progress | None = None,
) -> PairRecord:
    """Download a patient into ``library``: two scans, de-identified, and
    the pair that they are, with its dose fraction. All of it, or nothing new in the library."""
    tell = progress or (lambda fraction, sentence: None)
    folder = library.root / "uploads" / f"ldct-{patient.id}-{every}"
    journal = folder.with_suffix(".stored")
    take_back(library, journal)
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
            write_atomically(journal, json.dumps(scans))
            if received.problems:
                raise received.problems[0]
            if len(received.scans) != 1:
                raise Problem(
                    f"{patient.id} at {dose} dose",
                    f"is {counted(len(received.scans), 'scan')} instead of one",
                    "choose another patient",
                )
            library.rename(scans[-1], f"{patient.name}, {dose} dose")
        low, full = scans
        matched = match(library.scan(low), library.scan(full))
        record = library.add_pair(
            replace(matched.pair, name=patient.name, dose_fraction=patient.fraction),
            low_scan=low,
            full_scan=full,
            matched=f"{matched.record} {ldct.COLLECTION}, doi:{ldct.DOI}, {patient.licence}.",
        )
    except BaseException:
        take_back(library, journal)
        raise
    journal.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    return record


DOWNLOAD = KINDS.register(
    Kind("download", "The download", "download", Download, _download, stays=True)
)
