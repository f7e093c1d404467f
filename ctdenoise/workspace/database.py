"""The database: how it is opened, and the rows of jobs. SQLite by default, PostgreSQL by URL."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from pydantic import ConfigDict, TypeAdapter
from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    exc,
    func,
    inspect,
    make_url,
    select,
    text,
    update,
)

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.settings import settings
from ctdenoise.workspace import copies, migrations
from ctdenoise.workspace.tables import UNREADABLE, jobs

logger = logging.getLogger(__name__)

State = Literal["queued", "running", "finished", "stopped", "failed"]
BUSY_SECONDS = 5.0
"""Longest that somebody waits in silence for another's transaction to end."""
MIGRATION_SECONDS = 120
"""Longest that another process may take to bring the database up to date."""


@dataclass(frozen=True)
class Job:
    """A row of ``jobs``; times are seconds since 1970, on the database's clock."""

    __pydantic_config__ = ConfigDict(allow_inf_nan=False)
    id: str
    workspace: str
    """Whose it is."""
    kind: str
    """By the name that :data:`ctdenoise.jobs.kind.KINDS` knows it by."""
    subject: str
    """What it is about: the id of a run, a result, a scan; or a digest of the arguments."""
    arguments: dict[str, Any]
    queue: str
    state: State
    wanted: Literal["run", "stop"]
    focus: int | None
    """The part (a slice) that somebody looks at and would like to have first."""
    progress: float | None
    """0 to 1; None before it began."""
    message: str
    """What it does or why it ended, for people."""
    result: Any
    """What it answered, as JSON; None where the answer is a file or there is none."""
    attempts: int
    """How many workers died of it since it came as far as ``reached``."""
    reached: float | None
    lease: str
    """The word of the worker that holds it now; nobody else may tell or end it."""
    worker: str
    """The worker that holds it, or held it last, by name."""
    heartbeat: float | None
    """When that worker last said that it lives."""
    memory: float | None
    """The part of what it may take that it held then."""
    served: float
    """Seconds of workers that its person has had in its queue, as :mod:`ctdenoise.jobs.fairness`
    counts: the same in all that the person has there."""
    used: float
    """Seconds of a worker that it has had itself since it was queued."""
    expected: float | None
    """How many it was thought to need in all when it was queued; None where nobody knew."""
    first: float | None
    """How many it needs until there is something to see: 0 once there is, None where not known."""
    left: float | None
    """How many it still needs, as its worker told last; None before."""
    created: float
    queued: float
    """When it was asked for, or asked to go on; that it gives way does not change it."""
    started: float | None
    """When its first turn since then began."""
    ended: float | None

    @property
    def live(self) -> bool:
        """Whether it is queued or running."""
        return self.state in ("queued", "running")


_JOB = TypeAdapter(Job)


def job_of(values: Mapping[Any, Any]) -> Job:
    """The job of a row of ``jobs``. One that cannot be read has failed, alone, and says so; call
    this outside of a transaction, since it is then written so, too."""
    try:
        if UNREADABLE in values.values():
            raise ValueError("neither arguments nor result may be anything but JSON")
        return _JOB.validate_python(dict(values))
    except ValueError as error:  # pydantic's is one
        logger.warning("The job %s cannot be read: %s", values["id"], error)
    return _given_up(values)


def _given_up(values: Mapping[Any, Any]) -> Job:
    """What is left of a damaged row: whose it was, that it failed, and why."""
    problem = Problem("The record of this job", "cannot be read any more", "start it anew")
    readable: dict[str, Any] = {
        "state": "failed",
        "wanted": "run",
        "message": str(problem),
        "arguments": {},
        "result": None,
        "attempts": 0,
        "lease": "",
        **dict.fromkeys(("focus", "progress", "reached", "heartbeat", "memory", "started")),
        **dict.fromkeys(("expected", "first", "left")),
        **dict.fromkeys(("served", "used"), 0.0),
        **dict.fromkeys(("created", "queued", "ended"), time.time()),
    }
    with suppress(Problem), transaction() as connection:  # else whoever reads it next, writes it
        connection.execute(update(jobs).where(jobs.c.id == values["id"]).values(readable))
    told: dict[str, Any] = {name: str(value) for name, value in values.items()}
    return Job(**told | readable)


def find_job(id: str) -> Job | None:
    """The job of this id, which a run and a result share with it; None where there is none."""
    with transaction() as connection:
        row = connection.execute(select(jobs).where(jobs.c.id == id)).one_or_none()
    return job_of(row._asdict()) if row else None


