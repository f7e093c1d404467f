"""Lessons as files: what is read, and that every mistake is told with its line and its mend."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ctdenoise.cli import main
from ctdenoise.errors import Problem
from ctdenoise.lessons import reading, yaml_tree
from ctdenoise.lessons.model import Choice, Lesson, Train
from ctdenoise.lessons.recipe import config
from ctdenoise.settings import settings

SMALL = """\
title: A small lesson
summary: What noise is.
chapters:
  - id: noise
    title: Noise
    minutes: 3
    steps:
      - id: look
        text: Look at both.
        show:
          element: viewer
          panes: [low, full]
          window: bone
        ask:
          kind: choice
          question: Which has more noise?
          options:
            - Yes
            - "7"
          right: 1
        reveal:
          text: The left one.
      - id: learn
        text: Train.
        show:
          element: train
          name: First
          control: layers
          settings:
            epochs: 2
            loss: {vgg: 50}
      - id: seen
        text: See.
        show:
          element: run
          of: learn
"""


def lesson_in(folder: Path, text: str) -> Path:
    made = folder / "small"
    made.mkdir(parents=True, exist_ok=True)
    (made / "lesson.yaml").write_text(text, encoding="utf-8")
    return made


def read(folder: Path, text: str) -> reading.Found:
    return reading.read(lesson_in(folder, text), ["Watch"])


def lesson_of(found: reading.Found) -> Lesson:
    assert found.lesson, [str(each) for each in found.mistakes]
    return found.lesson


def test_a_lesson_is_read_with_yes_as_a_word(tmp_path: Path) -> None:
    steps = lesson_of(read(tmp_path, SMALL)).steps
    ask, train = steps["look"].ask, steps["learn"].show
    assert isinstance(ask, Choice) and ask.options == ("Yes", "7")
    assert isinstance(train, Train)
    made = config(train)
    assert (made.epochs, made.loss.vgg) == (2, 50)


MISTAKES = [
    # right, wrong, line (0 for what concerns the whole file), words
    ("title: A small lesson\n", "", 0, "lacks title", "add it"),
    ("minutes: 3", "minuets: 3", 6, "has minuets, which is not known", "write minutes"),
    ("minutes: 3", "minutes: soon", 6, "has soon for minutes where a number", "in digits"),
    ("minutes: 3", "minutes: 0", 6, "has 0 for minutes", "write more than 0"),
    ("id: look", "id: Look here", 8, "has Look here for id", "write small letters"),
    ("id: learn", "id: look", 0, "several parts with the id look", "correct it"),
    ("id: look", "id: the-end", 8, "no step may have the id the-end", "correct it"),
    ("[low, full]", "[low, fool]", 10, "there is no pane fool", "choose low, full"),
    ("[low, full]", "[low, network:x]", 10, "names the network x", "choose one of optimised"),
    ("[low, full]", "[difference, low]", 10, "needs the panes low and full", "correct it"),
    ("[low, full]", "[low, run:learn]", 0, "look needs the run of learn", "correct it"),
    ("[low, full]", "low", 12, "has low for panes where a list belongs", "hyphen"),
    ("window: bone", "window: bones", 10, "names the window bones", "soft tissue, bone, lung"),
    ("window: bone", "scan: sample-x", 13, "has sample-x for scan", "write own, sample-1"),
    ("window: bone", "tools: [hammer]", 13, "says hammer for tools", "choose window"),
    ("element: viewer", "element: video", 10, "says element video", "choose one of viewer"),
    ("          element: viewer\n", "", 10, "lacks element", "say of which element"),
    ("right: 1", "right: 3", 14, "right is 3, but there are 2 options", "correct it"),
    ("- Yes", '- "7"', 14, "two options read the same", "correct it"),
    ("- Yes", "- true", 18, "has true for options where text belongs", "put it in quotes"),
    ("        reveal:\n          text: The left one.\n", "", 8, "needs a reveal", "correct it"),
    ("text: The left one.", "text: The left one.\n          text: No.", 23, "says text a second"),
    ("text: The left one.", "text: Left: one", 22, "cannot be read from here on", "in quotes"),
    ("text: The left one.", "text: &a Left", 22, "uses an anchor", "write it out"),
    ("text: The left one.", "text: !!python/name:os.system x", 22, "uses a tag", "leave it out"),
    ("text: The left one.", "text: {a: {}}", 22, "has keys and values for text", "in quotes"),
    ("control: layers", "control: layer", 25, "names the control layer", "choose one of"),
    ("epochs: 2", "epoch: 2", 25, "the setting epoch does not exist", "choose one of"),
    ("epochs: 2", "epochs: -1", 25, "the setting epochs cannot be used", "correct it"),
    ("name: First", "name: First\n          preset: best", 25, "the preset best", "recommended"),
    ("element: run\n          of: learn", "element: page\n          page: Wach\n"
     "          label: To", 34, "names the page Wach", "choose one of Watch"),
    ("element: run\n          of: learn", "element: image\n          file: a.png\n"
     "          alt: A", 34, "names the file a.png, which is not in the folder", "copy it there"),
    ("element: run\n          of: learn", "element: image\n          file: ../a.png\n"
     "          alt: A", 36, "has ../a.png for file", "name a .png"),
    ("element: run\n          of: learn", "element: page\n          page: Watch",
     34, "lacks label", "add it"),
    ("element: run\n          of: learn", "element: sweep\n          over: taste\n"
     "          values: [1, 2]", 34, "the weight taste does not exist", "choose one of mse"),
]  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case[3])
def test_a_mistake_is_told_with_its_line_and_its_mend(case: tuple, tmp_path: Path) -> None:
    right, wrong, line, *words = case
    assert right in SMALL
    found = read(tmp_path, SMALL.replace(right, wrong, 1))
    assert found.lesson is None
    told = [str(each) for each in found.mistakes]
    (sentence,) = told
    place = f"small/lesson.yaml, line {line}, " if line else "small/lesson.yaml "
    assert sentence.startswith(place) and sentence.endswith(".")
    assert all(word in sentence for word in words), sentence
    assert sentence.count(": ") == 1, sentence


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    wrong = SMALL.replace("minutes: 3", "minutes: soon").replace("right: 1", "right: 9")
    assert len(read(tmp_path, wrong).mistakes) == 2


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (LAUGHS, "uses an anchor"),
        ("[" * 50, "is too deep"),
        ("[" * 10_000, "cannot be read"),
        ("- a\n" * 60_000, "too long"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("x" * 1_100_000, "is larger than"),
        ("just words", "where keys and values"),
        ("? [a, b]\n: c\n", "has a key that is no word"),
    ],
    ids=["empty", "laughs", "deep", "deeper", "long", "two", "large", "words", "key"],
)
def test_what_is_no_lesson_is_refused(text: str, words: str, tmp_path: Path) -> None:
    found = read(tmp_path, text)
    assert found.lesson is None and words in str(found.mistakes[0])


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    with pytest.raises(Problem, match="line 2, is not UTF-8 text: save the file as UTF-8"):
        yaml_tree.read("lesson.yaml", b"a: b\nc: \xff\n")


@given(some.text(alphabet=list("ab:-[]{}&*!|>#'\"\n \t?%@,\x00\x85é😀1.~")))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        yaml_tree.read("lesson.yaml", text.encode())
    except Problem as problem:
        assert re.fullmatch(r"lesson\.yaml.*: .*\.", str(problem), re.DOTALL)


def test_a_teachers_own_lesson_wins_and_a_damaged_one_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LESSONS", tmp_path / "shipped")
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    lesson_in(tmp_path / "shipped", SMALL)
    (tmp_path / "shipped" / "gallery").mkdir()
    lesson_in(tmp_path / "shipped", SMALL).rename(tmp_path / "shipped" / "other")
    lesson_in(tmp_path / "shipped", SMALL)
    lesson_in(tmp_path / "home" / "lessons", SMALL.replace("A small", "My own"))
    found = reading.lessons()
    assert {id: lesson_of(each).title for id, each in found.items()} == {
        "other": "A small lesson",
        "small": "My own lesson",
    }
    lesson_in(tmp_path / "home" / "lessons", "chapters: [")
    found = reading.lessons()
    assert found["small"].lesson is None and found["other"].lesson
    settings.cache_clear()


def test_the_command_tells_every_mistake_and_that_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(lesson_in(tmp_path, SMALL))
    assert main(["lesson", "check", folder]) == 0
    assert capsys.readouterr().out == "small is fine: 1 chapter, 3 steps.\n"
    lesson_in(tmp_path, SMALL.replace("minutes: 3", "minutes: soon"))
    assert main(["lesson", "check", folder]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("small/lesson.yaml, line 6, has soon for minutes")
    assert said.err == "small has 1 mistake: mend what is told above and check it again.\n"


def test_a_lesson_of_ones_own_is_checked_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    lesson_in(tmp_path / "home" / "lessons", SMALL)
    assert main(["lesson", "check", "small"]) == 0
    assert capsys.readouterr().out == "small is fine: 1 chapter, 3 steps.\n"
    settings.cache_clear()


def test_every_lesson_that_ships_is_without_a_mistake() -> None:
    from ctdenoise.ui import menu

    found = reading.lessons(tuple(menu.ICONS))
    assert [str(mistake) for each in found.values() for mistake in each.mistakes] == []
