"""The tables of the database; the schema is the newest of :mod:`ctdenoise.workspace.migrations`.

``runs`` says what people own of their trainings (a run itself is a folder), ``jobs`` what is to be
done, is being done or was done; ``devices`` which workspace a browser opens, ``classes`` and
``members`` who learns together, ``answers`` and ``places`` what was answered in a lesson and how
far it is, ``shares`` what is shown to a class.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

UNREADABLE = object()
"""Stands for what was written as JSON and is none any more."""


class Lenient(TypeDecorator[Any]):
    """JSON of which one damaged value does not spoil all rows that are read with it."""

    impl = JSON
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Decodes what the driver hands over, or gives :data:`UNREADABLE`."""
        read = super().result_processor(dialect, coltype)

        def decoded(value: Any) -> Any:
            try:
                return read(value) if read else value
            except (ValueError, TypeError, RecursionError):
                return UNREADABLE

        return decoded


metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}
)
runs = Table(
    "runs",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("workspace", String(64), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("pairs", Lenient, nullable=False),
    Column("created", Float, nullable=False),
    Column("sweep", String(12), nullable=False, index=True),
    Column("parent", String(100), nullable=False),
    Column("parent_epoch", Integer, nullable=False),
    Column("starred", Boolean(create_constraint=False), nullable=False),
)
jobs = Table(
    "jobs",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("workspace", String(64), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("subject", String(100), nullable=False, index=True),
    Column("arguments", Lenient, nullable=False),
    Column("queue", String(20), nullable=False),
    Column("state", String(8), nullable=False, index=True),
    Column("wanted", String(4), nullable=False),
    Column("focus", Integer),
    Column("progress", Float),
    Column("message", Text, nullable=False),
    Column("result", Lenient(none_as_null=True)),
    Column("attempts", Integer, nullable=False),
    Column("reached", Float),
    Column("lease", String(40), nullable=False),
    Column("worker", String(200), nullable=False),
    Column("heartbeat", Float),
    Column("memory", Float),
    Column("served", Float, nullable=False, server_default="0"),
    Column("used", Float, nullable=False, server_default="0"),
    Column("expected", Float),
    Column("first", Float),
    Column("left", Float),
    Column("created", Float, nullable=False),
    Column("queued", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
)
devices = Table(
    "devices",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("created", Float, nullable=False),
)
classes = Table(
    "classes",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("code", String(6), nullable=False, index=True, unique=True),
    Column("name", String(200), nullable=False),
    Column("key", String(64), nullable=False),
    Column("lesson", String(40), nullable=False),
    Column("created", Float, nullable=False),
    Column("ended", Float),
    Column("paused", Boolean(create_constraint=False), nullable=False),
    Column("run_minutes", Integer),
    Column("runs_at_once", Integer),
    Column("storage_mb", Integer),
    Column("retention_days", Integer),
    Column("vote", Lenient(none_as_null=True)),
    Column("presented", Lenient(none_as_null=True)),
    Column("version", Integer, nullable=False),
)
members = Table(
    "members",
    metadata,
    Column("class_id", String(12), primary_key=True),
    Column("workspace", String(64), primary_key=True, index=True),
    Column("role", String(7), nullable=False),
    Column("nickname", String(40), nullable=False),
    Column("personal", String(64), nullable=False, index=True),
    Column("joined", Float, nullable=False),
    Column("seen", Float, nullable=False),
)
answers = Table(
    "answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace", String(64), nullable=False, index=True),
    Column("class_id", String(12), nullable=False, index=True),
    Column("lesson", String(40), nullable=False),
    Column("step", String(60), nullable=False),
    Column("round", Integer, nullable=False),
    Column("value", Lenient, nullable=False),
    Column("created", Float, nullable=False),
)
places = Table(
    "places",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("lesson", String(40), primary_key=True),
    Column("step", String(60), nullable=False),
    Column("made", Lenient, nullable=False),
    Column("created", Float, nullable=False),
    Column("changed", Float, nullable=False),
)
shares = Table(
    "shares",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("class_id", String(12), nullable=False, index=True),
    Column("workspace", String(64), nullable=False),
    Column("title", String(200), nullable=False),
    Column("shown", Lenient(none_as_null=True)),
    Column("things", Lenient, nullable=False),
    Column("created", Float, nullable=False),
)
