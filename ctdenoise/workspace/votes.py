"""What a class votes on: a question of its lesson, or one that was typed on the spot, in one round
before people discuss it and one after. What was answered is in :mod:`ctdenoise.workspace.answers`.

Every vote of a class stays in the column ``vote`` of its row, so that the export can name it.
"""

import secrets
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ctdenoise.errors import Problem
from ctdenoise.lessons.model import Answer, Choice, Slider
from ctdenoise.workspace import answers, classes
from ctdenoise.workspace.classes import Class, Member

MOST = 100
"""Votes that are kept of a class, the newest ones."""


class Vote(BaseModel):
    """A question that was put to a class."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    key: str
    """Under which its answers are kept."""
    ask: Annotated[Choice | Slider, Field(discriminator="kind")]
    round: Literal[1, 2] = 1
    shown: bool = False
    """Whether learners see the bars."""
    open: bool = True


def every(found: Class) -> list[Vote]:
    """All votes of a class, first one first; one that is damaged does not hide the others."""
    votes = []
    asked = found.vote.get("asked", []) if found.vote else []
    for each in asked if isinstance(asked, list) else []:
        try:
            votes.append(Vote.model_validate(each))
        except ValidationError:
            continue
    return votes


def current(found: Class) -> Vote | None:
    """What the class votes on now; None where it does not, or has ended."""
    votes = every(found)
    return votes[-1] if votes and votes[-1].open and found.ended is None else None


def put(class_id: str, ask: Choice | Slider) -> Vote:
    """Put a question to the class, instead of the one before."""
    vote = Vote(key=f"vote-{secrets.token_hex(6)}", ask=ask)
    votes = [each.model_copy(update={"open": False}) for each in every(classes.find(class_id))]
    _keep(class_id, [*votes, vote][-MOST:])
    return vote


def change(class_id: str, **values: Any) -> None:
    """Write some fields of the newest vote: its round, whether it is shown, its end."""
    votes = every(classes.find(class_id))
    if votes:
        _keep(class_id, [*votes[:-1], Vote.model_validate(votes[-1].model_dump() | values)])


def cast(found: Class, member: Member, key: str, round: int, value: Answer) -> None:
    """Keep somebody's vote; :class:`Problem` where this is not what the class votes on now."""
    vote = current(found)
    if vote is None or (vote.key, vote.round) != (key, round):
        raise Problem("This vote", "has ended", "look at what your teacher asks now")
    ask = vote.ask
    low, high = (1, len(ask.options)) if isinstance(ask, Choice) else (ask.low, ask.high)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Problem("This vote", "is none of the answers", "choose one of those that are shown")
    answers.add(
        member.workspace, found.lesson, vote.key, value, class_id=found.id, round=vote.round
    )


def _keep(class_id: str, votes: list[Vote]) -> None:
    classes.change(class_id, vote={"asked": [each.model_dump(mode="json") for each in votes]})
