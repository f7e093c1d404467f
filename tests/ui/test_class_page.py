"""The page Class: coming in, coming back, voting, leaving; and what guessing leads to."""

import re

import pytest
from apptest import labelled, opened
from seated import Who, somebody
from streamlit.testing.v1 import AppTest

from ctdenoise.errors import Problem
from ctdenoise.lessons.model import Choice
from ctdenoise.ui.classroom import guesses
from ctdenoise.workspace import answers, classes, devices, votes
from ctdenoise.workspace.classes import Class

pytestmark = pytest.mark.usefixtures("on_the_spot")
ASK = Choice(kind="choice", question="Which is less?", options=("Noise", "Dose"), right=1)


@pytest.fixture(autouse=True)
def who(monkeypatch: pytest.MonkeyPatch) -> Who:
    return somebody(monkeypatch)


@pytest.fixture
def lesson(home: object) -> Class:
    return classes.create("tess", "Residents [A]", "article")[0]


def said(app: AppTest) -> str:
    elements = (*app.markdown, *app.error, *app.info, *app.success, *app.caption, *app.title)
    return " | ".join(each.value for each in elements)


def charts(app: AppTest) -> list[str]:
    return [each.proto.body for each in app.get("html") if 'class="bars"' in each.proto.body]


def joined(found: Class, name: str) -> AppTest:
    app = opened("Class", code=found.code.lower())
    labelled(app.text_input, "What may the class call you?").set_value(name)
    labelled(app.button, "Join").click()
    app.run()
    assert not app.exception
    return app


def test_a_link_and_a_nickname_are_all_it_takes(lesson: Class, who: Who) -> None:
    app = joined(lesson, "Ann")
    assert not app.error and "You are **Ann**" in said(app)
    assert [each.nickname for each in classes.learners(lesson.id)] == ["Ann"]
    who("b")
    app = joined(lesson, "ann")
    assert "is somebody else" in said(app)
    labelled(app.text_input, "What may the class call you?").set_value("Bob")
    labelled(app.button, "Join").click()
    app.run()
    assert "You are **Bob**" in said(app)
    assert "You are **Bob**" in said(opened("Class"))


def test_without_a_link_the_code_is_typed(lesson: Class) -> None:
    app = opened("Class")
    field = next(each for each in app.text_input if each.label.startswith("The code of your class"))
    field.set_value("ZZZZZZ")
    labelled(app.button, "Go on").click()
    app.run()
    assert "is no class's" in said(app)
    field = next(each for each in app.text_input if each.label.startswith("The code of your class"))
    field.set_value(f"{lesson.code[:3]} {lesson.code[3:]}")
    labelled(app.button, "Go on").click()
    app.run()
    assert "You are about to join" in said(app)


def test_who_guesses_is_stopped_and_then_even_a_right_code_is_not_tried(lesson: Class) -> None:
    for number in range(guesses.MOST["device"]):
        with pytest.raises(Problem, match="is no class's"), guesses.counted("d", str(number)):
            classes.by_code("ZZZZZZ")
    with pytest.raises(Problem, match="Too many codes"), guesses.counted("d", "x"):
        classes.by_code(lesson.code)
    for number in range(guesses.MOST["address"] - 0):
        with pytest.raises(Problem), guesses.counted(f"e{number}", "one"):
            classes.by_personal_code("AAAAAAAA")
    with pytest.raises(Problem, match="Too many codes"), guesses.counted("fresh", "one"):
        classes.teach(lesson.code, "", "ann")
    with guesses.counted("fresh", "other"):  # somebody else is not held up
        assert classes.by_code(lesson.code) == lesson


def test_guesses_are_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(guesses.MOST, "server", 1)
    with pytest.raises(ZeroDivisionError), guesses.counted("a", "a"):
        raise ZeroDivisionError  # no guess
    with pytest.raises(Problem, match="wrong"), guesses.counted("a", "a"):
        raise Problem("It", "is wrong", "mend it")
    with pytest.raises(Problem, match="Too many codes"), guesses.counted("b", "b"):
        pass
    monkeypatch.setattr(guesses, "SECONDS", 0.0)
    with guesses.counted("b", "b"):
        pass


