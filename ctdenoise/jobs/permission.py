"""What a job would read, and whether the person that it is for may see all of that.

Asked once, where a job is queued: a worker does what it is given. What is named in arguments is
found by its type or, in any kind's own arguments, by the name of the field; an ``owner`` of whom it
is not said what is meant must be the person.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from ctdenoise.config.shipped import PREFIX
from ctdenoise.jobs.kind import KINDS, Arguments, Kind
from ctdenoise.workspace.access import Thing, Visitor, require
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.denoisers import ImportedNetwork
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import find_run

OWNED: tuple[Literal["scan", "pair", "result"], ...] = ("scan", "pair", "result")
"""Fields that hold the id of such a thing, of the ``owner`` beside them or else of the person."""


def refuse_foreign(
    kind: Kind[Any, Any], arguments: Arguments, workspace: str, id: str = ""
) -> None:
    """Raise :class:`Problem` unless ``workspace`` may see all that this job would read."""
    things = set(named(arguments, workspace))
    if kind.reads and id:
        things.update(kind.reads(workspace, id))
    if things:
        require(Visitor(workspace), "see", *things, what=f"What {_lowered(kind.title)} needs")


def refuse_foreign_again(job: Job) -> None:
    """The same for a job that shall go on: what was shown once may be shown no longer."""
    if job.kind in KINDS:
        kind = KINDS[job.kind]
        try:
            arguments = kind.arguments.model_validate(job.arguments)
        except ValidationError:  # nothing is read of it: its worker fails, and says so
            return
        refuse_foreign(kind, arguments, job.workspace, job.id)


def refuse_foreign_pairs(
    workspace: str, pairs: Iterable[tuple[str, str]], parent: str = ""
) -> None:
    """Raise :class:`Problem` unless ``workspace`` may see these pairs, (owner, id) each, and the
    run that another one would go on from."""
    things = {Thing(owner, "pair", id) for owner, id in pairs}
    if parent and not parent.startswith(PREFIX):
        things.add(of_run(parent))
    if things:
        require(Visitor(workspace), "see", *things, what="What the training needs")


def of_run(id: str) -> Thing:
    """A run, with whoever it belongs to; :class:`Problem` where there is none such."""
    return Thing(find_run(id).workspace, "run", id)


def named(value: object, workspace: str) -> Iterator[Thing]:
    """Everything that arguments name, however deep."""
    match value:
        case Source():
            yield Thing(value.owner, value.kind, value.id)
        case ImportedNetwork():
            yield Thing(value.workspace, "network", value.id)
        case BaseModel():
            fields = dict(value)
            owner = fields.get("owner", workspace)
            found = [Thing(owner, kind, fields[kind]) for kind in OWNED if kind in fields]
            if "owner" in fields and not found:
                found = [Thing(owner, "scan", "")]
            if "run" in fields:
                found.append(of_run(fields["run"]))
            yield from found
            for each in fields.values():
                yield from named(each, workspace)
        case tuple() | list():
            for each in value:
                yield from named(each, workspace)


def _lowered(title: str) -> str:
    return f"{title[:1].lower()}{title[1:]}"
