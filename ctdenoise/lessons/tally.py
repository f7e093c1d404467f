"""Answers of many people to one question, counted: anonymous numbers, for bars and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from ctdenoise.lessons.model import Answer, Choice, Click, Slider, Written

BINS = 10
"""Bars of a slider's answers at most."""
Ask = Choice | Slider | Click | Written


@dataclass(frozen=True)
class Bar:
    """One bar: of how many people who answered this."""

    label: str
    count: int
    right: bool


def bars(ask: Choice | Slider, values: Sequence[Answer]) -> list[Bar]:
    """The bars of a question; answers that it cannot have are left out.

    >>> ask = Choice(kind="choice", question="?", options=("a", "b"), right=2)
    >>> [(bar.label, bar.count, bar.right) for bar in bars(ask, [2, 2, 1, 7])]
    [('a', 1, False), ('b', 2, True)]
    """
    if isinstance(ask, Choice):
        return [
            Bar(option, sum(1 for value in values if value == number), number == ask.right)
            for number, option in enumerate(ask.options, 1)
        ]

    def place(value: float) -> int:
        return round((value - ask.low) / ask.step)

    steps = max(place(ask.high), 1)
    wide = -(-(steps + 1) // BINS)
    at = [place(value) for value in numbers(values)]
    wanted = None if ask.right is None else place(ask.right)
    found = []
    for first in range(0, steps + 1, wide):
        last = min(first + wide - 1, steps)
        low, high = (ask.low + each * ask.step for each in (first, last))
        label = f"{low:g}" if first == last else f"{low:g} to {high:g}"
        count = sum(1 for each in at if first <= each <= last)
        right = wanted is not None and first <= wanted <= last
        found.append(Bar(f"{label} {ask.unit}".strip(), count, right))
    return found


def numbers(values: Sequence[Answer]) -> list[float]:
    """Those of some answers that are numbers."""
    return [float(value) for value in values if isinstance(value, int | float)]


def places(values: Sequence[Answer]) -> list[tuple[float, float]]:
    """Those of some answers that are places of a picture, (row, column) as shares of it."""
    return [
        (float(value[0]), float(value[1]))
        for value in values
        if isinstance(value, tuple) and len(value) == 2
    ]


def in_words(ask: Ask, value: Answer) -> str:
    """An answer as one reads it.

    >>> in_words(Choice(kind="choice", question="?", options=("less", "more")), 2)
    'more'
    """
    if isinstance(ask, Choice):
        if isinstance(value, int) and 1 <= value <= len(ask.options):
            return ask.options[value - 1]
        return "an option that is no longer there"
    if isinstance(ask, Slider) and isinstance(value, int | float):
        return f"{value:g} {ask.unit}".strip()
    if isinstance(ask, Click) and isinstance(value, tuple):
        row, column = value
        return f"{row:.0%} from the top, {column:.0%} from the left"
    return str(value)
