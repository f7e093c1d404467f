"""Registries: names, order, discovery, and what is said of an unknown name."""

from dataclasses import dataclass

import pytest

from ctdenoise.errors import Problem
from ctdenoise.registry import Registry


@dataclass(frozen=True)
class Thing:
    name: str
    rank: int = 0


def empty() -> Registry[Thing]:
    return Registry("thing", "email.mime")  # any package: its modules register nothing here


def test_entries_are_listed_by_rank_then_name() -> None:
    things = empty()
    for thing in (Thing("b", 1), Thing("c", 0), Thing("a", 1)):
        things.register(thing)
    assert list(things) == ["c", "a", "b"]
    assert things["a"] == Thing("a", 1) and len(things) == 3


def test_two_of_one_name_are_a_mistake() -> None:
    things = empty()
    things.register(Thing("a"))
    with pytest.raises(ValueError, match="thing 'a'"):
        things.register(Thing("a", 5))


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    things = empty()
    things.register(Thing("a"))
    with pytest.raises(Problem, match="The thing z does not exist: choose one of a"):
        things.find("z")
    with pytest.raises(KeyError):
        things["z"]


def test_what_is_added_for_a_while_goes_again_whatever_happens() -> None:
    things = empty()
    with pytest.raises(ZeroDivisionError), things.added(Thing("a")):
        assert "a" in things
        _ = 1 / 0
    assert "a" not in things
