"""The Learn page without a browser: what is asked, kept and told, and in which order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened
from streamlit.testing.v1 import AppTest

import lessons as written
from ctdenoise.errors import Problem
from ctdenoise.lessons import reading
from ctdenoise.lessons.model import Slider, Viewer
from ctdenoise.ui.lesson import clicks, elements, questions
from ctdenoise.ui.viewer import component
from ctdenoise.units import upright
from ctdenoise.workspace import answers, classes
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.runs import Run, runs_of

pytestmark = pytest.mark.usefixtures("on_the_spot")
REVEAL = "Fewer photons make the left one grainy."


@pytest.fixture(autouse=True)
def lesson(home: Path, monkeypatch: pytest.MonkeyPatch, pair: PairRecord) -> None:
    monkeypatch.setattr(reading, "LESSONS", home / "none")
    written.write(home)


def words(app: AppTest) -> str:
    return "\n".join(str(each.value) for each in [*app.markdown, *app.caption, *app.title])


def press(app: AppTest, label: str) -> AppTest:
    return labelled(app.button, label).click().run()


def step_of(app: AppTest) -> str:
    """The step that the address names."""
    said = app.query_params["step"]
    return said[-1] if isinstance(said, list) else said


def kept() -> list[tuple[str, Any]]:
    return [(each.step, each.value) for each in answers.of_person(WORKSPACE, "small")]


def test_a_lesson_is_begun_in_two_clicks_and_reveals_after_the_answer() -> None:
    app = opened("Learn")
    press(app, "Open")
    assert "What is noise?" in words(app) and "3 min" in words(app)
    press(app, "Begin at once")
    assert not app.exception
    assert "Both pictures show the same slice." in words(app) and REVEAL not in words(app)
    press(app, "Answer")  # nothing chosen
    assert REVEAL not in words(app) and kept() == []
    app.radio[0].set_value(2)
    press(app, "Answer")
    assert not app.exception
    assert REVEAL in words(app) and "Not quite" in words(app) and "The left one" in words(app)
    app.radio[0].set_value(1)
    press(app, "Change my answer")
    assert "Right:" in words(app) and "Your first answer was: The right one" in words(app)
    assert kept() == [("look", 2), ("look", 1)]
    press(app, "Change my answer")  # the same again is no other answer
    assert len(kept()) == 2
    press(app, "Next")
    assert step_of(app) == "where" and REVEAL not in words(app)


def test_who_comes_back_is_where_they_were_with_their_answers() -> None:
    app = opened("Learn", lesson="small", step="look")
    app.radio[0].set_value(1)
    press(app, "Answer")
    back = opened("Learn")
    assert step_of(back) == "look"
    assert REVEAL in words(back) and back.radio[0].value == 1
    place = answers.place(WORKSPACE, "small")
    assert place and place.step == "look"


def test_a_train_step_starts_an_ordinary_run_that_later_steps_show(
    on_the_spot: OnTheSpot,
) -> None:
    app = opened("Learn", lesson="small", step="learn")
    labelled(app.slider, "Layers").set_value(3).run()
    press(app, "Train")
    assert not app.exception
    (run,) = runs_of(WORKSPACE)
    assert run.name == "From the lesson" and on_the_spot.launched == [run.id]
    assert (run.config.layers, run.config.filters, run.config.epochs) == (3, 4, 2)
    place = answers.place(WORKSPACE, "small")
    assert place and place.made == {"learn": run.id} and place.step == "learn"
    assert not any(button.label == "Train" for button in app.button)
    watch = opened("Watch", run=run.id)
    assert watch.session_state["watch-run"] == run.id
    later = opened("Learn", lesson="small", step="after")
    assert "From the lesson is on its way" in later.info[0].value


def test_a_run_stands_beside_low_and_full_dose_with_its_figures(trained: Run) -> None:
    answers.made(WORKSPACE, "small", "learn", trained.id)
    app = opened("Learn", lesson="small", step="after")
    table = app.dataframe[0].value
    assert list(table["Image"]) == ["Low dose", "First run", "Full dose"]
    noise = list(table["Noise SD (HU)"])
    assert 30 < noise[0] < 50 and noise[1] != noise[0]
    assert list(table.columns) == ["Image", "Noise SD (HU)", "RMSE (HU)", "PSNR (dB)", "SSIM"]
    assert "small squares of soft tissue" in words(app)  # not in the organ that a reveal speaks of


def test_a_step_that_needs_a_run_leads_to_where_it_is_trained() -> None:
    app = opened("Learn", lesson="small", step="after")
    app.text_area[0].set_value("Nothing yet")
    press(app, "Answer")  # the reveal lacks the run as well, which is said once
    assert [button.label for button in app.button].count("To that step") == 1
    press(app, "To that step")
    assert step_of(app) == "learn"


def test_a_locked_database_is_told_and_what_was_typed_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = opened("Learn", lesson="small", step="after")

    def locked(*_: Any, **__: Any) -> None:
        raise Problem("The database", "is locked", "try again in a moment")

    monkeypatch.setattr(answers, "add", locked)
    app.text_area[0].set_value("Less *grain*")
    press(app, "Answer")
    assert not app.exception
    assert "The database is locked: try again in a moment." in app.error[0].value
    assert app.text_area[0].value == "Less *grain*" and "The noise is gone" not in words(app)
    monkeypatch.undo()


def test_words_of_the_learner_are_no_markup_and_belong_to_the_class() -> None:
    made, _ = classes.create("2" * 32, "Class", "small")
    classes.join(made, WORKSPACE, "Ada")
    app = opened("Learn", lesson="small", step="after")
    app.text_area[0].set_value("a *b* :red[c]")
    press(app, "Answer")
    assert "You answered: a \\*b\\* " in words(app) and "The noise is gone." in words(app)
    assert [each.value for each in answers.of_class(made.id)] == ["a *b* :red[c]"]


def test_a_reveal_that_cannot_be_drawn_loses_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("Learn", lesson="small", step="look")

    def broken(*_: Any) -> None:
        raise Problem("The picture", "is gone", "choose another scan")

    monkeypatch.setattr(elements, "_viewer", broken)
    app.radio[0].set_value(1)
    press(app, "Answer")
    assert "The picture is gone" in app.error[0].value and REVEAL in words(app)
    assert kept() == [("look", 1)]


def test_the_test_tells_nothing_before_the_second_one_is_answered() -> None:
    app = opened("Learn")
    press(app, "Open")
    press(app, "Begin with the questions")
    app.radio[0].set_value(2)
    press(app, "Next question")
    assert "Right" not in words(app)
    press(app, "Back")
    assert app.radio[0].value == 2
    press(app, "Next question")
    app.text_area[0].set_value("Dots")
    press(app, "Answer and finish")
    assert step_of(app) == "look" and len(kept()) == 2
    app = opened("Learn", lesson="small", step="the-end")
    assert "Less noise" not in words(app) and "told once you have answered" in words(app)
    press(app, "To the questions after the lesson")
    app.radio[0].set_value(1)
    press(app, "Next question")
    press(app, "Skip the test")
    told = words(app)
    assert "| More dose | :green[:material/check_circle: right] | :orange" in told
    assert "More noise |" in told and "| Grain | answered | :gray[not answered]" in told
    assert "**1 of 2** right before, **0** after." in told


def test_a_damaged_lesson_is_told_and_hides_no_other(home: Path) -> None:
    written.write(home, written.LESSON.replace("minutes: 3", "minutes: many"), "broken")
    app = opened("Learn")
    assert [button.label for button in app.button].count("Open") == 1
    assert "broken/lesson.yaml, line 6, has many for minutes" in app.error[0].value


def test_what_an_address_names_that_is_not_there_is_told() -> None:
    app = opened("Learn", lesson="other")
    assert "not here" in app.warning[0].value and labelled(app.button, "Open")
    app = opened("Learn", lesson="small", step="nowhere")
    assert labelled(app.button, "Begin at once")


def test_another_visitors_answers_and_runs_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("Learn", lesson="small", step="look")
    app.radio[0].set_value(1)
    press(app, "Answer")
    press(opened("Learn", lesson="small", step="learn"), "Train")
    (run,) = runs_of(WORKSPACE)
    monkeypatch.setattr("ctdenoise.ui.session.workspace_of", lambda cookie: "3" * 32)
    answers.made("3" * 32, "small", "learn", run.id)  # by whatever mistake
    other = opened("Learn", lesson="small", step="look")
    assert REVEAL not in words(other)
    other = opened("Learn", lesson="small", step="learn")
    assert labelled(other.button, "Train")


def test_places_are_those_of_the_picture_as_it_is_displayed() -> None:
    stored = [[0, 1, 2], [3, 4, 5]]
    for cosines in (None, [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, -1, 0], [0, 1, 0, 1, 0, 0]):
        shown = stored if cosines is None else upright(np.array(stored), cosines)
        rows, columns = len(shown), len(shown[0])
        for row in range(2):
            for column in range(3):
                place = clicks.displayed((row, column), (2, 3), cosines)
                assert shown[int(place[0] * rows)][int(place[1] * columns)] == stored[row][column]
                back = clicks.stored(place, (2, 3), cosines)
                assert back == pytest.approx((row, column), abs=1e-3)
        assert clicks.box((0.5, 0.5), 0.25, (2, 3), cosines) == pytest.approx((0.5, 0.75, 1, 1.5))


def test_a_lesson_may_name_the_viewers_own_tools() -> None:
    assert Viewer(element="viewer", panes=("low",), tools=component.TOOLS).tools == component.TOOLS


def test_words_that_were_typed_are_no_markup_though_the_question_is_another_by_now() -> None:
    asked = Slider(kind="slider", question="How much?", low=0, high=9, step=1, right=4)
    assert "\\[red\\]" in questions.told(asked, [5, ":red[red]"])
