"""How a job stands, whatever its kind: shown, stopped and retried by one component."""

import pytest
from apptest import WORKSPACE, OnTheSpot, labelled
from streamlit.testing.v1 import AppTest
from waiting import SECONDS

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, permission, queue
from ctdenoise.jobs.kind import KINDS, Arguments
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.ui.components import jobs
from ctdenoise.workspace.database import Job, State

KEPT = [kind.name for kind in KINDS.values() if kind.kept_seconds]
# The component knows no kinds: one of each queue tells for all.
each_kind = pytest.mark.parametrize("kind", {KINDS[name].queue: name for name in KEPT}.values())


def page() -> None:
    import streamlit as st

    from ctdenoise.jobs import queue
    from ctdenoise.ui.components import jobs

    jobs.follow(queue.job(st.query_params["job"]))


def shown(job: Job) -> AppTest:
    app = AppTest.from_function(page, default_timeout=SECONDS)
    app.query_params["job"] = job.id
    app.run()
    assert not app.exception, app.exception
    return app


def added(kind: str, state: State, workspace: str = WORKSPACE) -> Job:
    """A job as it stands in that state."""
    job = queue.add(KINDS[kind], Arguments(), workspace)
    if state == "queued":
        return job
    held = leases.take(job.id, "test")
    assert held
    leases.beat(held, 0.25, "A quarter is done")
    if state != "running":
        leases.end(held, state, 0.25, f"It {state}: so it is.")
    return queue.job(job.id)


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.fixture(autouse=True)
def nothing_is_done(on_the_spot: OnTheSpot) -> None:
    on_the_spot.waiting |= set(KEPT)


def test_there_are_kinds_of_every_sort() -> None:
    assert {"train", "denoise", "export", "simulate", "download", "ingest", "sample"} <= set(KEPT)


@each_kind
def test_one_that_waits_is_stopped_at_once(kind: str) -> None:
    job = added(kind, "queued")
    app = shown(job)
    assert app.get("progress")[0].proto.text == "Next in line."
    assert buttons(app) == ["Stop"]
    app.button[0].click().run()
    assert queue.job(job.id).state == "stopped"
    assert app.info[0].value == "Stopped before its turn came."
    assert buttons(app) == ["Try again", "Dismiss"]


@each_kind
def test_one_that_runs_is_asked_to_stop(kind: str) -> None:
    job = added(kind, "running")
    app = shown(job)
    (bar,) = app.get("progress")
    assert (bar.proto.value, bar.proto.text) == (25, "A quarter is done")
    assert buttons(app) == ["Stop"]
    app.button[0].click().run()
    asked = queue.job(job.id)
    assert (asked.state, asked.wanted) == ("running", "stop")
    assert app.button[0].disabled  # it was heard


@each_kind
@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_one_that_did_not_finish_queues_again(
    kind: str, state: State, on_the_spot: OnTheSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permission, "refuse_foreign", lambda *asked: None)  # there is no run
    job = added(kind, state)
    app = shown(job)
    (told,) = app.error if state == "failed" else app.info
    assert told.value == f"It {state}: so it is."
    assert buttons(app) == ["Try again", "Dismiss"]
    app.button[0].click().run()
    assert (queue.job(job.id).state, on_the_spot.launched) == ("queued", [job.id])
    assert buttons(app) == ["Stop"]


@each_kind
def test_one_that_finished_is_told_until_it_is_dismissed(kind: str) -> None:
    app = shown(added(kind, "finished"))
    assert app.success[0].value == "It finished: so it is." and buttons(app) == ["Dismiss"]
    app.button[0].click().run()
    assert not app.success and not app.button and not app.exception


@pytest.mark.parametrize("state", ["queued", "running", "stopped"])
def test_nobody_elses_can_be_stopped_or_started(state: State) -> None:
    job = added("simulate", state, "somebodyelse")
    app = shown(job)
    app.button[0].click().run()
    (toast,) = app.toast
    assert toast.value.startswith("This job belongs to another workspace")
    assert queue.job(job.id) == job


def test_what_was_interrupted_says_so() -> None:
    job = added("simulate", "running")
    leases.release("test")
    app = shown(job)
    assert app.get("progress")[0].proto.text == "Was interrupted and waits to go on."
    assert labelled(app.button, "Stop")


def test_one_that_is_removed_meanwhile_leaves_the_page_whole() -> None:
    job = added("simulate", "running")
    app = AppTest.from_function(page_of_those_there, default_timeout=SECONDS).run()
    assert buttons(app) == ["Stop"]
    queue.remove(job.id)
    app.run()
    assert not app.exception and not app.button


