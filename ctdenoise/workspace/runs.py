"""What a workspace has trained: a run is a folder, and a row that says whose it is.

    runs/<id>/config.json             its settings, the record from which it can be repeated
              events.jsonl, progress/, epochs/, checkpoint.safetensors    what the trainer writes
              start.safetensors       the network that it goes on from, where it has a parent

How a run stands is told by its job, which has the same id (see :mod:`ctdenoise.jobs`).
"""

import json
import re
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update

from ctdenoise import stored
from ctdenoise.config import events, split
from ctdenoise.config.config import Config, parse
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import write_atomically
from ctdenoise.settings import settings
from ctdenoise.stored import Damaged
from ctdenoise.workspace.database import Job, State, job_of, transaction
from ctdenoise.workspace.tables import jobs
from ctdenoise.workspace.tables import runs as table

CONFIG = "config.json"
START = "start.safetensors"
"""In a child's folder: the network it goes on from, which its parent may lose."""


@dataclass(frozen=True)
class Run:
    """One training of a workspace."""

    id: str
    workspace: str
    number: int
    """Counts the runs of the workspace, from 0; that of a removed newest run is given anew."""
    name: str
    pairs: tuple[tuple[str, str], ...]
    """(workspace, pair id) of what it is trained on."""
    created: float
    """Seconds since 1970."""
    sweep: str
    """What the runs of one sweep have in common; empty for a run on its own."""
    parent: str
    """The run from whose epoch ``parent_epoch`` this one went on, or the network that ships
    (:attr:`~ctdenoise.config.shipped.Shipped.id`); empty where it began anew."""
    parent_epoch: int
    starred: bool
    config: Config
    job: Job | None
    """How it stands; None where it was never queued."""

    @property
    def folder(self) -> Path:
        """Where the training writes."""
        return folder_of(self.id)

    @property
    def start(self) -> Path | None:
        """The network that it goes on from, if it has a parent."""
        return self.folder / START if self.parent else None

    @property
    def state(self) -> State:
        """Of its job; "stopped" where there is none."""
        return self.job.state if self.job else "stopped"

    @property
    def live(self) -> bool:
        """Whether its job is queued or running."""
        return self.job is not None and self.job.live


_RUN = TypeAdapter(Run)


def last_epoch(run: Run) -> int:
    """The last epoch whose end is on disk, 0 before the first."""
    epochs = [e.epoch for e in events.read(run.folder) if isinstance(e, events.Epoch)]
    return epochs[-1] if epochs else 0


@telling_disk_problems
def create_run(
    workspace: str,
    name: str,
    config: Config,
    pairs: Sequence[tuple[str, str]],
    *,
    sweep: str = "",
    parent: tuple[str, int] = ("", 0),
    start: Path | None = None,
    division: Path | None = None,
) -> Run:
    """A new run, still without a job.

    ``parent``: the run and its epoch from which it goes on, or the id of a network that ships and
    0; ``start``: that network's file; ``division``: the file of the split that it keeps to.
    """
    if not pairs:
        raise Problem("The run", "has no pair to learn from", "choose at least one pair")
    id = secrets.token_hex(6)
    folder = folder_of(id)
    folder.mkdir(parents=True)
    keep_config(folder, config)
    if start:
        shutil.copyfile(start, folder / START)
    if division:
        shutil.copyfile(division, folder / split.NAME)
    last = select(func.max(table.c.number)).where(table.c.workspace == workspace)
    with transaction() as connection:
        number = connection.execute(last).scalar_one()
        connection.execute(
            insert(table).values(
                id=id,
                workspace=workspace,
                number=number + 1 if isinstance(number, int) else 0,
                name=_name(name),
                pairs=[list(pair) for pair in pairs],
                created=time.time(),
                sweep=sweep,
                parent=parent[0],
                parent_epoch=parent[1],
                starred=False,
            )
        )
    return find_run(id)


def find_run(run_id: str) -> Run:
    """One by its id; :class:`Problem` where there is none such, or it is damaged."""
    return _run(_row(run_id))