def test_one_comes_back_on_another_device_and_leaves_it_as_it_was(lesson: Class, who: Who) -> None:
    app = joined(lesson, "Ann")
    labelled(app.button, "Make a personal code").click()
    app.run()
    code = re.search(r"## `(\w{4} \w{4})`", said(app))
    assert code
    who("b")
    app = opened("Class")
    field = next(each for each in app.text_input if each.label.startswith("Your personal code"))
    field.set_value(code[1])
    labelled(app.button, "Come back").click()
    app.run()
    assert "You are **Ann**" in said(app)
    assert devices.workspace_of("b" * 32) == "a" * 32
    labelled(app.button, "Leave it").click()
    app.run()
    assert devices.workspace_of("b" * 32) == "b" * 32
    assert "You are **Ann**" not in said(app)


def test_a_vote_is_seen_answered_and_its_bars_only_when_shown(lesson: Class, who: Who) -> None:
    joined(lesson, "Ann")
    vote = votes.put(lesson.id, ASK)
    app = opened("Class")
    assert "Which is less?" in said(app)
    app.radio[0].set_value(1)
    app.run()
    labelled(app.button, "Send my answer").click()
    app.run()
    assert "Your answer: Noise" in said(app) and not charts(app)
    votes.change(lesson.id, shown=True)
    app = opened("Class")
    assert "Your answer: Noise" in said(app) and charts(app)
    votes.change(lesson.id, round=2, shown=False)
    app = opened("Class")
    assert "Your answer" not in said(app).replace("Your answer ", "") and not charts(app)
    given = [(e.step, e.round, e.value, e.class_id) for e in answers.of_class(lesson.id)]
    assert given == [(vote.key, 1, 1, lesson.id)]
    votes.change(lesson.id, open=False)
    assert "Which is less?" not in said(opened("Class"))


@pytest.mark.parametrize("page", ["Learn", "Look", "Watch"])
def test_every_page_tells_of_a_vote_and_that_one_is_here(lesson: Class, page: str) -> None:
    ann = classes.join(lesson, "a" * 32, "Ann")
    votes.put(lesson.id, ASK)
    assert "Your teacher asks: **Which is less?**" in said(opened(page))
    assert classes.learners(lesson.id)[0].seen > ann.seen


def test_an_ended_class_is_told_to_who_was_in_it_and_to_who_has_its_code(
    lesson: Class, who: Who
) -> None:
    joined(lesson, "Ann")
    classes.end(lesson.id)
    assert "has ended. Your scans, runs and results stay yours." in said(opened("Class"))
    who("b")
    app = opened("Class", code=lesson.code)
    assert f"The class of the code {lesson.code} has ended" in said(app)
    assert "stay yours" not in said(app)


def test_a_pause_is_told_and_who_leaves_is_out(lesson: Class) -> None:
    app = joined(lesson, "Ann")
    classes.change(lesson.id, paused=True)
    app = opened("Class")
    assert "Your teacher has paused the class" in said(app)
    labelled(app.button, "Leave").click()
    app.run()
    assert classes.learners(lesson.id) == []
    assert "The code of your class" in " ".join(each.label for each in app.text_input)


def test_votes_are_cast_on_what_is_asked_now_alone(lesson: Class) -> None:
    ann = classes.join(lesson, "ann", "Ann")
    first = votes.put(lesson.id, ASK)
    second = votes.put(lesson.id, ASK)
    now = classes.find(lesson.id)
    assert [each.open for each in votes.every(now)] == [False, True]
    for key, round, value in (
        (first.key, 1, 1), (second.key, 2, 1), (second.key, 1, 3), (second.key, 1, True),
        (second.key, 1, "1"),
    ):  # fmt: skip
        with pytest.raises(Problem, match="This vote"):
            votes.cast(now, ann, key, round, value)
    votes.cast(now, ann, second.key, 1, 2)
    classes.end(lesson.id)
    assert votes.current(classes.find(lesson.id)) is None
    assert len(votes.every(classes.find(lesson.id))) == 2  # for the export
