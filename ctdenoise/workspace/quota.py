"""How much one workspace may keep and have waiting, said before the work.

The numbers are in :mod:`ctdenoise.workspace.limits`. The sample is nobody's and has no quota.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import ColumnElement, func, select

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.settings import settings
from ctdenoise.units import counted, size
from ctdenoise.workspace import simulations
from ctdenoise.workspace.database import transaction
from ctdenoise.workspace.limits import limits_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE
from ctdenoise.workspace.tables import jobs, runs

ID = re.compile(r"[0-9a-f]{12}")


def require(workspace: str, *, more_bytes: int = 0, more_jobs: int = 1) -> None:
    """Raise :class:`Problem` unless so much more may be kept and so many more jobs may wait."""
    require_disk(more_bytes)
    if workspace == SAMPLE:
        return
    _require_jobs(workspace, more_jobs)
    kept, allowed = used_bytes(workspace), limits_of(workspace).storage_bytes
    if kept + more_bytes > allowed:  # some of it nobody can see, or remove
        simulations.sweep()
        kept = used_bytes(workspace)
    if kept + more_bytes > allowed:
        and_this = f" and this would add {size(more_bytes)}" if more_bytes else ""
        raise Problem(
            "Your workspace",
            f"holds {size(kept)}{and_this}, and at most {size(allowed)} may be kept",
            "remove scans, results or runs that are not needed any more",
        )


def free_bytes() -> int:
    """What is free on the disk of the home folder."""
    home = settings().home
    return shutil.disk_usage(next(each for each in (home, *home.parents) if each.is_dir())).free


@telling_disk_problems
def require_disk(more_bytes: int = 0) -> None:
    """Raise :class:`Problem` unless the disk has its margin left with so much more on it: what
    runs can then keep what it reaches."""
    if free_bytes() - more_bytes < settings().disk_margin_mb << 20:
        raise Problem(
            "The disk of this server",
            "is nearly full, so nothing new can begin",
            "remove scans, results or runs that are not needed any more, or tell whoever runs the "
            "server; what runs goes on, and everything that is there is kept",
        )


def require_runs(workspace: str, more: int = 1) -> None:
    """Raise :class:`Problem` unless so many more trainings may wait or run at once, all of them."""
    _require_jobs(workspace, more)
    allowed = limits_of(workspace).runs
    if more > allowed:
        raise Problem(
            f"These {counted(more, 'run')}",
            f"are more than may wait or run at once here ({allowed})",
            "order fewer at a time",
        )
    waiting = _waiting(workspace, jobs.c.kind == "train")
    if waiting + more > allowed:
        and_these = f", these would be {more} more" if more > 1 else ""
        raise Problem(
            "You",
            f"have {counted(waiting, 'run')} waiting or running{and_these}, and at most {allowed} "
            "may at once here",
            "wait until one ends, or stop one"
            if more == 1
            else "wait until some end, or stop some",
        )


def _require_jobs(workspace: str, more: int) -> None:
    waiting, allowed = _waiting(workspace), limits_of(workspace).jobs
    if waiting + more > allowed:
        raise Problem(
            "Your workspace",
            f"has {counted(waiting, 'job')} waiting or running, and at most {allowed} may",
            "wait until some have ended, or stop some",
        )


def _waiting(workspace: str, *which: ColumnElement[bool]) -> int:
    """How many jobs of a workspace wait or run."""
    own = jobs.c.workspace == workspace, jobs.c.state.in_(("queued", "running"))
    with transaction() as connection:
        return connection.execute(select(func.count()).where(*own, *which)).scalar_one()


def used_bytes(workspace: str) -> int:
    """What the files of a workspace, its runs' included, take on the disk."""
    with transaction() as connection:
        own = connection.execute(select(runs.c.id).where(runs.c.workspace == workspace)).scalars()
        folders = [settings().home / "runs" / id for id in own if ID.fullmatch(str(id))]
    folders.append(settings().workspaces / workspace)
    return sum(size for folder in folders for size in _sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    with suppress(OSError), os.scandir(folder) as found:  # it may go while we look
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from _sizes(Path(entry.path))
            else:
                with suppress(OSError):
                    yield entry.stat(follow_symlinks=False).st_size
