"""What is shown to a class is made of pictures of ours: which things those are."""

from typing import TypeVar

from ctdenoise.errors import Problem
from ctdenoise.ui import addresses, pictures
from ctdenoise.workspace.access import Thing, Visitor, require
from ctdenoise.workspace.shares import Shown

VARYING = {"index", "image", "setting", "mix", "version"}
"""Fields of a picture's address that do not say whose it is."""


S = TypeVar("S", bound=Shown)


def checked(shown: S, workspace: str) -> tuple[S, set[Thing]]:
    """The same with every address written as we write it, and what it is made of;
    :class:`Problem` where there is something that this workspace may not see."""
    dials, pictured = len(shown.dials), range(len(shown.panes))
    if len(shown.dial) != dials or any(p.minus not in (None, *pictured) for p in shown.panes):
        raise Problem("What the viewer shows", "does not fit together", "reload the page")
    named: dict[str, pictures.Picture] = {}
    for pane in shown.panes:
        for frame in pane.frames:
            if frame not in named:
                if not frame.startswith(addresses.below(pictures.ROUTE)):
                    raise Problem("This picture", "is none of CT Denoise", "reload the page")
                named[frame] = pictures.parse(frame)
    kinds = {
        (each.kind, *(v for k, v in each if k not in VARYING)): each for each in named.values()
    }
    things = {thing for each in kinds.values() for thing in each.things()}
    require(Visitor(workspace), "see", *things, what="This picture")
    panes = tuple(
        pane.model_copy(update={"frames": tuple(named[each].address for each in pane.frames)})
        for pane in shown.panes
    )
    return shown.model_copy(update={"panes": panes}), things
