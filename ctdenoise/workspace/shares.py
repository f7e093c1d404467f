"""What is shown to a class: a picture as a viewer showed it, or a run, by whom it belongs to.

A share lists the things that it is made of; :mod:`ctdenoise.workspace.access` lets the class see
them for as long as it goes on and the share is not withdrawn. Only what is the
sharer's own is shown by it.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, delete, insert, select

from ctdenoise.workspace.database import now, transaction
from ctdenoise.workspace.tables import classes, members
from ctdenoise.workspace.tables import shares as table

MOST_FRAMES = 5000
Name = Annotated[str, StringConstraints(max_length=300)]
Positive = Annotated[float, Field(gt=0)]
Part = Annotated[float, Field(ge=0, le=1)]
Place = Annotated[int, Field(ge=0, le=1 << 20)]
Rectangle = tuple[Place, Place, Place, Place]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ShownPane(_Strict):
    """A pane of the viewer, as :class:`ctdenoise.ui.viewer.Pane` has it."""

    name: Name
    color: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
    dash: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,12}$")] = "solid"
    minus: int | None = None
    note: Name = ""
    frames: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_FRAMES)]


class ShownDial(_Strict):
    """A slider below the pictures, as :class:`ctdenoise.ui.viewer.Dial` has it."""

    title: Name
    low: Name
    high: Name


class Setting(_Strict):
    """What a person sets in a viewer."""

    frame: int = Field(default=0, ge=0, lt=MOST_FRAMES)
    window: tuple[float, Positive]
    """Level and width."""
    difference: Positive | None = None
    """Width of the window of differences; None for the usual one."""
    line: tuple[float, float, float, float] | None = None
    """Row and column of both ends."""
    region: Rectangle | None = None
    background: Rectangle | None = None
    view: tuple[float, float, Positive] | None = None
    """Row and column in the middle, and how many times enlarged; None for the whole picture."""
    dial: Annotated[tuple[Part, ...], Field(max_length=2)] = ()


class Shown(Setting):
    """Everything that a viewer shows, so that another one can show the same."""

    panes: Annotated[tuple[ShownPane, ...], Field(min_length=1, max_length=6)]
    labels: Annotated[tuple[Name, ...], Field(max_length=MOST_FRAMES)] | None = None
    spacing: tuple[Positive, Positive] | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None
    unit: Annotated[str, StringConstraints(max_length=40)] = "HU"
    dials: Annotated[tuple[ShownDial, ...], Field(max_length=2)] = ()
    stops: int = Field(default=9, ge=2, le=64)


class Presented(Shown):
    """What a teacher shows to a class just now, in the class's row."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
    """Stays the same while settings alone change."""
    title: Name
    page: Annotated[str, StringConstraints(pattern=r"^[a-z-]{0,40}$")] = ""
    """Where that is seen, below the dashboard's address; empty where it is on no page."""
    by: str
    """The teacher's workspace."""
    at: float
    """When the server took it; what comes later and is older is left out."""


@dataclass(frozen=True)
class Share:
    """A row of ``shares``."""

    id: str
    class_id: str
    workspace: str
    """Who shows it, whose it is."""
    title: str
    shown: Shown | None
    """None for a run, which is shown as a whole."""
    things: tuple[str, ...]
    """As :class:`ctdenoise.workspace.access.Thing` writes them."""
    created: float


_SHARE = TypeAdapter(Share)


def add(
    class_id: str, workspace: str, title: str, things: Iterable[str], shown: Shown | None = None
) -> str:
    """Show something to a class; the share's id."""
    id = secrets.token_hex(6)
    with transaction() as connection:
        connection.execute(
            insert(table).values(
                id=id,
                class_id=class_id,
                workspace=workspace,
                title=" ".join(title.split())[:200],
                shown=shown.model_dump(mode="json") if shown else None,
                things=sorted(set(things)),
                created=now(connection),
            )
        )
    return id


def of_class(class_id: str) -> list[Share]:
    """What is shown to a class, newest first, without what its teacher presents."""
    return _shares(table.c.class_id == class_id, table.c.id != class_id)


def find(class_id: str, id: str) -> Share | None:
    """Something that is shown to a class, None where it was withdrawn."""
    return next(iter(_shares(table.c.class_id == class_id, table.c.id == id)), None)


def withdraw(id: str, workspace: str) -> None:
    """Show something of one's own no longer."""
    with transaction() as connection:
        connection.execute(delete(table).where(table.c.id == id, table.c.workspace == workspace))


def is_shown_to(workspace: str, owner: str, thing: str) -> bool:
    """Whether ``owner`` shows a thing to a class that goes on and that somebody is in."""
    live = (
        select(members.c.class_id)
        .join(classes, classes.c.id == members.c.class_id)
        .where(members.c.workspace == workspace, classes.c.ended.is_(None))
    )
    return any(
        thing in share.things
        for share in _shares(table.c.workspace == owner, table.c.class_id.in_(live))
    )


def _shares(*which: ColumnElement[bool]) -> list[Share]:
    with transaction() as connection:
        rows = select(table).where(*which).order_by(table.c.created.desc())
        found = connection.execute(rows).all()
    shares = []
    for row in found:
        try:  # what is damaged is shown to nobody
            shares.append(_SHARE.validate_python(row._asdict()))
        except ValidationError:
            continue
    return shares
