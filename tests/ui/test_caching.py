"""One computation for everybody who asks at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ctdenoise.ui.caching import Newest, once


def test_a_class_that_asks_at_once_causes_one_computation() -> None:
    begun, go_on = threading.Event(), threading.Event()
    calls: list[int] = []

    @once(size=4)
    def square(number: int) -> int:
        calls.append(number)
        begun.set()
        assert go_on.wait(5)
        return number * number

    with ThreadPoolExecutor(8) as people:
        answers = [people.submit(square, 7) for _ in range(8)]
        assert begun.wait(5)
        go_on.set()
        assert [answer.result(5) for answer in answers] == [49] * 8
    assert calls == [7]


def test_the_least_recently_asked_is_forgotten() -> None:
    calls: list[int] = []

    @once(size=2)
    def same(number: int) -> int:
        calls.append(number)
        return number

    for number in (1, 2, 1, 3, 1, 2):
        assert same(number) == number
    assert calls == [1, 2, 3, 2]


def test_a_failure_is_told_and_tried_again() -> None:
    calls: list[int] = []

    @once(size=2)
    def fails_first(number: int) -> int:
        calls.append(number)
        if len(calls) == 1:
            raise ValueError("not yet")
        return number

    with pytest.raises(ValueError, match="not yet"):
        fails_first(5)
    assert fails_first(5) == 5


def test_what_depends_on_nothing_new_is_not_worked_out_again() -> None:
    made: list[str] = []
    kept: Newest[int] = Newest(size=2)

    def of(subject: str, depends: int) -> int:
        return kept.of(subject, depends, lambda: [made.append(subject), 10 * depends][1] or 0)

    assert [of("a", 1), of("b", 1), of("a", 1), of("a", 2), of("a", 2)] == [10, 10, 10, 20, 20]
    assert made == ["a", "b", "a"]
    assert [of("c", 1), of("a", 2), of("b", 1)] == [10, 20, 10]  # b was forgotten, a was not
    assert made == ["a", "b", "a", "c", "b"]
