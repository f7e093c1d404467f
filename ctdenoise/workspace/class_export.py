"""Everything of a class to take home: one zip with its answers, places and runs as CSV, and a
report to read."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ctdenoise.config import events
from ctdenoise.config.config import Config, settings
from ctdenoise.exports import spreadsheets
from ctdenoise.exports.class_report import Question, Row, html
from ctdenoise.lessons import reading
from ctdenoise.lessons.model import Lesson, right
from ctdenoise.lessons.tally import Ask, in_words
from ctdenoise.metrics.metric import METRICS
from ctdenoise.workspace import answers, classes, votes
from ctdenoise.workspace.answers import Given
from ctdenoise.workspace.classes import Class, Member
from ctdenoise.workspace.runs import Run, runs_of_all


def lesson_of(found: Class) -> Lesson | None:
    """The lesson of a class; None where it is there no more, or has mistakes."""
    known = reading.lessons().get(found.lesson)
    return known.lesson if known else None


def questions(found: Class) -> dict[str, Ask]:
    """Every question of a class by the key of its answers: those of its lesson, then its votes."""
    lesson = lesson_of(found)
    asked: dict[str, Ask] = dict(lesson.asked()) if lesson else {}
    return asked | {vote.key: vote.ask for vote in votes.every(found)}


def names(people: Sequence[Member], shown: bool) -> dict[str, str]:
    """What learners are called, by workspace: by their nicknames or, where names are not to be
    seen, by numbers."""
    return {
        each.workspace: each.nickname if shown else f"Learner {number}"
        for number, each in enumerate(people, 1)
    }


def archive(found: Class, *, named: bool) -> bytes:
    """The zip; without names, learners are numbered in the order in which they came."""
    people = classes.learners(found.id)
    called = names(people, named)
    given = answers.of_class(found.id)
    asked, runs = questions(found), _runs(found, people)
    if not named:  # people call runs after themselves
        runs = [replace(run, name=f"Run {number}") for number, run in enumerate(runs, 1)]
    places = [each for each in answers.places(list(called)) if each.lesson == found.lesson]
    files = {
        "answers.csv": _csv(
            ["Nickname", "Lesson", "Step", "Round", "Question", "Answer", "Right", "Time (UTC)"],
            (_answered(each, called, asked) for each in given if each.workspace in called),
        ),
        "places.csv": _csv(
            ["Nickname", "Lesson", "Step", "Began (UTC)", "Last change (UTC)"],
            (
                [called[each.workspace], each.lesson, each.step, _time(each.created),
                 _time(each.changed)]
                for each in places
            ),
        ),
        "runs.csv": _csv(*_run_table(runs, called)),
        "report.html": html(
            title=found.name,
            made=f"Class of {_time(found.created)} UTC, {len(people)} learners.",
            questions=_questions(asked, given, set(called)),
            runs=_report_rows(runs, called),
            curves=_curves(runs, called),
        ),
    }  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return packed.getvalue()


def _runs(found: Class, people: Sequence[Member]) -> list[Run]:
    """What learners have trained while the class went on, first run first."""
    until = found.ended or float("inf")
    runs = runs_of_all([each.workspace for each in people])
    return [run for run in runs if found.created <= run.created <= until][::-1]


def _answered(each: Given, called: Mapping[str, str], asked: Mapping[str, Ask]) -> list[object]:
    ask = asked.get(each.step)
    correct = right(ask, each.value) if ask else None
    return [
        called[each.workspace],
        each.lesson,
        each.step,
        each.round or "",
        ask.question if ask else "",
        in_words(ask, each.value) if ask else str(each.value),
        "" if correct is None else "yes" if correct else "no",
        _time(each.created),
    ]


def _run_table(
    runs: Sequence[Run], called: Mapping[str, str]
) -> tuple[list[str], Iterable[list[object]]]:
    metrics = [metric for metric in METRICS.values() if "reference" in metric.needs]
    known = settings()
    head = ["Nickname", "Run", "State", "Began (UTC)", "Epochs done", "Training (s)",
            "Validation MSE", *(metric.heading("HU") for metric in metrics), *known]  # fmt: skip

    def row(run: Run) -> list[object]:
        last = _last(run)
        return [
            called[run.workspace],
            run.name,
            run.state,
            _time(run.created),
            last.epoch if last else "",
            f"{last.train_seconds:.1f}" if last else "",
            f"{last.validation_mse:.1f}" if last else "",
            *(metric.text(last.metrics.get(metric.name)) if last else "" for metric in metrics),
            *(_setting(run.config, name) for name in known),
        ]

    return head, map(row, runs)


def _setting(config: Config, name: str) -> object:
    value: object = config.model_dump()
    for part in name.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return value


def _last(run: Run) -> events.Epoch | None:
    epochs = [each for each in events.read(run.folder) if isinstance(each, events.Epoch)]
    return epochs[-1] if epochs else None


def _questions(
    asked: Mapping[str, Ask], given: Sequence[Given], people: set[str]
) -> list[Question]:
    """Every question that somebody answered, with each person's last answers by round."""
    last = [each for each in answers.newest(given).values() if each.workspace in people]
    found = []
    for key, ask in asked.items():
        mine = [each for each in last if each.step == key]
        rounds = [
            [each.value for each in mine if each.round == number]
            for number in sorted({each.round for each in mine})
        ]
        if rounds:
            found.append(Question(ask, rounds))
    return found


def _report_rows(runs: Sequence[Run], called: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for run in runs:
        last = _last(run)
        figures = last.metrics if last else {}
        told = [
            f"{metric.title} {metric.text(value)}"
            for metric in METRICS.values()
            if (value := figures.get(metric.name)) is not None
        ]
        rows.append((called[run.workspace], run.name, run.state, ", ".join(told)))
    return rows


def _curves(
    runs: Sequence[Run], called: Mapping[str, str]
) -> list[tuple[str, list[tuple[float, float]]]]:
    """PSNR after each epoch of each run."""
    found = []
    for run in runs:
        said = [each for each in events.read(run.folder) if isinstance(each, events.Epoch)]
        points = [(float(e.epoch), float(e.psnr)) for e in said if e.psnr is not None]
        if len(points) > 1:
            found.append((f"{called[run.workspace]}: {run.name}", points))
    return found


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """As spreadsheets read it."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(head)
    table.writerows(map(spreadsheets.row, rows))
    return "\ufeff" + text.getvalue()


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