def page_of_those_there() -> None:
    from apptest import WORKSPACE

    from ctdenoise.jobs import queue
    from ctdenoise.ui.components import jobs

    for job in queue.jobs_of(WORKSPACE, "simulate"):
        jobs.follow(job)


ASKED = Estimate(config=Config(filters=5))


def page_with_an_answer() -> None:
    import streamlit as st

    from ctdenoise.config.config import Config
    from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
    from ctdenoise.ui.components import jobs

    found = jobs.answer(ESTIMATE, Estimate(config=Config(filters=5)), st.query_params["owner"])
    st.text(f"Answer: {found and round(found)}")


def asking(owner: str = WORKSPACE) -> AppTest:
    app = AppTest.from_function(page_with_an_answer, default_timeout=SECONDS)
    app.query_params["owner"] = owner
    app.run()
    assert not app.exception, app.exception
    return app


def asked(owner: str = WORKSPACE) -> Job:
    return queue.add(ESTIMATE, ASKED, owner, subject=queue.digest(ASKED))


def test_an_answer_is_there_at_once_and_stays(on_the_spot: OnTheSpot) -> None:
    on_the_spot.waiting.clear()
    assert asking().text[0].value == "Answer: 75"
    on_the_spot.waiting.add(ESTIMATE.name)
    app = asking()  # as after a reload, or in another browser of the same person
    assert app.text[0].value == "Answer: 75" and not app.button
    assert not on_the_spot.launched


def test_what_does_not_move_says_why_and_for_how_long(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def since(seconds: float) -> None:
        monkeypatch.setattr(queue, "silent_seconds", lambda job: seconds)

    waits = queue.add(ESTIMATE, Estimate(config=Config()), WORKSPACE)
    behind = queue.add(ESTIMATE, Estimate(config=Config(layers=3)), "bob")
    since(14)
    assert jobs.stuck(waits) == jobs.stuck(behind) == ""
    since(90)
    assert jobs.stuck(waits).startswith("Next in line for 1 min 30 s: no worker is free")
    assert jobs.stuck(behind) == ""  # it waits for the other one, and is told so
    runs = leases.take(waits.id, "w")
    assert runs
    assert jobs.stuck(runs).startswith("Nothing has been heard of its worker for 1 min 30 s")
    monkeypatch.setattr(jobs, "FEW_BYTES", 2**70)
    assert jobs.stuck(runs) == (
        "Nothing has moved for 1 min 30 s: the disk is full. Free some space."
    )
    assert jobs.stuck(queue.stop(behind.id)) == ""


@pytest.mark.parametrize(("owner", "stops"), [(WORKSPACE, 1), ("sample", 0)])
def test_an_answer_that_takes_its_time_shows_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, owner: str, stops: int
) -> None:
    job = asked(owner)
    held = leases.take(job.id, "test")
    assert held
    seen: list[str] = []
    buttons: list[str] = []

    def show(job: Job) -> None:
        seen.append(job.state)
        if len(seen) == 2:
            leases.end(held, "finished", 1, "", 75.0)

    monkeypatch.setattr(jobs, "show", show)
    monkeypatch.setattr(jobs, "stop_button", lambda job, width: buttons.append(job.id))
    app = asking(owner)
    assert seen == ["running"] * 2 and buttons == [job.id] * stops
    assert app.text[0].value == "Answer: 75"


def test_an_answer_that_was_stopped_can_be_asked_for_again(on_the_spot: OnTheSpot) -> None:
    queue.stop(asked().id)
    app = asking()
    assert app.info[0].value == "Stopped before its turn came." and buttons(app) == ["Try again"]
    assert app.text[0].value == "Answer: None"
    on_the_spot.waiting.clear()
    app.button[0].click().run()
    assert app.text[0].value == "Answer: 75" and not app.button


def test_an_answer_that_failed_says_why(
    on_the_spot: OnTheSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_spot.waiting.clear()

    def fails(config: Config) -> float:
        raise Problem("Block 4 of VGG16", "cannot be had", "choose an earlier one")

    monkeypatch.setattr("ctdenoise.training.estimate.estimate_seconds", fails)
    app = asking()
    assert app.error[0].value == "Block 4 of VGG16 cannot be had: choose an earlier one."
    assert buttons(app) == ["Try again"] and app.text[0].value == "Answer: None"
