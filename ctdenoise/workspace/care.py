"""What a teacher does for a class beside teaching: clears its queue, resets a learner, deletes it.

Each asks :mod:`ctdenoise.workspace.access` whether who wants it is a teacher of that class.
"""

from sqlalchemy import delete

from ctdenoise.workspace import answers, classes
from ctdenoise.workspace.access import Thing, Visitor, require
from ctdenoise.workspace.classes import Class, Member
from ctdenoise.workspace.database import transaction
from ctdenoise.workspace.runs import runs_of
from ctdenoise.workspace.tables import answers as answers_table
from ctdenoise.workspace.tables import classes as classes_table
from ctdenoise.workspace.tables import members, places, shares


def of(found: Class) -> Thing:
    """A class as the policy knows it."""
    return Thing("", "class", found.id)


def require_teacher(found: Class, workspace: str) -> None:
    """Raise :class:`Problem` unless somebody is a teacher of this class."""
    require(Visitor(workspace), "change", of(found), what=f"The class {found.name}")


def runs_in_lesson(found: Class, member: Member) -> list[str]:
    """The runs that a learner started in the lesson of the class, by id."""
    place = answers.place(member.workspace, found.lesson)
    made = set(place.made.values()) if place else set()
    return [run.id for run in runs_of(member.workspace) if run.id in made]


def runs_since(found: Class, member: Member) -> list[str]:
    """The runs that a learner started from coming to the class until it ended, by id."""
    until = found.ended or float("inf")
    return [r.id for r in runs_of(member.workspace) if member.joined <= r.created <= until]


def forget_lesson(found: Class, member: Member, teacher: str) -> None:
    """Remove what a learner answered in the lesson of the class, and how far they are in it; their
    runs go before, see :func:`runs_in_lesson`. What they answered in another class is not its
    teacher's to remove."""
    require_teacher(found, teacher)
    with transaction() as connection:
        connection.execute(
            delete(answers_table).where(
                answers_table.c.workspace == member.workspace,
                answers_table.c.lesson == found.lesson,
                answers_table.c.class_id.in_((found.id, "")),
            )
        )
        connection.execute(
            delete(places).where(
                places.c.workspace == member.workspace, places.c.lesson == found.lesson
            )
        )


def delete_class(found: Class, teacher: str) -> None:
    """Delete a class: its row, who was in it, what they answered in it, how far its learners are in
    its lesson, and what was shown to it."""
    require_teacher(found, teacher)
    people = [each.workspace for each in classes.learners(found.id)]
    with transaction() as connection:
        own = places.c.workspace.in_(people), places.c.lesson == found.lesson
        connection.execute(delete(places).where(*own))
        for table in (answers_table, shares, members):
            connection.execute(delete(table).where(table.c.class_id == found.id))
        connection.execute(delete(classes_table).where(classes_table.c.id == found.id))