def runs_of(workspace: str) -> list[Run]:
    """All runs of a workspace, newest first; a damaged one does not hide the others."""
    return runs_of_all([workspace])


def runs_of_all(workspaces: Sequence[str]) -> list[Run]:
    """All runs of several workspaces, newest first."""
    found = []
    for row in _select(table.c.workspace.in_(workspaces)):
        with suppress(Problem):
            found.append(_run(row))
    return found


def damaged(workspace: str) -> list[Damaged]:
    """The runs that cannot be read any more and had better be removed."""
    found = []
    for row in _select(table.c.workspace == workspace):
        try:
            _run(row)
        except Problem as problem:
            found.append(Damaged(str(row.id), problem))
    return found


def rename_run(run_id: str, name: str) -> None:
    """Another name; told as a :class:`Problem` where there is no such run."""
    _change(find_run(run_id).id, name=_name(name))


def star_run(run_id: str, starred: bool) -> None:
    """Mark a run as one to remember."""
    _change(run_id, starred=starred)


@telling_disk_problems
def remove_run(run_id: str) -> None:
    """Delete a run, its job and its folder, also one that is damaged; one that is being trained
    has to be stopped first."""
    found = _row(run_id)
    with transaction() as connection:
        own = jobs.c.id == run_id
        connection.execute(delete(jobs).where(own, jobs.c.state != "running"))
        if connection.execute(select(jobs.c.id).where(own)).first():
            raise Problem(found.name, "is being trained", "stop it first, then remove it")
        connection.execute(delete(jobs).where(jobs.c.subject == run_id))
        connection.execute(delete(table).where(table.c.id == run_id))
    with suppress(Problem):  # a damaged row whose id names no folder
        shutil.rmtree(folder_of(run_id), ignore_errors=True)


def keep_config(folder: Path, config: Config) -> None:
    """Write the settings of a run into its folder."""
    write_atomically(folder / CONFIG, config.model_dump_json(indent=2))


def _select(condition: ColumnElement[bool]) -> list[Row[Any]]:
    joined = (
        select(table, *(column.label(f"job_{column.name}") for column in jobs.c))
        .select_from(table.outerjoin(jobs, jobs.c.id == table.c.id))
        .where(condition)
        .order_by(table.c.created.desc(), table.c.number.desc())
    )
    with transaction() as connection:
        return list(connection.execute(joined).all())


def _change(run_id: str, **values: Any) -> None:
    with transaction() as connection:
        connection.execute(update(table).where(table.c.id == run_id).values(values))


def _row(run_id: str) -> Row[Any]:
    rows = _select(table.c.id == run_id)
    if not rows:
        raise Problem(f"Run {run_id[:20]}", "does not exist", "choose one from the list of runs")
    return rows[0]


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    job = {column.name: values.pop(f"job_{column.name}") for column in jobs.c}
    values["config"] = _config(folder_of(str(row.id)), row.name)
    values["job"] = job_of(job) if job["id"] else None
    try:
        return _RUN.validate_python(values)
    except ValidationError as error:
        raise Problem(
            row.name, "has a record that cannot be read any more", "delete it and train again"
        ) from error


def folder_of(run_id: str) -> Path:
    """Where a run writes; :class:`Problem` for what cannot be a run's id, whatever a row says."""
    if not re.fullmatch(r"[0-9a-f]{12}", run_id):
        raise Problem("This run", "has a record that cannot be read any more", "remove it")
    return settings().home / "runs" / run_id


def _config(folder: Path, name: str) -> Config:
    try:
        return _parsed(folder / CONFIG, (folder / CONFIG).stat().st_mtime_ns)
    except (*stored.STUMBLES, Problem) as error:
        raise Problem(
            name, "has no readable settings in its folder any more", "delete it and train again"
        ) from error


@lru_cache(maxsize=1024)
def _parsed(path: Path, changed: int) -> Config:
    return parse(json.loads(path.read_bytes()))


def _name(name: str) -> str:
    return " ".join(name.split())[:200] or "Run"
