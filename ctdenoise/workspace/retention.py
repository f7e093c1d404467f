"""What goes with time: runs, results, scans, pairs and brought networks that nobody has opened or
changed for so many days.

When somebody last did, the times of a folder and of what lies in it say (:func:`files.opened`).
What stays: starred runs, all of a workspace in which something is at work, what a run or result
that stays was made of, and the sample.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path

from sqlalchemy import select

from ctdenoise.errors import Problem
from ctdenoise.files import DAY_SECONDS
from ctdenoise.settings import settings
from ctdenoise.workspace import classes, networks, results
from ctdenoise.workspace.database import transaction
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.runs import folder_of, remove_run, runs_of
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE
from ctdenoise.workspace.tables import jobs, runs

Thing = tuple[Path, Callable[[], None]]
"""A folder, and what removes it."""


def sweep(workspaces: Iterable[str], days: int) -> int:
    """Remove what nobody in these workspaces has opened or changed for so many days; how many
    things it was. Harmless at any time, from any number of servers."""
    busy = _at_work()
    quiet = [each for each in dict.fromkeys(workspaces) if each != SAMPLE and each not in busy]
    old = time.time() - days * DAY_SECONDS
    gone = sum(_remove(_works(each), old) for each in quiet)
    kept = _sources()
    return gone + sum(_remove(_things(each, kept), old) for each in quiet)


def sweep_all(days: int | None) -> int:
    """:func:`sweep` for everybody: after so many ``days`` or, for learners of a class that says so,
    after fewer."""
    own = classes.kept_days()
    ages: dict[int, list[str]] = defaultdict(list)
    for each in everybody():
        if said := [age for age in (days, own.get(each)) if age]:
            ages[min(said)].append(each)
    return sum(sweep(people, age) for age, people in ages.items())


def everybody() -> list[str]:
    """All workspaces that own anything."""
    with transaction() as connection:
        owners = connection.execute(select(runs.c.workspace).distinct()).scalars().all()
    folders = [each.name for each in settings().workspaces.glob("[!.]*") if each.is_dir()]
    return list(dict.fromkeys([*owners, *folders]))


def _at_work() -> set[str]:
    live = jobs.c.state.in_(("queued", "running"))
    with transaction() as connection:
        return set(connection.execute(select(jobs.c.workspace).where(live).distinct()).scalars())


def _works(workspace: str) -> Iterator[Thing]:
    """Runs and results: what was made of other things."""
    for run in runs_of(workspace):
        if not run.starred:
            yield folder_of(run.id), partial(remove_run, run.id)
    for result in results.every(workspace):
        yield result.folder, result.remove


def _things(workspace: str, kept: set[str]) -> Iterator[Thing]:
    home, library = settings().workspaces / workspace, library_of(workspace)
    for kind, records in (("scans", library.scans()), ("pairs", library.pairs())):
        for record in records:
            if record.id not in kept:
                yield home / kind / record.id, partial(library.remove, record.id)
    for network in networks.networks(workspace):
        if network.id not in kept:
            place = home / "networks" / network.id
            yield place, partial(networks.remove, workspace, network.id)


def _sources() -> set[str]:
    """The ids of all scans, pairs and networks that some run or result was made of."""
    with transaction() as connection:
        listed = connection.execute(select(runs.c.pairs)).scalars().all()
    pairs = chain.from_iterable(each for each in listed if isinstance(each, list))
    found = {str(id) for pair in pairs if isinstance(pair, list) for id in pair[1:]}
    for workspace in everybody():
        for result in results.every(workspace):
            method = result.record.method
            found |= {result.record.source.id, method.id if method.kind == "brought" else ""}
    return found


def _remove(things: Iterable[Thing], old: float) -> int:
    gone = 0
    for folder, remove in list(things):
        with suppress(Problem, OSError):  # somebody else removes it just now, or begins to use it
            if _last_use(folder) < old:
                remove()
                gone += 1
    return gone


def _last_use(folder: Path) -> float:
    """When a folder, or something right in it, was last changed or marked as opened."""
    return max(each.stat().st_mtime for each in (folder, *folder.iterdir()))
