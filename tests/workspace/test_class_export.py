"""What a teacher takes home: every answer in words, with names or without, and nothing that a
browser or a spreadsheet would run."""

import csv
import io
import re
import zipfile

import pytest
from classroom import write_lesson

from ctdenoise.config import events
from ctdenoise.config.config import Config
from ctdenoise.lessons.model import Choice
from ctdenoise.settings import settings
from ctdenoise.workspace import answers, classes, votes
from ctdenoise.workspace.class_export import archive
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.runs import create_run

pytestmark = pytest.mark.usefixtures("store")
OWN = Choice(kind="choice", question="Louder <script>?", options=("Yes", "No"))


@pytest.fixture
def lesson(store: str) -> Class:
    made, _ = classes.create("tess", "Residents", write_lesson(settings().home))
    ann = classes.join(made, "ann", "=HYPERLINK(1)")
    classes.join(made, "bob", "Bob <i>")
    answers.go_to("ann", "short", "second")
    for who, step, value in (
        ("ann", "first", 2), ("ann", "first", 1), ("bob", "second", 44.0), ("bob", "third", "<b>"),
        ("carl", "first", 1),
    ):  # fmt: skip
        answers.add(who, "short", step, value, class_id=made.id)
    vote = votes.put(made.id, OWN)
    votes.cast(classes.find(made.id), ann, vote.key, 1, 1)
    votes.change(made.id, round=2)
    votes.cast(classes.find(made.id), ann, vote.key, 2, 2)
    run = create_run("bob", "Bob's run", Config(layers=3), [("sample", "0" * 12)])
    epoch = events.Epoch(
        time=1.0, epoch=2, step=9, train_seconds=3.25, terms={}, validation_mse=7.0, low_mse=9.0,
        metrics={"psnr": 31.5}, image="x.tif", seconds_left=None,
    )  # fmt: skip
    (run.folder / events.NAME).write_text(epoch.model_dump_json() + "\n")
    return classes.find(made.id)


def files(found: Class, *, named: bool) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive(found, named=named))) as bundle:
        return {name: bundle.read(name).decode("utf-8-sig") for name in bundle.namelist()}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_answer_is_there_in_words_and_in_order(lesson: Class) -> None:
    packed = files(lesson, named=True)
    assert list(packed) == ["answers.csv", "places.csv", "runs.csv", "report.html"]
    told = [
        (row["Nickname"], row["Step"], row["Round"], row["Question"], row["Answer"], row["Right"])
        for row in rows(packed["answers.csv"])
    ]
    ann, key = "'=HYPERLINK(1)", votes.every(lesson)[0].key
    assert told == [
        (ann, "first", "", "Which is less?", "Dose", "no"),
        (ann, "first", "", "Which is less?", "Noise", "yes"),
        ("Bob <i>", "second", "", "How much?", "44 HU", "yes"),
        ("Bob <i>", "third", "", "Why? <b>", "<b>", ""),
        (ann, key, "1", "Louder <script>?", "Yes", ""),
        (ann, key, "2", "Louder <script>?", "No", ""),
    ]
    moment = rows(packed["answers.csv"])[0]["Time (UTC)"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", moment)
    assert [(r["Nickname"], r["Step"]) for r in rows(packed["places.csv"])] == [(ann, "second")]
    (run,) = rows(packed["runs.csv"])
    assert run["Nickname"] == "Bob <i>" and (run["layers"], run["Epochs done"]) == ("3", "2")
    assert run["PSNR (dB)"] == "31.50" and run["loss.mse"]


def test_names_are_nowhere_where_they_are_not_wanted(lesson: Class) -> None:
    packed = files(lesson, named=False)
    for name, text in packed.items():
        assert "HYPERLINK" not in text and "Bob" not in text, name
    assert {row["Nickname"] for row in rows(packed["answers.csv"])} == {"Learner 1", "Learner 2"}
    assert "ann" not in packed["answers.csv"].split() and "carl" not in "".join(packed.values())


def test_the_report_needs_nothing_and_runs_nothing(lesson: Class) -> None:
    report = files(lesson, named=True)["report.html"]
    assert "<script" not in report and "default-src 'none'" in report
    assert not re.search(r"(src|href)=", report.replace("default-src", ""))
    assert "Louder &lt;script&gt;?" in report and "1 · 100%" in report and "&lt;b&gt;" in report
    assert "PSNR 31.50" in report


def test_a_class_whose_lesson_is_gone_is_exported_all_the_same(lesson: Class) -> None:
    (settings().home / "lessons" / "short" / "lesson.yaml").unlink()
    told = rows(files(lesson, named=True)["answers.csv"])
    assert len(told) == 6 and told[0]["Answer"] == "2" and told[0]["Question"] == ""


def test_a_class_of_nobody_is_exported(store: str) -> None:
    made, _ = classes.create("tess", "Empty", "article")
    assert "Nobody has answered anything" in files(made, named=False)["report.html"]
