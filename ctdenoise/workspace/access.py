"""Who may do what with whose things: the one place that decides. What it does not allow, is denied.

There are no accounts yet: a visitor is whoever has a workspace's cookie, see
:mod:`ctdenoise.ui.visitors`.
"""

from dataclasses import dataclass
from typing import Literal

from ctdenoise.errors import Problem
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

Action = Literal["see", "change", "cancel"]
"""To look at and learn from; to rename, remove or continue; to stop what is being done."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks, with the workspace that is theirs."""

    workspace: str


def allowed(visitor: Visitor, action: Action, owner: str) -> bool:
    """Whether a visitor may do this with what the workspace ``owner`` owns.

    >>> allowed(Visitor("ann"), "change", "ann"), allowed(Visitor("ann"), "see", "bob")
    (True, False)
    """
    if owner == visitor.workspace:
        return owner != SAMPLE or action == "see"
    return owner == SAMPLE and action == "see"


def require(visitor: Visitor, action: Action, *owners: str, what: str) -> None:
    """Raise :class:`Problem` unless all ``owners`` allow it; ``what`` begins the sentence."""
    if not owners or not all(allowed(visitor, action, owner) for owner in owners):
        raise Problem(what, "belongs to another workspace", "open one of your own")
