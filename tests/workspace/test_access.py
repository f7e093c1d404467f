"""Who may do what: denied unless it is allowed, in one place."""

from itertools import product
from typing import get_args

import pytest

from ctdenoise.errors import Problem
from ctdenoise.workspace import classes, shares
from ctdenoise.workspace.access import Action, Thing, Visitor, allowed, require
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

pytestmark = pytest.mark.usefixtures("store")

WORKSPACES = ["ann", "bob", SAMPLE, "", "Ann", "ann/", "*"]
ACTIONS: tuple[Action, ...] = get_args(Action)


def thing(owner: str, kind: str = "run") -> Thing:
    return Thing(owner, kind, "0123456789ab")


def test_all_is_denied_but_ones_own_and_looking_at_the_sample() -> None:
    for visitor, action, owner in product(WORKSPACES, ACTIONS, WORKSPACES):
        own = visitor == owner and owner != SAMPLE
        sample = owner == SAMPLE and action == "see"
        assert allowed(Visitor(visitor), action, thing(owner)) == (own or sample)


@pytest.mark.parametrize("visitor", WORKSPACES)
def test_an_action_that_nobody_thought_of_is_denied_to_strangers(visitor: str) -> None:
    unknown: Action = "sell"  # type: ignore[assignment]
    assert not allowed(Visitor(visitor), unknown, thing(SAMPLE))
    assert not allowed(Visitor(visitor), unknown, thing("carl"))


def test_all_things_have_to_allow_it() -> None:
    ann = Visitor("ann")
    require(ann, "see", thing("ann"), thing(SAMPLE), what="This picture")
    for owners in (["ann", "bob"], ["bob"], []):
        with pytest.raises(Problem, match="This picture belongs to another workspace"):
            require(ann, "see", *map(thing, owners), what="This picture")


def test_a_class_sees_what_is_shown_to_it_while_it_goes_on_and_nothing_else() -> None:
    lesson, _ = classes.create("tess", "Residents", "article")
    other, _ = classes.create("tom", "Others", "article")
    for who in ("ann", "bob"):
        classes.join(lesson, who, who)
    classes.join(other, "carl", "carl")
    share = shares.add(lesson.id, "ann", "Mine", [str(thing("ann"))])
    for who in [*WORKSPACES, "tess", "tom", "carl"]:
        for kind in ("run", "pair"):
            seen = who == "ann" or (who in ("bob", "tess") and kind == "run")
            assert allowed(Visitor(who), "see", thing("ann", kind)) == seen, (who, kind)
        assert allowed(Visitor(who), "change", thing("ann")) == (who == "ann")
    shares.withdraw(share, "bob")  # which is not his
    assert allowed(Visitor("bob"), "see", thing("ann"))
    shares.withdraw(share, "ann")
    assert not allowed(Visitor("bob"), "see", thing("ann"))
    shares.add(lesson.id, "ann", "Mine", [str(thing("ann"))])
    classes.end(lesson.id)
    assert not allowed(Visitor("bob"), "see", thing("ann"))


def test_nobody_shows_what_is_anothers() -> None:
    lesson, _ = classes.create("tess", "Residents", "article")
    classes.join(lesson, "ann", "ann")
    shares.add(lesson.id, "ann", "Not mine", [str(thing("bob"))])
    for who in ("ann", "tess"):
        assert not allowed(Visitor(who), "see", thing("bob"))


def test_a_teacher_stops_jobs_of_the_own_learners_alone() -> None:
    lesson, _ = classes.create("tess", "Residents", "article")
    classes.join(lesson, "ann", "ann")
    for who in [*WORKSPACES, "tess"]:
        assert allowed(Visitor(who), "cancel", thing("ann", "job")) == (who in ("ann", "tess"))
    assert not allowed(Visitor("tess"), "cancel", thing("ann", "run"))
    assert not allowed(Visitor("tess"), "cancel", thing("bob", "job"))
    assert not allowed(Visitor("ann"), "cancel", thing("tess", "job"))
    classes.end(lesson.id)
    assert not allowed(Visitor("tess"), "cancel", thing("ann", "job"))


def test_a_class_is_seen_by_its_members_and_changed_by_its_teacher_alone() -> None:
    lesson, _ = classes.create("tess", "Residents", "article")
    classes.create("tom", "Others", "article")
    classes.join(lesson, "ann", "ann")
    of = Thing("", "class", lesson.id)
    for who in [*WORKSPACES, "tess", "tom"]:
        seen = who in ("ann", "tess")
        told = [allowed(Visitor(who), action, of) for action in ("see", "change", "cancel")]
        assert told == [seen, who == "tess", False], who
    with pytest.raises(Problem, match="This class is for the teacher of the class alone"):
        require(Visitor("ann"), "change", of, what="This class")
    classes.end(lesson.id)  # and can still be taken home and deleted
    assert allowed(Visitor("tess"), "change", of)
