"""What a teacher presents: in the class's row, with a version that every change counts up.

What it is made of stands in a share with the class's own id, so that the class may fetch its
pictures; that share grows while something is presented, since who follows may be a second late.
"""

from collections.abc import Iterable

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select, update

from ctdenoise.errors import Problem
from ctdenoise.workspace.database import now, transaction
from ctdenoise.workspace.shares import Presented
from ctdenoise.workspace.tables import UNREADABLE, classes, members, shares


def begin(class_id: str, presented: Presented, things: Iterable[str]) -> int:
    """Present something that is made of these things of the presenter; its version."""
    with transaction() as connection:
        _enter(connection, class_id, presented, set(things))
        return _write(connection, class_id, presented)


def go_on(class_id: str, presented: Presented) -> int | None:
    """Present the same with other settings; its version, None where something else is presented by
    now, or something newer, or nothing."""
    with transaction() as connection:
        row = select(classes.c.presented).where(classes.c.id == class_id).with_for_update()
        found = _read(connection.execute(row).scalar())
        if found is None or found.id != presented.id or found.at > presented.at:
            return None
        return _write(connection, class_id, presented)


def stop(class_id: str) -> None:
    """Present nothing; what was presented is nobody's to see any more who might not before."""
    with transaction() as connection:
        connection.execute(delete(shares).where(shares.c.id == class_id))
        _write(connection, class_id, None)


def version(class_id: str) -> int | None:
    """How often what is presented has changed; None where the class does not go on."""
    live = classes.c.id == class_id, classes.c.ended.is_(None)
    with transaction() as connection:
        return connection.execute(select(classes.c.version).where(*live)).scalar()


def of_class(class_id: str) -> tuple[int, Presented | None]:
    """Version and what is presented; nothing where that is damaged, or the class is there no
    more."""
    row = select(classes.c.version, classes.c.presented).where(classes.c.id == class_id)
    with transaction() as connection:
        found = connection.execute(row).one_or_none()
    return (found.version, _read(found.presented)) if found else (0, None)


def members_of(class_id: str) -> frozenset[str]:
    """The workspaces of everybody in a class."""
    rows = select(members.c.workspace).where(members.c.class_id == class_id)
    with transaction() as connection:
        return frozenset(connection.execute(rows).scalars())


def _write(connection: Connection, class_id: str, presented: Presented | None) -> int:
    own = classes.c.id == class_id
    live = classes.c.ended.is_(None)
    value = presented.model_dump(mode="json") if presented else None
    counted = {"presented": value, "version": classes.c.version + 1}
    if not connection.execute(update(classes).where(own, live).values(counted)).rowcount:
        raise Problem("This class", "has ended", "present something to another one")
    return int(connection.execute(select(classes.c.version).where(own)).scalar_one())


def _enter(connection: Connection, class_id: str, presented: Presented, things: set[str]) -> None:
    own = shares.c.id == class_id
    row = connection.execute(select(shares).where(own)).one_or_none()
    values = {"workspace": presented.by, "title": presented.title[:200]}
    if row is None:
        made = {**values, "id": class_id, "class_id": class_id, "created": now(connection)}
        connection.execute(insert(shares).values(**made, things=sorted(things)))
        return
    if row.workspace == presented.by and row.things is not UNREADABLE:
        things |= set(row.things)
    connection.execute(update(shares).where(own).values(**values, things=sorted(things)))


def _read(value: object) -> Presented | None:
    try:
        return Presented.model_validate(value)
    except ValidationError:
        return None
