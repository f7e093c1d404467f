"""One computation for everybody who asks at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ctdenoise.ui.caching import once


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
