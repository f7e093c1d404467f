"""Answers, counted."""

from ctdenoise.lessons.model import Choice, Click, Slider, Written
from ctdenoise.lessons.tally import BINS, bars, in_words, places


def slider(low: float, high: float, step: float, right: float | None = None) -> Slider:
    return Slider(
        kind="slider", question="?", low=low, high=high, step=step, unit="HU", right=right
    )


def test_a_slider_of_few_steps_has_a_bar_for_each() -> None:
    found = bars(slider(0, 1, 0.25, right=0.5), [0.5, 0.5, 1, 0.26])
    assert [(bar.label, bar.count, bar.right) for bar in found] == [
        ("0 HU", 0, False), ("0.25 HU", 1, False), ("0.5 HU", 2, True), ("0.75 HU", 0, False),
        ("1 HU", 1, False),
    ]  # fmt: skip


def test_a_slider_of_many_steps_has_few_bars_which_hold_every_answer() -> None:
    values = list(range(101))
    found = bars(slider(0, 100, 1, right=40), values)
    assert len(found) <= BINS and sum(bar.count for bar in found) == 101
    assert [bar.label for bar in found if bar.right] == ["33 to 43 HU"]


def test_answers_of_another_kind_are_left_out() -> None:
    ask = Choice(kind="choice", question="?", options=("a", "b"))
    assert [bar.count for bar in bars(ask, ["1", (0.5, 0.5), 2])] == [0, 1]
    assert sum(bar.count for bar in bars(slider(0, 10, 1), ["3", (0.1, 0.2), 3])) == 1
    assert places([1, "x", (0.25, 0.5)]) == [(0.25, 0.5)]


def test_an_answer_in_words() -> None:
    click, written = Click(kind="click", question="?"), Written(kind="text", question="?")
    assert in_words(click, (0.25, 0.5)) == "25% from the top, 50% from the left"
    assert in_words(written, "so") == "so" and in_words(slider(0, 9, 1), 3.0) == "3 HU"
    assert in_words(Choice(kind="choice", question="?", options=("a", "b")), 9).startswith(
        "an option"
    )
