"""How much one workspace may keep and have waiting, said before the work.

Generous, so that it is met by an accident or an attack and not by a lesson; the numbers are in
:mod:`ctdenoise.settings`. The sample is nobody's and has no quota.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import func, select

from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.units import counted, size
from ctdenoise.workspace.database import jobs, runs, transaction
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

ID = re.compile(r"[0-9a-f]{12}")


def require(workspace: str, *, more_bytes: int = 0, more_jobs: int = 1) -> None:
    """Raise :class:`Problem` unless so much more may be kept and so many more jobs may wait."""
    if workspace == SAMPLE:
        return
    allowed = settings()
    with transaction() as connection:
        own = jobs.c.workspace == workspace, jobs.c.state.in_(("queued", "running"))
        waiting = connection.execute(select(func.count()).where(*own)).scalar_one()
    if waiting + more_jobs > allowed.workspace_jobs:
        raise Problem(
            "Your workspace",
            f"has {counted(waiting, 'job')} waiting or running, and at most "
            f"{allowed.workspace_jobs} may",
            "wait until some have ended, or stop some",
        )
    kept = used_bytes(workspace)
    if kept + more_bytes > allowed.workspace_mb << 20:
        and_this = f" and this would add {size(more_bytes)}" if more_bytes else ""
        raise Problem(
            "Your workspace",
            f"holds {size(kept)}{and_this}, and at most {size(allowed.workspace_mb << 20)} may "
            "be kept",
            "remove scans, results or runs that are not needed any more",
        )


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