@contextmanager
def transaction() -> Iterator[Connection]:
    """All or nothing, as short as possible; :class:`Problem` for what the database cannot do."""
    try:
        with database().begin() as fresh:
            yield fresh
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise _problem(error) from error


def check() -> None:
    """Raise :class:`Problem` unless the database can be written and has this version's tables;
    nothing is changed."""
    with transaction() as connection:
        number = text("SELECT version_num FROM alembic_version")
        found = connection.execute(number).scalar()
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
        connection.rollback()
    if found != migrations.newest():
        raise Problem("The database", "has the tables of another version", "start this server anew")


def now(connection: Connection) -> float:
    """Seconds since 1970 by a clock that all who use this database share."""
    if connection.dialect.name == "postgresql":
        return float(
            connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
        )
    return time.time()


@cache
def database() -> Engine:
    """The database of this process, at the settings' URL."""
    copies.refuse_half()
    return open_database(settings().database)


@telling_disk_problems
def open_database(url: str) -> Engine:
    """Connect, and bring the schema up to date; :class:`Problem` where that is not possible."""
    try:
        address = make_url(url)
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+pg8000")
        if address.get_backend_name() == "sqlite" and address.database:
            _make_private(Path(address.database))
            opened = create_engine(
                address, connect_args={"timeout": BUSY_SECONDS}, pool_timeout=BUSY_SECONDS
            )
            event.listen(opened, "connect", _journal)
        else:
            opened = create_engine(address, pool_pre_ping=True, pool_timeout=BUSY_SECONDS)
            event.listen(opened, "connect", _impatient)
    except (exc.ArgumentError, ModuleNotFoundError) as error:
        raise Problem(
            "CTDENOISE_DATABASE",
            f"cannot be used ({error})",
            "give an SQLAlchemy URL whose driver is installed",
        ) from error
    try:
        _migrate(opened)
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise _problem(error) from error
    return opened


def _make_private(file: Path) -> None:
    """Make the file, should there be none, and let its owner alone read it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600)
    with suppress(PermissionError):  # somebody else's file keeps its permissions
        file.chmod(0o600)


def _migrate(opened: Engine) -> None:
    """Bring the schema up to the newest migration, one process at a time."""
    if _revision(opened) == migrations.newest():
        return  # without Alembic, which takes its time to be imported
    if opened.dialect.name == "sqlite":
        lock = FileLock(f"{opened.url.database}.lock", timeout=MIGRATION_SECONDS)
        with lock, opened.begin() as connection:
            connection.execute(text("BEGIN"))  # which the driver leaves out before DDL
            migrations.upgrade(connection)
    else:
        with opened.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{MIGRATION_SECONDS}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(20231005)"))
            migrations.upgrade(connection)


def _revision(opened: Engine) -> str | None:
    if not inspect(opened).has_table("alembic_version"):
        return None
    with opened.connect() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _journal(connection: Any, _record: Any) -> None:
    """Readers and one writer at a time, without waiting for each other (SQLite)."""
    for _ in range(100):  # the first switch to WAL needs the file for itself and does not wait
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except Exception as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.05)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # one letter spoils no row


def _impatient(connection: Any, _record: Any) -> None:
    """No change waits longer for another's (PostgreSQL)."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {round(1000 * BUSY_SECONDS)}")
    cursor.close()
    connection.commit()


def _problem(error: exc.SQLAlchemyError) -> Problem:
    """What the driver says in a sentence; PostgreSQL's has its message in a table of fields."""
    name, said = "The database", getattr(error, "orig", None) or error
    told = said.args[0] if said.args else said
    reason = str(told.get("M", told) if isinstance(told, dict) else told).strip() or "no answer"
    if "full" in reason or "No space left" in reason:
        return Problem(
            name,
            "could not be written because the disk is full",
            "free some space and try again; nothing that was there is lost",
        )
    if "not a database" in reason or "malformed" in reason:
        return Problem(
            f"The database {Path(settings().database.rpartition('/')[2]).name}",
            "is damaged on the disk",
            "stop CT Denoise and put a copy of that file back, or move it away to begin with an "
            "empty one; nothing has been deleted",
        )
    if isinstance(error, exc.TimeoutError) or "locked" in reason or "lock timeout" in reason:
        return Problem(
            name,
            f"is held by another program and did not answer for {BUSY_SECONDS:g} s",
            "try again in a moment; nothing was changed",
        )
    if "readonly" in reason or "unable to open" in reason:
        return Problem(
            name,
            "could not be opened for writing",
            "check that CTDENOISE_HOME is a folder that you may write to",
        )
    return Problem(
        name,
        f"did not answer ({reason.splitlines()[0]})",
        "check CTDENOISE_DATABASE and try again",
    )
