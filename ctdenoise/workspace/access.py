"""Who may do what with which things: the one place that decides. What it does not allow, is denied.

There are no accounts: a visitor is whoever has a workspace's cookie, see
:mod:`ctdenoise.ui.visitors`. Things are private to the workspace that owns them, but for what is
shown to a class that goes on (:mod:`ctdenoise.workspace.shares`), which its members may see, and
for the jobs of a class's learners, which its teacher may stop. A class itself its teachers change;
that its learners' lessons are reset or deleted is such a change (:mod:`ctdenoise.workspace.care`).
"""

from dataclasses import dataclass
from typing import Literal

from ctdenoise.errors import Problem
from ctdenoise.workspace import classes, shares
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

Action = Literal["see", "change", "cancel"]
"""To look at and learn from; to rename, remove or continue; to stop what is being done."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks, with the workspace that is theirs."""

    workspace: str


@dataclass(frozen=True)
class Thing:
    """Something that somebody owns."""

    owner: str
    kind: Literal["scan", "pair", "run", "result", "network", "job", "class"]
    id: str
    """Of a class, which nobody owns, the owner is empty."""

    def __str__(self) -> str:
        return f"{self.kind}/{self.owner}/{self.id}"


def allowed(visitor: Visitor, action: Action, thing: Thing) -> bool:
    """Whether a visitor may do this with a thing.

    >>> scan = Thing("ann", "scan", "1f")
    >>> allowed(Visitor("ann"), "change", scan), allowed(Visitor("sample"), "change", scan)
    (True, False)
    """
    if thing.kind == "class":
        role = classes.role_of(thing.id, visitor.workspace)
        return (action == "see" and role is not None) or (action == "change" and role == "teacher")
    if thing.owner == visitor.workspace:
        return thing.owner != SAMPLE or action == "see"
    if thing.owner == SAMPLE:
        return action == "see"
    if action == "see":
        return shares.is_shown_to(visitor.workspace, thing.owner, str(thing))
    if action == "cancel" and thing.kind == "job":
        return classes.teaches(visitor.workspace, thing.owner)
    return False


def require(visitor: Visitor, action: Action, *things: Thing, what: str) -> None:
    """Raise :class:`Problem` unless all ``things`` allow it; ``what`` begins the sentence."""
    if not things or not all(allowed(visitor, action, thing) for thing in things):
        if any(thing.kind == "class" for thing in things):
            raise Problem(what, "is for the teacher of the class alone", "open the teacher's link")
        raise Problem(what, "belongs to another workspace", "open one of your own")
