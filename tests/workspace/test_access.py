"""Who may do what: denied unless it is allowed, in one place."""

from itertools import product
from typing import get_args

import pytest

from ctdenoise.errors import Problem
from ctdenoise.workspace.access import Action, Visitor, allowed, require
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

WORKSPACES = ["ann", "bob", SAMPLE, "", "Ann", "ann/", "*"]
ACTIONS: tuple[Action, ...] = get_args(Action)


@pytest.mark.parametrize(("visitor", "action", "owner"), product(WORKSPACES, ACTIONS, WORKSPACES))
def test_all_is_denied_but_ones_own_and_looking_at_the_sample(
    visitor: str, action: Action, owner: str
) -> None:
    own = visitor == owner and owner != SAMPLE
    sample = owner == SAMPLE and action == "see"
    assert allowed(Visitor(visitor), action, owner) == (own or sample)


@pytest.mark.parametrize("visitor", WORKSPACES)
def test_an_action_that_nobody_thought_of_is_denied_to_strangers(visitor: str) -> None:
    unknown: Action = "sell"  # type: ignore[assignment]
    assert not allowed(Visitor(visitor), unknown, SAMPLE)
    assert not allowed(Visitor(visitor), unknown, "carl")


def test_all_owners_have_to_allow_it() -> None:
    ann = Visitor("ann")
    require(ann, "see", "ann", SAMPLE, what="This picture")
    for owners in (["ann", "bob"], ["bob"], []):
        with pytest.raises(Problem, match="This picture belongs to another workspace"):
            require(ann, "see", *owners, what="This picture")
