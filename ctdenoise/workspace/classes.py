"""Classes: people who learn together for a while, with a teacher who looks after them.

A class has a code to come in by, made of letters that cannot be mistaken for others, and a key that
makes whoever has it a teacher. Of keys and personal codes only hashes are kept.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from ctdenoise.errors import Problem
from ctdenoise.workspace.codes import CODE_LETTERS, PERSONAL_LETTERS, fresh, hashed, spelled
from ctdenoise.workspace.database import now, transaction
from ctdenoise.workspace.tables import UNREADABLE, shares
from ctdenoise.workspace.tables import classes as table
from ctdenoise.workspace.tables import members as seats

NICKNAME_LETTERS = 24
Role = Literal["teacher", "learner"]


@dataclass(frozen=True)
class Class:
    """A row of ``classes``; times are seconds since 1970."""

    id: str
    code: str
    """What a learner types to come in."""
    name: str
    key: str
    """The hash of the teacher's key."""
    lesson: str
    """The lesson that it is about, by its id."""
    created: float
    ended: float | None
    paused: bool
    """Whether no job of a learner is begun."""
    run_minutes: int | None
    """The longest that a training of a learner may take; None: as long as elsewhere here."""
    runs_at_once: int | None
    storage_mb: int | None
    retention_days: int | None
    """After so many days without a visit a learner's things go; None: as elsewhere here."""
    vote: dict[str, Any] | None
    """What the class is asked to vote on, see :mod:`ctdenoise.ui.classroom`."""
    presented: dict[str, Any] | None
    """What the teacher presents, a :class:`ctdenoise.workspace.shares.Presented`."""
    version: int
    """Counts what was presented."""


@dataclass(frozen=True)
class Member:
    """A row of ``members``: somebody in a class."""

    class_id: str
    workspace: str
    role: Role
    nickname: str
    personal: str
    """The hash of the personal code; empty where none was asked for."""
    joined: float
    seen: float


_CLASS = TypeAdapter(Class)
_MEMBER = TypeAdapter(Member)


def create(workspace: str, name: str, lesson: str) -> tuple[Class, str]:
    """A new class with ``workspace`` as its teacher, and the teacher's key, which is told once."""
    key, id = secrets.token_hex(16), secrets.token_hex(6)
    with transaction() as connection:
        taken = set(connection.execute(select(table.c.code)).scalars())
        values = {
            "id": id,
            "code": next(
                code for code in iter(lambda: fresh(CODE_LETTERS), "") if code not in taken
            ),
            "name": _words(name, 200) or "Class",
            "key": hashed(key),
            "lesson": lesson,
            "created": now(connection),
            "paused": False,
            "version": 0,
        }
        connection.execute(insert(table).values(values))
        _sit(connection, id, workspace, "teacher", "Teacher")
    return find(id), key


def find(id: str) -> Class:
    """A class by its id; :class:`Problem` where there is none such any more."""
    if found := _one(table.c.id == id):
        return found
    raise Problem("This class", "does not exist any more", "ask your teacher for another code")


def by_code(code: str) -> Class:
    """A class that goes on, by the code that somebody typed; :class:`Problem` where none has it."""
    found = _one(table.c.code == spelled(code))
    if found and found.ended is not None:
        raise Problem(
            f"The class of the code {found.code}", "has ended", "ask your teacher for another code"
        )
    if found:
        return found
    raise Problem(
        f"The code {spelled(code)[:12] or 'that was given'}",
        "is no class's that goes on now",
        f"type the {CODE_LETTERS} letters and digits that your teacher shows",
    )


def join(found: Class, workspace: str, nickname: str) -> Member:
    """Let somebody in, or give who is in already another nickname; :class:`Problem` where another
    learner has it."""
    nickname = _words(nickname, NICKNAME_LETTERS)
    if not nickname:
        raise Problem("The nickname", "is empty", "type what the class may call you")
    with transaction() as connection:
        live = table.c.id == found.id, table.c.ended.is_(None)
        # One after another: who writes the class's row holds it until the end of the transaction.
        if not connection.execute(update(table).where(*live).values(code=found.code)).rowcount:
            raise Problem("This class", "has ended", "ask your teacher for another code")
        for other in _members(connection, found.id):
            if other.workspace == workspace and other.role == "teacher":
                return other
            if other.workspace != workspace and other.nickname.casefold() == nickname.casefold():
                raise Problem(
                    f"The nickname {nickname}", "is somebody else's in this class", "choose another"
                )
        _sit(connection, found.id, workspace, "learner", nickname)
        return next(e for e in _members(connection, found.id) if e.workspace == workspace)


