"""Every example of docs/teaching.md is a lesson, or a part of one, without a mistake."""

import re
from pathlib import Path
from textwrap import indent

import pytest

from ctdenoise.lessons.model import Image, Lesson
from ctdenoise.lessons.reading import LESSONS, read
from ctdenoise.settings import ROOT

TEXT = (ROOT / "docs" / "teaching.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
STEPS = [block for block in BLOCKS if block.startswith("- id:")]
TESTS = [block for block in BLOCKS if block.startswith("concepts:")]
WHOLE = [block for block in BLOCKS if block.startswith("title:")]
HEAD = """\
title: All examples
summary: In the order of the page.
chapters:
  - id: examples
    title: Examples
    minutes: 5
    steps:
"""


def lesson_of(folder: Path, text: str) -> Lesson:
    (folder / "lesson.yaml").write_text(text, encoding="utf-8")
    (folder / "phantom.png").touch()
    found = read(folder, ("Compare",))
    assert found.lesson, "\n".join(map(str, found.mistakes))
    return found.lesson


def test_every_example_is_one_of_three_kinds() -> None:
    assert len(WHOLE) + len(TESTS) + len(STEPS) == len(BLOCKS)
    assert len(WHOLE) == len(TESTS) == 1


def test_the_small_lesson_is_a_lesson(tmp_path: Path) -> None:
    assert lesson_of(tmp_path, WHOLE[0]).title == "Noise in one chapter"


def test_the_steps_and_the_test_make_a_lesson(tmp_path: Path) -> None:
    lesson = lesson_of(tmp_path, HEAD + indent("".join(STEPS), " " * 6) + TESTS[0])
    shown = {step.show.element for step in lesson.steps.values() if step.show}
    asked = {step.ask.kind for step in lesson.steps.values() if step.ask}
    assert shown == {"viewer", "train", "run", "figure", "sweep", "page", "image"}
    assert asked == {"choice", "slider", "click", "text"}
    assert any(isinstance(step.show, Image) for step in lesson.steps.values())
    assert len(lesson.concepts) == 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("minutes: 5", "minuets: 5"),
        ("element: train", "element: trian"),
        ("right: 2", "right: 7"),
        ("window: bone", "window: bones"),
    ],
)
def test_mistakes_read_as_the_page_says(tmp_path: Path, right: str, wrong: str) -> None:
    good = (LESSONS / "article" / "lesson.yaml").read_text("utf-8")
    assert right in good
    (tmp_path / "lesson.yaml").write_text(good.replace(right, wrong, 1), encoding="utf-8")
    told = str(read(tmp_path).mistakes[0])
    sentence = re.sub(r"^.*, line \d+, ", "", told)
    assert sentence in TEXT


def test_the_steps_that_a_slow_server_keeps_are_in_the_lesson() -> None:
    lesson = read(LESSONS / "article").lesson
    assert lesson
    named = set(re.findall(r"\*([^*]+)\*", TEXT[TEXT.index("Ask the class to train only") :])[:3])
    assert named <= {getattr(step.show, "name", "") for step in lesson.steps.values()}
    questions = {ask.question for _, ask in lesson.asked()}
    plan = TEXT[: TEXT.index("**To vote, discuss")]
    for question in re.findall(r"\*([^*\n]+\?)\*", plan):
        assert question in questions
