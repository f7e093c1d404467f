"""A consistent copy of the database while it is used, and back: by SQLite's own backup, or by
PostgreSQL's pg_dump and pg_restore."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, exc, inspect, make_url

from ctdenoise.errors import Problem
from ctdenoise.settings import settings

NAMES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
"""What the copy is called in an archive, by the kind of database."""
VERSION = "SELECT version_num FROM alembic_version"
STUCK_SECONDS = 3600


def kind() -> str:
    """The kind of database that the settings name."""
    found: str = make_url(settings().database).get_backend_name()
    if found not in NAMES:
        raise Problem(
            "CTDENOISE_DATABASE",
            f"is a database of the kind {found}, of which no copy can be made here",
            "use the tools of that database, and copy the home folder beside it",
        )
    return found


def file() -> Path:
    """Where the SQLite database lies."""
    return Path(make_url(settings().database).database or "")


def save(target: Path) -> None:
    """Write what the database holds at this moment to ``target``; others go on writing."""
    if kind() == "postgresql":
        _call("pg_dump", "--format=custom", "--no-owner", f"--file={target}")
        return
    if not file().is_file():
        raise Problem("The home folder", "has no database yet", "start CT Denoise once")
    try:
        with (
            closing(sqlite3.connect(f"{file().absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
    except sqlite3.Error as error:
        raise Problem(
            "The database", f"could not be copied ({error})", "try again in a moment"
        ) from error


def forget_removed(copy: Path) -> None:
    """Take out of a copy the runs that were removed since it was made: their folders are not in the
    archive (SQLite; PostgreSQL's copy lists such a run as one that cannot be read any more)."""
    if kind() == "postgresql":
        return
    ids = "SELECT id FROM runs"
    with (
        closing(sqlite3.connect(f"{file().absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as kept,
        kept,
    ):
        gone = set(kept.execute(ids)) - set(source.execute(ids))
        for id in gone:
            kept.execute("DELETE FROM runs WHERE id = ?", id)
            kept.execute("DELETE FROM jobs WHERE subject = ?", id)


def revision(copy: Path) -> str:
    """The schema of a SQLite copy; of PostgreSQL's, which only pg_restore reads, that of the
    server."""
    if kind() == "postgresql":
        with _server() as connection:
            return str(connection.exec_driver_sql(VERSION).scalar())
    with closing(sqlite3.connect(copy)) as opened:
        return str(opened.execute(VERSION).fetchone()[0])


def check(copy: Path) -> None:
    """Raise :class:`Problem` for a SQLite copy that is damaged inside."""
    with closing(sqlite3.connect(copy)) as opened:
        try:
            whole = opened.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        except sqlite3.DatabaseError:
            whole = False
    if not whole:
        raise Problem("The database in the copy", "is damaged", "restore another copy")


def in_use() -> bool:
    """Whether there is a database already that something was written to."""
    if kind() == "sqlite":
        return file().exists() and file().stat().st_size > 0
    with _server() as connection:
        return bool(inspect(connection).get_table_names())


def load(dump: Path) -> None:
    """Bring a PostgreSQL copy into the server: all of it or nothing."""
    _call(
        "pg_restore", "--no-owner", "--clean", "--if-exists", "--single-transaction",
        f"--dbname={make_url(settings().database).database or ''}", str(dump),
    )  # fmt: skip


@contextmanager
def _server() -> Iterator[Connection]:
    """A connection to PostgreSQL that brings nothing up to date."""
    engine = create_engine(make_url(settings().database).set(drivername="postgresql+pg8000"))
    try:
        with engine.connect() as connection:
            yield connection
    except exc.DBAPIError as error:
        raise Problem(
            "The database", "does not answer", "check CTDENOISE_DATABASE and try again"
        ) from error
    finally:
        engine.dispose()


def _call(program: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise Problem(
            f"PostgreSQL's {program}",
            "is not installed here",
            "install PostgreSQL's client programs, of the server's version or newer",
        )
    try:
        done = subprocess.run(
            [program, *arguments],
            env=os.environ | _environment(make_url(settings().database)),
            capture_output=True,
            text=True,
            timeout=STUCK_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Problem(f"PostgreSQL's {program}", "did not end", "look at the server") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word"])[0]
        raise Problem(f"PostgreSQL's {program}", f"failed ({said})", "mend that, then try again")


def _environment(url: URL) -> dict[str, str]:
    """How PostgreSQL's programs are told where the server is: not by arguments, which everybody
    who uses this computer can read."""
    socket = url.query.get("unix_sock")
    told = {
        "PGHOST": str(Path(str(socket)).parent) if socket else url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    return {name: str(value) for name, value in told.items() if value}
