"""The lessons that ship: every one is whole, short, affordable, and true of the sample's pixels."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ctdenoise.config.config import Config
from ctdenoise.config.limits import guessed_seconds, refuse_unaffordable
from ctdenoise.lessons import recipe
from ctdenoise.lessons.model import Choice, Click, Lesson, Slider, Step, Sweep, Train, Viewer
from ctdenoise.lessons.reading import LESSONS, read
from ctdenoise.scans.sample import SERIES, sample_scans
from ctdenoise.scans.scan import Scan
from ctdenoise.ui import menu
from ctdenoise.units import HuImage, upright

NAMES = ("article", "loss-by-eye")
FORBIDDEN = (
    "!", "obviously", "of course", "simply", "just ", "trivial", "clearly,", "powerful", "magic",
    "state of the art", "leverage", "CNN", "hyperparameter", "ground truth", "tensor",
)  # fmt: skip
WORDS_A_MINUTE, MINUTES_A_QUESTION = 180, 0.4
CLASS_MINUTES = 5
"""What a class gives a run at first."""


def lesson_of(name: str) -> Lesson:
    found = read(LESSONS / name, tuple(menu.ICONS))
    assert found.lesson, "\n".join(map(str, found.mistakes))
    return found.lesson


@pytest.fixture(scope="module", params=NAMES)
def lesson(request: pytest.FixtureRequest) -> Lesson:
    return lesson_of(request.param)


@pytest.fixture(scope="module")
def scans() -> list[Scan]:
    return sample_scans()


def texts(lesson: Lesson) -> Iterator[str]:
    """Everything that people read."""
    yield lesson.summary
    for step in lesson.steps.values():
        yield step.text
        if step.reveal:
            yield step.reveal.text
    for _, ask in lesson.asked():
        yield ask.question
        if isinstance(ask, Choice):
            yield from ask.options


def sentences(text: str) -> int:
    return len(re.findall(r"[.?](?=\s|$)", text))


def words(step: Step) -> int:
    told = f"{step.text} {step.reveal.text if step.reveal else ''}"
    if step.ask:
        told += f" {step.ask.question}"
        told += " ".join(step.ask.options) if isinstance(step.ask, Choice) else ""
    return len(told.split())


def configs(lesson: Lesson) -> dict[str, list[Config]]:
    """What each step trains."""
    found = {}
    for id, step in lesson.steps.items():
        if isinstance(step.show, Train):
            found[id] = [recipe.config(step.show)]
        elif isinstance(step.show, Sweep):
            found[id] = [config for _, config in recipe.cells(step.show)[1]]
    return found


def viewers(lesson: Lesson) -> Iterator[Viewer]:
    for step in lesson.steps.values():
        shown = [step.show, *([step.reveal.show] if step.reveal else [])]
        yield from (show for show in shown if isinstance(show, Viewer))
    for each in lesson.concepts:
        shown = [each.show_before, each.show_after]
        yield from (show for show in shown if isinstance(show, Viewer))


def test_all_shipped_lessons_are_tested_here() -> None:
    assert {path.parent.name for path in LESSONS.glob("*/lesson.yaml")} == set(NAMES)


def test_every_step_asks_before_it_tells(lesson: Lesson) -> None:
    for id, step in lesson.steps.items():
        assert step.ask, id
        assert step.reveal and len(step.reveal.text.split()) >= 15, id


def test_texts_are_short_and_plain(lesson: Lesson) -> None:
    for id, step in lesson.steps.items():
        assert sentences(step.text) <= 3, id
        assert step.reveal and sentences(step.reveal.text) <= 4, id
        assert len(step.text.split()) <= 60 and len(step.reveal.text.split()) <= 75, id
    for text in texts(lesson):
        assert not [word for word in FORBIDDEN if word in f"{text} "], text


def test_chapters_last_as_long_as_they_say(lesson: Lesson) -> None:
    for chapter in lesson.chapters:
        assert 2 <= chapter.minutes <= 6
        needed = sum(words(s) / WORDS_A_MINUTE + MINUTES_A_QUESTION for s in chapter.steps)
        assert needed <= chapter.minutes + 0.5, (chapter.id, needed)


def test_runs_are_affordable_to_a_class(lesson: Lesson) -> None:
    for each in (config for group in configs(lesson).values() for config in group):
        refuse_unaffordable(each, CLASS_MINUTES * 60)
        assert each.device == "auto" and not each.loss.downloads()
        assert guessed_seconds(each) <= 60
    assert sum(guessed_seconds(c) for group in configs(lesson).values() for c in group) <= 120


def test_no_question_gives_its_answer_away_by_place_or_length(lesson: Lesson) -> None:
    right = [ask.right for _, ask in lesson.asked() if isinstance(ask, Choice) and ask.right]
    assert max(right.count(place) for place in set(right)) <= 0.5 * len(right)
    longest = [
        len(ask.options[ask.right - 1]) == max(map(len, ask.options))
        for _, ask in lesson.asked()
        if isinstance(ask, Choice) and ask.right
    ]
    assert sum(longest) <= 0.6 * len(longest)


def test_a_slider_left_alone_is_not_right(lesson: Lesson) -> None:
    for key, ask in lesson.asked():
        if isinstance(ask, Slider) and ask.right is not None:
            assert abs((ask.low + ask.high) / 2 - ask.right) > ask.within, key


def test_slices_are_named_exactly(lesson: Lesson, scans: list[Scan]) -> None:
    for show in viewers(lesson):
        if show.scan == "own":
            continue
        number = int(show.scan.removeprefix("sample-"))
        assert 1 <= number <= len(SERIES)
        frames = show.slice * (len(scans[number - 1].values) - 1)
        assert abs(frames - round(frames)) < 0.01, (show.scan, show.slice)


def test_the_first_step_of_the_article_trains_at_once() -> None:
    lesson = lesson_of("article")
    first = next(iter(lesson.steps.values()))
    assert isinstance(first.show, Train) and first.show.control is None
    assert guessed_seconds(recipe.config(first.show)) < 15


def test_the_article_lasts_and_asks_as_planned() -> None:
    lesson = lesson_of("article")
    assert 45 <= sum(chapter.minutes for chapter in lesson.chapters) <= 55
    assert all(chapter.minutes >= 3 for chapter in lesson.chapters)
    kinds = {ask.kind for _, ask in lesson.asked()}
    assert kinds == {"choice", "slider", "click", "text"}
    assert len(lesson.concepts) == 8
    for each in lesson.concepts:
        assert each.before.question != each.after.question
    assert sum(chapter.minutes for chapter in lesson_of("loss-by-eye").chapters) == 20


def slice_of(scans: list[Scan], show: Viewer) -> HuImage:
    """The full dose that a viewer begins with, as it is displayed."""
    scan = scans[int(show.scan.removeprefix("sample-")) - 1]
    return upright(scan.values[round(show.slice * (len(scan.values) - 1))], scan.orientation)


def around(image: HuImage, place: tuple[float, float], half: int) -> HuImage:
    row, column = (int(share * side) for share, side in zip(place, image.shape, strict=True))
    return image[row - half : row + half + 1, column - half : column + half + 1]


def test_clicks_lie_on_what_they_ask_for(scans: list[Scan]) -> None:
    lesson = lesson_of("article")
    clicks = {
        id: (step.ask, slice_of(scans, step.show))
        for id, step in lesson.steps.items()
        if isinstance(step.ask, Click) and isinstance(step.show, Viewer)
    }
    assert set(clicks) == {"where-is-noise", "lung-window", "vessels"}

    ask, image = clicks["where-is-noise"]
    assert ask.right and around(image, ask.right, 20).mean() > -100  # in the body
    sideways = np.clip(image + 1000, 0, None).sum(axis=1)  # what X-rays from the side pass
    assert abs(sideways.argmax() / len(sideways) - ask.right[0]) < 0.06

    ask, image = clicks["lung-window"]
    assert ask.right and 0 < around(image, ask.right, 2).mean() < 60  # soft tissue
    ring = around(image, ask.right, int(ask.within * len(image)))
    assert np.median(ring) < -700  # in the lung

    ask, image = clicks["vessels"]
    assert ask.right is None  # there are many
    spot = (0.421, 0.4415)  # the one that is told of
    near = np.median(around(image, spot, 8))
    assert around(image, spot, 1).mean() - near > 100


@pytest.mark.parametrize(
    ("number", "frame", "box", "sd", "told"),
    [
        (1, 4, (0.52, 0.58, 0.26, 0.34), 14, "it is 14 HU at full dose"),
        (2, 0, (0.42, 0.50, 0.20, 0.30), 15, "full dose has 15 HU"),
        (3, 4, (0.30, 0.45, 0.10, 0.22), 18, "noise SD is 18 HU at full dose"),
    ],
)
def test_noise_at_full_dose_is_as_told(
    scans: list[Scan], number: int, frame: int, box: tuple[float, ...], sd: int, told: str
) -> None:
    scan = scans[number - 1]
    image = upright(scan.values[frame], scan.orientation)
    top, bottom, left, right = (int(share * 512) for share in box)
    assert round(float(image[top:bottom, left:right].std())) == sd
    assert any(told in text for text in texts(lesson_of("article")))


def test_a_lesson_of_a_teacher_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    copy = tmp_path / "article"
    copy.mkdir()
    text = (LESSONS / "article" / "lesson.yaml").read_text("utf-8")
    (copy / "lesson.yaml").write_text(text.replace("language: en", "language: de"), "utf-8")
    changed = read(copy, tuple(menu.ICONS)).lesson
    assert changed and changed.language == "de"
