"""What people answered in lessons, and how far they are: every answer is kept, the last one counts.

An answer of somebody in a class belongs to the class, too, for as long as the class is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, insert, select, update

from ctdenoise.lessons.model import Answer
from ctdenoise.workspace.database import now, transaction
from ctdenoise.workspace.tables import answers as table
from ctdenoise.workspace.tables import places as places_table

MOST_LETTERS = 1000
"""Of an answer in words: the field on the page takes no more, but a browser may send anything."""


@dataclass(frozen=True)
class Given:
    """A row of ``answers``."""

    id: int
    workspace: str
    class_id: str
    """The class that the person was in, or empty."""
    lesson: str
    step: str
    """A key of :meth:`ctdenoise.lessons.model.Lesson.asked`."""
    round: int
    """0 in the lesson; 1 and 2 for a first and a second vote of the class."""
    value: Answer
    created: float


@dataclass(frozen=True)
class Place:
    """How far somebody is in a lesson."""

    workspace: str
    lesson: str
    step: str
    made: dict[str, str]
    """The runs, and whatever else was made, by the step that made them."""
    created: float
    changed: float


_GIVEN = TypeAdapter(Given)
_PLACE = TypeAdapter(Place)


def add(
    workspace: str, lesson: str, step: str, value: Answer, *, class_id: str = "", round: int = 0
) -> None:
    """Keep an answer; those before it stay."""
    if isinstance(value, str):
        value = value[:MOST_LETTERS]
    with transaction() as connection:
        connection.execute(
            insert(table).values(
                workspace=workspace,
                class_id=class_id,
                lesson=lesson,
                step=step,
                round=round,
                value=value,
                created=now(connection),
            )
        )


def of_person(workspace: str, lesson: str) -> list[Given]:
    """What somebody answered in a lesson, first answer first."""
    return _given(table.c.workspace == workspace, table.c.lesson == lesson)


def of_class(class_id: str) -> list[Given]:
    """What the members of a class answered, first answer first."""
    return _given(table.c.class_id == class_id)


def newest(given: Sequence[Given]) -> dict[tuple[str, str, int], Given]:
    """The answers that count, by (workspace, step, round): each person's last one."""
    return {(each.workspace, each.step, each.round): each for each in given}


def place(workspace: str, lesson: str) -> Place | None:
    """How far somebody is in a lesson; None where they have not begun."""
    found = places([workspace])
    return next((each for each in found if each.lesson == lesson), None)


def places(workspaces: Sequence[str]) -> list[Place]:
    """How far some people are in whatever lessons they have begun."""
    own = places_table.c.workspace.in_(workspaces)
    with transaction() as connection:
        rows = connection.execute(select(places_table).where(own)).all()
    found = []
    for row in rows:
        values = row._asdict()
        if not isinstance(values["made"], dict):  # the runs themselves are not lost
            values["made"] = {}
        found.append(_PLACE.validate_python(values))
    return found


def go_to(workspace: str, lesson: str, step: str) -> None:
    """Somebody is at this step now."""
    _write(workspace, lesson, step=step)


def made(workspace: str, lesson: str, step: str, what: str) -> None:
    """A step has made something, such as a run, by its id; an earlier one is forgotten here."""
    before = place(workspace, lesson)
    _write(workspace, lesson, step=step, made={**(before.made if before else {}), step: what})


def _write(workspace: str, lesson: str, **values: Any) -> None:
    own = places_table.c.workspace == workspace, places_table.c.lesson == lesson
    with transaction() as connection:
        moment = now(connection)
        changed = update(places_table).where(*own).values(**values, changed=moment)
        if not connection.execute(changed).rowcount:
            fresh = {"workspace": workspace, "lesson": lesson, "made": {}, **values}
            row = insert(places_table).values(**fresh, created=moment, changed=moment)
            connection.execute(row)


def _given(*which: ColumnElement[bool]) -> list[Given]:
    with transaction() as connection:
        rows = connection.execute(select(table).where(*which).order_by(table.c.id)).all()
    found = []
    for row in rows:
        try:  # one that is damaged does not hide the others
            found.append(_GIVEN.validate_python(row._asdict()))
        except ValidationError:
            continue
    return found