def teach(code: str, key: str, workspace: str) -> Class:
    """Make somebody who has the key a teacher of the class; :class:`Problem` for any other key."""
    found = _one(table.c.code == spelled(code))
    if found is None or not hmac.compare_digest(hashed(key), found.key):
        raise Problem(
            "This teacher's link", "opens no class here", "copy the whole link, or make a new class"
        )
    with transaction() as connection:
        _sit(connection, found.id, workspace, "teacher", "Teacher")
    return found


def new_key(id: str) -> str:
    """Another teacher's key; the one before opens nothing any more, and teachers stay teachers."""
    key = secrets.token_hex(16)
    change(id, key=hashed(key))
    return key


def personal_code(member: Member) -> str:
    """A new code by which this person comes back on another device; an earlier one opens nothing
    any more."""
    code = fresh(PERSONAL_LETTERS)
    with transaction() as connection:
        own = seats.c.class_id == member.class_id, seats.c.workspace == member.workspace
        connection.execute(update(seats).where(*own).values(personal=hashed(code)))
    return code


def by_personal_code(code: str) -> Member:
    """Which learner has this code in a class that goes on; :class:`Problem` where nobody has. A
    teacher comes back by the teacher's link alone, even one who learned here before."""
    wanted = and_(seats.c.personal == hashed(spelled(code)), seats.c.role == "learner")
    live = select(table.c.id).where(table.c.ended.is_(None))
    with transaction() as connection:
        rows = select(seats).where(wanted, seats.c.class_id.in_(live))
        row = connection.execute(rows).first()
    if row is None:
        raise Problem(
            "This personal code",
            "is nobody's in a class that goes on now",
            "make a new one on the device on which you are in the class",
        )
    return _MEMBER.validate_python(row._asdict())


def members(class_id: str) -> list[Member]:
    """Everybody in a class, in the order in which they came."""
    with transaction() as connection:
        return _members(connection, class_id)


def learners(class_id: str) -> list[Member]:
    """The members of a class who learn."""
    return [each for each in members(class_id) if each.role == "learner"]


def seat_of(workspace: str, class_id: str | None = None) -> tuple[Class, Member] | None:
    """The class that somebody is in and that goes on, with their seat: the one of this id or, of
    several, the one that they came to last; None where there is none."""
    both = (
        select(table, *(column.label(f"seat_{column.name}") for column in seats.c))
        .join(seats, seats.c.class_id == table.c.id)
        .where(seats.c.workspace == workspace, table.c.ended.is_(None))
        .order_by(seats.c.joined.desc())
    )
    if class_id is not None:
        both = both.where(table.c.id == class_id)
    with transaction() as connection:
        row = connection.execute(both).first()
    if row is None:
        return None
    values = dict(row._mapping)
    seat = {column.name: values.pop(f"seat_{column.name}") for column in seats.c}
    return _class(values), _MEMBER.validate_python(seat)


def attended(workspace: str) -> tuple[Class, Member] | None:
    """The class that somebody learns in, with their seat; None for its teacher."""
    seat = seat_of(workspace)
    return seat if seat and seat[1].role == "learner" else None


def left_behind(workspace: str) -> Class | None:
    """The class that somebody was in last and that has ended; None where there is none."""
    both = (
        select(table)
        .join(seats, seats.c.class_id == table.c.id)
        .where(seats.c.workspace == workspace, table.c.ended.is_not(None))
        .order_by(table.c.ended.desc())
    )
    with transaction() as connection:
        row = connection.execute(both).first()
    return None if row is None else _class(dict(row._mapping))


def teaches(teacher: str, learner: str) -> bool:
    """Whether somebody is the teacher of somebody who learns in a class that goes on."""
    both = (
        select(table.c.id)
        .join(seats, seats.c.class_id == table.c.id)
        .where(table.c.ended.is_(None))
    )
    taught = both.where(seats.c.workspace == teacher, seats.c.role == "teacher")
    attended = both.where(seats.c.workspace == learner, seats.c.role == "learner")
    with transaction() as connection:
        return connection.execute(taught.intersect(attended)).first() is not None


