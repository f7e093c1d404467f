"""Answers are kept, all of them; places tell how far somebody is."""

import pytest
from sqlalchemy import text

from ctdenoise.workspace import answers
from ctdenoise.workspace.database import transaction

pytestmark = pytest.mark.usefixtures("store")


def test_every_answer_stays_and_the_last_one_counts() -> None:
    for value in (1, 2, (0.25, 0.5), "noise", 0.5):
        answers.add("ann", "article", "noise", value, class_id="c")
    answers.add("ann", "article", "noise", 3, class_id="c", round=1)
    answers.add("bob", "article", "noise", 4, class_id="c")
    given = answers.of_person("ann", "article")
    assert [each.value for each in given] == [1, 2, (0.25, 0.5), "noise", 0.5, 3]
    newest = answers.newest(answers.of_class("c"))
    assert {key: each.value for key, each in newest.items()} == {
        ("ann", "noise", 0): 0.5,
        ("ann", "noise", 1): 3,
        ("bob", "noise", 0): 4,
    }
    assert answers.of_person("ann", "another") == [] == answers.of_class("d")


def test_a_place_remembers_what_was_made_on_the_way() -> None:
    assert answers.place("ann", "article") is None
    answers.go_to("ann", "article", "one")
    answers.made("ann", "article", "two", "abcdefabcdef")
    answers.go_to("ann", "article", "one")
    answers.made("ann", "article", "three", "123456123456")
    place = answers.place("ann", "article")
    assert place and place.step == "three"
    assert place.made == {"two": "abcdefabcdef", "three": "123456123456"}
    assert answers.place("bob", "article") is None


def test_what_is_damaged_hides_nothing_else() -> None:
    for value in (1, 2):
        answers.add("ann", "article", "noise", value)
    answers.made("ann", "article", "two", "abcdefabcdef")
    with transaction() as connection:
        connection.execute(text("UPDATE answers SET value = 'null' WHERE id = 1"))
        connection.execute(text("UPDATE places SET made = '7'"))
    assert [each.value for each in answers.of_person("ann", "article")] == [2]
    place = answers.place("ann", "article")
    assert place and place.step == "two" and place.made == {}


def test_an_answer_in_words_has_an_end() -> None:
    answers.add("ann", "small", "why", "because " * 1_000_000)
    (given,) = answers.of_person("ann", "small")
    assert isinstance(given.value, str) and len(given.value) == answers.MOST_LETTERS
