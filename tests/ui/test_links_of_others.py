"""A link to what is another's: the page opens, shows nothing of it and takes nothing from it."""

from dataclasses import replace

import pytest
from apptest import WORKSPACE, OnTheSpot, opened
from streamlit.testing.v1 import AppTest

from ctdenoise.jobs import queue
from ctdenoise.jobs.kinds.denoise import start
from ctdenoise.lessons import reading
from ctdenoise.settings import settings
from ctdenoise.ui.classroom import own_run
from ctdenoise.ui.visitors import workspace_of
from ctdenoise.workspace import answers, classes, shares
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import Run, find_run, rename_run

STRANGER = workspace_of("0" * 32) or ""
NAME = "Unmistakable"

LINKS = {
    "Look": {"pair": "{pair}"},
    "Train": {"pair": "{pair}", "branch": "{run}:1"},
    "Watch": {"run": "{run}"},
    "Compare": {"run": "{run}", "pair": "{pair}"},
    "Denoise": {"result": "{result}"},
    "Sweep": {"sweep": "5eed"},
    "Map": {"run": "{run}"},
    "Features": {"pair": "{pair}"},
    "Dial": {"run": "{run}", "pair": "{pair}"},
    "Teach": {"code": "{code}", "class": "{code}", "key": "{key}"},
    "Class": {"class": "{lesson}"},
    "Learn": {"lesson": "loss-by-eye", "step": "{step}"},
    "Mistakes": {"mistake": "learning-rate"},
}


@pytest.fixture
def owned(
    trained: Run, pair: PairRecord, mine: Library, on_the_spot: OnTheSpot,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:  # fmt: skip
    """Ids of what belongs to another than the visitor, who has a pair, too."""
    named = mine.add_pair(replace(mine.pair(pair.id), name=NAME, patient=NAME))
    rename_run(trained.id, NAME)
    source = Source(owner=WORKSPACE, kind="pair", id=named.id)
    result = start(WORKSPACE, source, ClassicalFilter(name="gaussian", strength=1))
    Library(settings().workspaces / STRANGER).add_pair(replace(mine.pair(pair.id), name="Mine"))
    monkeypatch.setattr("ctdenoise.ui.session.workspace_of", lambda cookie: STRANGER)
    lesson, _ = classes.create(WORKSPACE, NAME, "loss-by-eye")
    classes.join(lesson, "a" * 32, NAME)
    taught = reading.lessons()["loss-by-eye"].lesson
    assert taught
    step = next(iter(taught.steps))
    answers.add(WORKSPACE, "loss-by-eye", step, NAME, class_id=lesson.id)
    answers.made(WORKSPACE, "loss-by-eye", step, trained.id)
    shares.add(lesson.id, WORKSPACE, NAME, [own_run.of(trained)])
    return {
        **{"pair": named.id, "run": trained.id, "result": result.record.id, "step": step},
        **{"code": lesson.code, "lesson": lesson.id, "key": lesson.key},
    }


def sent(app: AppTest) -> str:
    """All that the server sent to the browser."""
    tree = [app._tree]
    told = []
    while tree:
        node = tree.pop()
        told.append(str(getattr(node, "proto", "")))
        tree += getattr(node, "children", {}).values()
    return "\n".join(told)


@pytest.mark.parametrize("page", LINKS)
def test_a_link_to_what_is_anothers_shows_nothing_of_it(page: str, owned: dict[str, str]) -> None:
    before = queue.rows()
    app = opened(page, **{key: value.format(**owned) for key, value in LINKS[page].items()})
    told = sent(app)
    assert len(told) > 100 and NAME not in told and WORKSPACE not in told
    assert not [job for job in queue.rows() if job.workspace == WORKSPACE and job not in before]
    assert find_run(owned["run"]).name == NAME


def test_its_owner_is_shown_it(owned: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a page which shows nobody anything is not taken for a careful one."""
    monkeypatch.setattr("ctdenoise.ui.session.workspace_of", lambda cookie: WORKSPACE)
    for page in ("Watch", "Look", "Denoise", "Compare"):
        link = {key: value.format(**owned) for key, value in LINKS[page].items()}
        assert NAME in sent(opened(page, **link)), page
