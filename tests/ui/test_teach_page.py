"""The page Teach: a class is made, watched, asked, held up, ranked, ended and deleted, by its
teacher alone."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from apptest import OnTheSpot, labelled, opened
from pydantic import TypeAdapter
from seated import Who, somebody, write_lesson
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from ctdenoise.config.split import NAME, Split, split
from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.jobs.kinds.simulate import SIMULATE, Simulate
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.metrics.metric import METRICS
from ctdenoise.ui import addresses
from ctdenoise.ui.classroom import caring, making, presenting, ranking, sharing
from ctdenoise.workspace import answers, care, classes, shares, votes
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.database import database
from ctdenoise.workspace.library import outlined
from ctdenoise.workspace.runs import Run, create_run, runs_of
from ctdenoise.workspace.sample import sample_records

TESS, ANN, BOB = ("t" * 32, "a" * 32, "b" * 32)


@pytest.fixture(autouse=True)
def who(monkeypatch: pytest.MonkeyPatch, on_the_spot: OnTheSpot) -> Who:
    person = somebody(monkeypatch)
    person("tess")
    return person


@pytest.fixture
def lesson(home: Path) -> Class:
    """Two learners, who have begun."""
    made, _ = classes.create(TESS, "Residents", write_lesson(home))
    for workspace, name in ((ANN, "Ann <b>"), (BOB, "Bob")):
        classes.join(made, workspace, name)
    answers.go_to(ANN, "short", "second")
    for workspace, step, value in ((ANN, "first", 2), (ANN, "first", 1), (BOB, "first", 2)):
        answers.add(workspace, "short", step, value, class_id=made.id)
    return made


def view(app: AppTest, name: str) -> AppTest:
    app.segmented_control[0].set_value(name)
    app.run()
    assert not app.exception, app.exception
    return app


def html(app: AppTest) -> str:
    return " ".join(each.proto.body for each in app.get("html"))


def said(app: AppTest) -> str:
    elements = (*app.markdown, *app.error, *app.info, *app.warning, *app.caption, *app.title)
    return " | ".join(each.value for each in elements)


def test_a_class_is_made_with_its_limits_and_its_key_is_told_once(home: Path) -> None:
    write_lesson(home)
    app = opened("Teach")
    labelled(app.text_input, "Name of the class").set_value("Residents")
    labelled(app.selectbox, "Lesson").set_value("short")
    labelled(app.number_input, "Minutes a run").set_value(3)
    labelled(app.button, "Make the class").click()
    app.run()
    (made,) = classes.taught_by(TESS)
    assert (made.name, made.lesson, made.run_minutes) == ("Residents", "short", 3)
    shown = [each.value for each in app.code]
    assert any(each.endswith(f"/class?code={made.code}") for each in shown)
    (secret,) = [each for each in shown if "key=" in each]
    assert made.code in html(app)
    assert not any("key=" in each.value for each in opened("Teach").code)
    assert classes.teach(made.code, secret.partition("key=")[2], BOB) == made


def test_links_begin_as_the_browser_asked_behind_prefix_and_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, _ = classes.create(TESS, "Residents", "article")
    asked = SimpleNamespace(url="https://ct.example:8443/ct/teach?code=x")
    monkeypatch.setattr(making.st, "context", asked)
    monkeypatch.setattr(addresses, "prefix", lambda: "/ct")
    assert making.link(made) == f"https://ct.example:8443/ct/class?code={made.code}"
    assert not making.alone()
    for url in ("http://localhost:8501/teach", "http://127.0.0.1:8501/", "http://[::1]:8501/"):
        asked.url = url
        assert making.alone()


def test_a_teachers_link_makes_a_teacher_and_leaves_the_address(who: Who) -> None:
    made, key = classes.create(TESS, "Residents", "article")
    who("b")
    app = opened("Teach", code=made.code, key="0" * 32)
    assert "opens no class here" in said(app) and "key" not in app.query_params
    assert classes.taught_by(BOB) == []
    app = opened("Teach", code=made.code, key=key)
    assert classes.taught_by(BOB) == [made] and "key" not in app.query_params
    assert "Residents" in said(app)


def test_nobody_but_the_teacher_sees_or_changes_a_class(lesson: Class, who: Who) -> None:
    who("a")  # who learns in it
    app = opened("Teach", code=lesson.code)
    assert "Whom will you teach?" in said(app) and "Residents" not in said(app)
    person = classes.learners(lesson.id)[1]
    shares.add(lesson.id, BOB, "Bob's", [])
    (theirs,) = shares.of_class(lesson.id)
    for forbidden in (
        lambda: caring.pause(lesson, ANN),
        lambda: caring.resume(lesson, ANN),
        lambda: caring.reset(lesson, person, ANN),
        lambda: caring.remove(lesson, ANN, []),
        lambda: presenting.stop(lesson, ANN),
        lambda: sharing.withdraw(lesson, theirs, ANN),
        lambda: care.forget_lesson(lesson, person, ANN),
        lambda: care.delete_class(lesson, ANN),
    ):
        with pytest.raises(Problem, match="is for the teacher of the class alone"):
            forbidden()
    assert caring.clear(lesson, BOB) == 0 and shares.of_class(lesson.id) == [theirs]
    sharing.withdraw(lesson, theirs, BOB)
    assert shares.of_class(lesson.id) == []


def test_the_board_says_who_is_where_without_names_unless_they_are_wanted(lesson: Class) -> None:
    app = opened("Teach")
    board = html(app)
    assert "Learner 1" in board and "Bob" not in board + said(app)
    assert "Noise, 2 of 2" in board and "67% of the lesson" in board and "not begun" in board
    app.toggle(key="teach-names").set_value(True)
    app.run()
    assert "Ann &lt;b&gt;" in html(app) and "Bob" in html(app)


def test_answers_follow_the_class_and_count_each_person_once(lesson: Class) -> None:
    app = view(opened("Teach"), "Answers")
    assert "Which is less?" in said(app) and "2 learners of 2 answered" in said(app)
    assert html(app).count("1 · 50%") == 2 and "✓" not in html(app)
    assert "Bob" not in said(app)
    labelled(app.toggle, "Mark what is right").set_value(True)
    app.run()
    assert "✓ Noise" in html(app)
    answers.add(BOB, "short", "third", "[x](y) <i>", class_id=lesson.id)
    labelled(app.selectbox, "Question").set_value("third")
    app.run()
    assert "\\[x\\](y) \\<i\\>" in said(app)


def test_the_class_votes_twice_and_both_rounds_stand_side_by_side(lesson: Class) -> None:
    app = view(opened("Teach"), "Vote")
    labelled(app.text_input, "Or one of your own").set_value("Louder?")
    labelled(app.text_area, "Its answers, 2 to 6, one a line").set_value("Yes\n\n No ")
    labelled(app.button, "Ask this").click()
    app.run()
    current = votes.current(classes.find(lesson.id))
    assert current and current.ask.options == ("Yes", "No")
    for person, value in zip(classes.learners(lesson.id), (1, 2), strict=True):
        votes.cast(classes.find(lesson.id), person, current.key, 1, value)
    app = view(opened("Teach"), "Vote")
    assert 'class="bars"' not in html(app)  # a projector may show this page
    labelled(app.button, "Vote again").click()
    app.run()
    ann, _ = classes.learners(lesson.id)
    votes.cast(classes.find(lesson.id), ann, current.key, 2, 2)
    app = view(opened("Teach"), "Vote")
    labelled(app.button, "Show the bars to all").click()
    app.run()
    app = view(opened("Teach"), "Vote")
    assert html(app).count("1 · 50%") == 2 and html(app).count("1 · 100%") == 1
    labelled(app.button, "End the vote").click()
    app.run()
    assert votes.current(classes.find(lesson.id)) is None


def test_a_pause_and_a_cleared_queue_touch_the_learners_alone(
    lesson: Class, on_the_spot: OnTheSpot
) -> None:
    ids = {who: queue.add(TRAIN, Train(), who).id for who in (ANN, TESS, "c" * 32)}
    app = opened("Teach")
    labelled(app.button, "Pause all").click()
    app.run()
    assert classes.paused_people() == {ANN, BOB} and "paused" not in html(app).partition("Bob")[0]
    labelled(app.button, "Go on").click()
    app.run()
    assert classes.paused_people() == set() and on_the_spot.launched == [ids[ANN]]
    labelled(app.button, "Stop them all").click()
    app.run()
    states = {who: queue.job(id).state for who, id in ids.items()}
    assert states == {ANN: "stopped", TESS: "queued", "c" * 32: "queued"}


def test_a_reset_removes_what_was_done_in_the_lesson_and_nothing_else(
    lesson: Class, trained: Run
) -> None:
    own = create_run(ANN, "In the lesson", trained.config, [("sample", "0" * 12)])
    other = create_run(ANN, "Elsewhere", trained.config, [("sample", "0" * 12)])
    queue.add(TRAIN, Train(), ANN, id=own.id)
    answers.made(ANN, "short", "first", own.id)
    answers.made(BOB, "short", "first", trained.id)
    answers.add(ANN, "short", "first", 1, class_id="another")
    app = view(opened("Teach"), "The class")
    labelled(app.selectbox, "Learner").set_value(ANN)
    app.run()
    assert "1 run that they started there" in said(app)
    labelled(app.button, "Reset").click()
    app.run()
    assert [run.id for run in runs_of(ANN)] == [other.id] and not own.folder.exists()
    assert answers.place(ANN, "short") is None and answers.place(BOB, "short")
    assert {each.workspace for each in answers.of_class(lesson.id)} == {BOB}
    assert len(answers.of_class("another")) == 1
    labelled(app.selectbox, "Learner").set_value(BOB)
    app.run()
    labelled(app.button, "Remove").click()
    app.run()
    assert [each.workspace for each in classes.learners(lesson.id)] == [ANN]


def test_an_ended_class_is_deleted_only_by_its_name_typed(lesson: Class, trained: Run) -> None:
    run = create_run(ANN, "Mine", trained.config, [("sample", "0" * 12)])
    app = view(opened("Teach"), "The class")
    labelled(app.button, "End it").click()
    app.run()
    assert classes.find(lesson.id).ended is not None
    assert labelled(app.button, "Delete for good").disabled
    create_run(ANN, "Afterwards", trained.config, [("sample", "0" * 12)])
    app.run()
    assert "1 run of theirs" in said(app)
    labelled(app.text_input, "To confirm, type the name of the class").set_value("Residents")
    labelled(app.checkbox, "Their 1 run since they joined, too").check()
    app.run()
    labelled(app.button, "Delete for good").click()
    app.run()
    assert not app.exception
    with pytest.raises(Problem, match="does not exist"):
        classes.find(lesson.id)
    assert classes.members(lesson.id) == [] and answers.of_class(lesson.id) == []
    assert answers.places([ANN, BOB]) == [] and not run.folder.exists()
    assert runs_of(trained.workspace) and [run.name for run in runs_of(ANN)] == ["Afterwards"]


def test_thirty_learners_cost_no_more_questions_than_two(lesson: Class) -> None:
    def asked() -> int:
        count = [0]

        def more(*_: object) -> None:
            count[0] += 1

        event.listen(database(), "before_cursor_execute", more)
        opened("Teach")
        event.remove(database(), "before_cursor_execute", more)
        return count[0]

    queue.add(TRAIN, Train(), ANN)
    asked()
    before = asked()
    for number in range(28):
        workspace = f"{number:032x}"
        classes.join(lesson, workspace, f"Learner no. {number}")
        answers.go_to(workspace, "short", "first")
        queue.add(TRAIN, Train(), workspace)
    # Each look here finds nothing kept: the rows of all live jobs are read for every one of them.
    assert asked() <= before + 2


def test_the_board_tells_what_is_made_beside_runs(lesson: Class) -> None:
    asked = Simulate(scan="0" * 12, doses=(0.25,))
    queue.add(SIMULATE, asked, BOB)
    queue.add(SIMULATE, asked, "c" * 32)
    assert html(opened("Teach")).count("The low dose: waiting") == 1
    classes.change(lesson.id, paused=True)
    assert "The low dose: paused" in html(opened("Teach"))


def test_shared_runs_are_ranked_where_no_order_is_the_order(lesson: Class, trained: Run) -> None:
    assert ranking.shown_runs(lesson) == []
    shares.add(lesson.id, trained.workspace, "x", [f"run/{trained.workspace}/{trained.id}"])
    shares.add(lesson.id, ANN, "not Ann's", [f"run/{trained.workspace}/{trained.id}"])
    assert [run.id for run in ranking.shown_runs(lesson)] == [trained.id]
    psnr, ssim = METRICS["psnr"], METRICS["ssim"]
    figures = [{"psnr": 30.0, "ssim": 0.9}, {"psnr": 31.0, "ssim": 0.8}, {"psnr": None}]
    runs = [trained] * 3
    assert [value for _, value in ranking.order(psnr, runs, figures)] == [31.0, 30.0]
    assert "By PSNR the best is b, by SSIM it is a" in ranking.lesson(psnr, "ba", ssim, "ab")
    assert "same order" in ranking.lesson(psnr, "ab", ssim, "ab")
    assert "further down" in ranking.lesson(psnr, "abc", ssim, "acb")
    assert "Choose two metrics" in ranking.lesson(psnr, "ab", psnr, "ab")
    alike = [(trained, 31.0), (trained, 31.0), (trained, 30.0)]
    assert [rank for rank, *_ in ranking.places(psnr, alike)] == [1, 1, 3]


def test_the_ranking_is_on_a_patient_that_nobody_trained_on(
    lesson: Class, trained: Run, home: Path, made_sample: Path
) -> None:
    shutil.copytree(made_sample / "sample", home / "workspaces" / "sample", copy_function=os.link)
    place = ranking.unseen([trained])
    assert place and place.new and place.rows == (0, place.record.rows)
    first, *_ = sample_records(home / "workspaces")
    learned = replace(trained, pairs=(("sample", first.id),))
    other = ranking.unseen([learned])
    assert other and other.new and other.record.patient != first.patient
    everybody = [("sample", each.id) for each in sample_records(home / "workspaces")]
    division = split([outlined(*key) for key in everybody], 0)
    (trained.folder / NAME).write_bytes(TypeAdapter(Split).dump_json(division))
    kept = ranking.unseen([replace(trained, pairs=tuple(everybody))])
    tested = {(everybody[part.pair][1], i) for part in division.test for i in part.slices}
    assert kept and not kept.new and (kept.record.id, kept.index) in tested
    shares.add(lesson.id, trained.workspace, "x", [f"run/{trained.workspace}/{trained.id}"])
    classes.join(lesson, trained.workspace, "Carl")
    told = said(view(opened("Teach"), "Ranking"))
    assert "1\\. **Run 1**" in told and "Carl" not in told
    assert "a patient of whom no run has seen anything" in told
