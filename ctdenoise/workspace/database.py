"""The table of runs and the database that holds it: SQLite by default, PostgreSQL by URL."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    exc,
    false,
    inspect,
    make_url,
    text,
)
from sqlalchemy.schema import CreateColumn

from ctdenoise.errors import Problem, telling_disk_problems

_metadata = MetaData()
table = Table(
    "runs",
    _metadata,
    Column("id", String(12), primary_key=True),
    Column("workspace", String(64), nullable=False, index=True),
    Column("number", Integer, nullable=False, server_default="0"),
    Column("name", String(200), nullable=False),
    Column("config", JSON, nullable=False),
    Column("pairs", JSON, nullable=False),
    Column("state", String(8), nullable=False, index=True),
    Column("wanted", String(4), nullable=False),
    Column("created", Float, nullable=False),
    Column("queued", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("sentence", Text, nullable=False),
    Column("turn", String(40), nullable=False),
    Column("place", String(200), nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("reached", Integer, nullable=False),
    Column("sweep", String(12), nullable=False, server_default="", index=True),
    Column("parent", String(100), nullable=False, server_default=""),
    Column("parent_epoch", Integer, nullable=False, server_default="0"),
    Column("starred", Boolean, nullable=False, server_default=false()),
)


@contextmanager
def transaction(database: Engine) -> Iterator[Connection]:
    """All or nothing, as short as possible; what the database cannot do becomes a Problem."""
    try:
        with database.begin() as connection:
            yield connection
    except exc.OperationalError as error:
        raise _problem(str(error.orig)) from error


@telling_disk_problems
def open_database(url: str) -> Engine:
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite" and address.database:
            file = Path(address.database)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            with suppress(PermissionError):  # somebody else's file keeps its permissions
                file.chmod(0o600)
            database = create_engine(address, connect_args={"timeout": 30})
            event.listen(database, "connect", _journal)
        else:
            database = create_engine(address, pool_pre_ping=True)
    except (exc.ArgumentError, ModuleNotFoundError) as error:
        raise Problem(
            "CTDENOISE_DATABASE",
            f"cannot be used ({error})",
            "give an SQLAlchemy URL whose driver is installed",
        ) from error
    try:
        _metadata.create_all(database)
    except (exc.OperationalError, exc.ProgrammingError, exc.IntegrityError):
        # Another process created the table between our look and our attempt.
        try:
            _metadata.create_all(database)
        except exc.OperationalError as error:
            raise _problem(str(error.orig)) from error
    _complete(database)
    return database


def _complete(database: Engine) -> None:
    """Add the columns that a database of an earlier version lacks."""
    there = {column["name"] for column in inspect(database).get_columns(table.name)}
    for column in table.columns:
        if column.name not in there:
            described = CreateColumn(column).compile(dialect=database.dialect)
            with transaction(database) as connection:
                connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {described}"))


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


def _problem(reason: str) -> Problem:
    name = "The database of runs"
    if "full" in reason:
        return Problem(
            name,
            "could not be written because the disk is full",
            "free some space and try again; nothing that was there is lost",
        )
    if "readonly" in reason or "unable to open" in reason:
        return Problem(
            name,
            "could not be opened for writing",
            "check that CTDENOISE_HOME is a folder that you may write to",
        )
    return Problem(
        name,
        f"did not answer ({reason.strip().splitlines()[0]})",
        "check CTDENOISE_DATABASE and try again",
    )
