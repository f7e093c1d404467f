"""What one person may have here: the one place that says so, for pages, launches and workers."""

from dataclasses import dataclass

from ctdenoise.settings import settings


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
    """The limits of whom a workspace belongs to: this server's, which are the same for all."""
    here = settings()
    return Limits(
        longest_run=here.longest_run,
        runs=here.runs_at_once,
        jobs=here.workspace_jobs,
        storage_bytes=here.workspace_mb << 20,
    )