def role_of(class_id: str, workspace: str) -> Role | None:
    """What somebody is in a class, one that has ended included; None for who is not in it."""
    own = seats.c.class_id == class_id, seats.c.workspace == workspace
    with transaction() as connection:
        role: Role | None = connection.execute(select(seats.c.role).where(*own)).scalar()
    return role


def paused_people() -> set[str]:
    """The workspaces of all learners whose class pauses."""
    both = (
        select(seats.c.workspace)
        .join(table, seats.c.class_id == table.c.id)
        .where(table.c.paused, table.c.ended.is_(None), seats.c.role == "learner")
    )
    with transaction() as connection:
        return set(connection.execute(both).scalars())


def kept_days() -> dict[str, int]:
    """After so many days without use, what learners own goes, by workspace: of classes that say so,
    ended ones that are not deleted included; the fewest days of several."""
    both = (
        select(seats.c.workspace, table.c.retention_days)
        .join(table, seats.c.class_id == table.c.id)
        .where(table.c.retention_days.is_not(None), seats.c.role == "learner")
        .order_by(table.c.retention_days.desc())
    )
    with transaction() as connection:
        return {row.workspace: row.retention_days for row in connection.execute(both)}


def taught_by(workspace: str) -> list[Class]:
    """The classes that somebody teaches, newest first, ended ones that are not deleted, too."""
    own = select(seats.c.class_id).where(seats.c.workspace == workspace, seats.c.role == "teacher")
    with transaction() as connection:
        rows = select(table).where(table.c.id.in_(own)).order_by(table.c.created.desc())
        found = connection.execute(rows).all()
    return [_class(row._asdict()) for row in found]


def change(id: str, **values: Any) -> None:
    """Write some columns of a class: its limits, whether it is paused, its vote, its end."""
    with transaction() as connection:
        connection.execute(update(table).where(table.c.id == id).values(values))


def end(id: str) -> None:
    """Nobody comes in any more, nothing is shown any more, and nobody's work is held up by it."""
    with transaction() as connection:
        values = {"ended": now(connection), "paused": False, "presented": None}
        connection.execute(update(table).where(table.c.id == id).values(values))


def seen(class_id: str, workspace: str) -> None:
    """Somebody of the class is here just now."""
    with transaction() as connection:
        own = seats.c.class_id == class_id, seats.c.workspace == workspace
        connection.execute(update(seats).where(*own).values(seen=now(connection)))


def leave(class_id: str, workspace: str) -> None:
    """Somebody leaves, or is removed from, a class; what is theirs stays theirs, and is shown to
    the class no longer."""
    with transaction() as connection:
        for each in (seats, shares):
            own = each.c.class_id == class_id, each.c.workspace == workspace
            connection.execute(delete(each).where(*own))


def _sit(connection: Connection, id: str, workspace: str, role: Role, nickname: str) -> None:
    moment = now(connection)
    own = seats.c.class_id == id, seats.c.workspace == workspace
    changed = update(seats).where(*own).values(role=role, nickname=nickname, seen=moment)
    if not connection.execute(changed).rowcount:
        connection.execute(
            insert(seats).values(
                class_id=id,
                workspace=workspace,
                role=role,
                nickname=nickname,
                personal="",
                joined=moment,
                seen=moment,
            )
        )


def _members(connection: Connection, class_id: str) -> list[Member]:
    rows = select(seats).where(seats.c.class_id == class_id).order_by(seats.c.joined)
    return [_MEMBER.validate_python(row._asdict()) for row in connection.execute(rows)]


def _one(*which: ColumnElement[bool]) -> Class | None:
    with transaction() as connection:
        row = connection.execute(select(table).where(*which)).first()
    return _class(row._asdict()) if row else None


def _class(values: dict[str, Any]) -> Class:
    """What is damaged of a vote or of what is presented goes, and the class goes on."""
    for name in ("vote", "presented"):
        if values[name] is UNREADABLE:
            values[name] = None
    return _CLASS.validate_python(values)


def _words(text: str, most: int) -> str:
    return " ".join(text.split())[:most].strip()
