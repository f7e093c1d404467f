"""What comes in: uploads of scans, networks from files, and the sample at the first start."""

import shutil
from pathlib import Path

from pydantic import BaseModel

from ctdenoise.errors import Problem
from ctdenoise.jobs.kind import KINDS, Arguments, Kind, Outcome, Running, Stopped
from ctdenoise.scans.meaning import Meaning, Unclear
from ctdenoise.settings import settings
from ctdenoise.workspace.library import library_of


class Ingest(Arguments):
    """The files of an upload, below ``uploads/folder`` in the workspace; ``meaning``: what the
    numbers of plain images mean, None where nobody was asked."""

    folder: str
    meaning: Meaning | None = None


class Ingested(BaseModel):
    """What an upload became: ids of scans, and what is to be said about the rest. ``unclear`` is
    why nothing of it was taken yet: nobody said what its numbers mean, or it cannot be; the files
    wait for another answer. ``suggestion`` is what fits."""

    scans: list[str] = []
    problems: list[str] = []
    notes: list[str] = []
    unclear: str = ""
    suggestion: Meaning | None = None


class ImportNetwork(Arguments):
    """A checkpoint file below ``uploads/`` in the workspace, and what it shall be called."""

    file: str
    name: str


class Sample(Arguments):
    """There is one sample."""


def upload_folder(workspace: str, name: str) -> Path:
    """Where the files of an upload lie until they are read."""
    return settings().workspaces / workspace / "uploads" / name


def _ingest(running: Running[Ingest]) -> Ingested | Outcome:
    """Read the files under guard into the workspace's library; they are removed then, and where a
    stop is wanted. After a failure they stay for another try."""
    from ctdenoise.workspace.ingest import read_guarded

    workspace, asked = running.job.workspace, running.arguments
    folder = upload_folder(workspace, asked.folder)
    if not folder.exists():
        raise Problem("The upload", "is not there any more", "choose the files again")
    try:
        received = read_guarded(
            [folder],
            library_of(workspace),
            meaning=asked.meaning,
            progress=running.tell,
            journal=folder.with_suffix(".stored"),
        )
    except Stopped:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except Unclear as unclear:
        return Ingested(
            problems=list(unclear.others), unclear=str(unclear), suggestion=unclear.suggestion
        )
    shutil.rmtree(folder, ignore_errors=True)
    return Ingested(
        scans=[scan.id for scan in received.scans],
        problems=[str(problem) for problem in received.problems],
        notes=received.notes,
    )


def _import_network(running: Running[ImportNetwork]) -> str:
    """Check a checkpoint and take it into the workspace, unless a killed worker had; its id, which
    is the job's too."""
    from ctdenoise.workspace.networks import add_network, networks

    workspace, asked, id = running.job.workspace, running.arguments, running.job.id
    file = settings().workspaces / workspace / "uploads" / asked.file
    try:
        if not any(network.id == id for network in networks(workspace)):
            add_network(workspace, file, asked.name, id)
    finally:
        shutil.rmtree(file.parent, ignore_errors=True)
    return id


def _sample(running: Running[Sample]) -> list[str]:
    """Make the sample if it is not there yet; ids of its pairs."""
    from ctdenoise.workspace.sample import ensure_sample

    return [record.id for record in ensure_sample(settings().workspaces, running.tell)]


INGEST = KINDS.register(Kind("ingest", "The upload", "files", Ingest, _ingest, stays=True))
IMPORT_NETWORK = KINDS.register(
    Kind("import-network", "The network", "interactive", ImportNetwork, _import_network, stays=True)
)
SAMPLE = KINDS.register(Kind("sample", "The sample", "batch", Sample, _sample))
