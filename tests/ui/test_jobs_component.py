"""How a job stands, whatever its kind: shown, stopped and retried by one component."""

import pytest
from apptest import WORKSPACE, OnTheSpot, labelled
from streamlit.testing.v1 import AppTest

from ctdenoise.jobs import queue
from ctdenoise.jobs.kind import KINDS, Arguments
from ctdenoise.ui.components import jobs
from ctdenoise.workspace.database import Job, State

KEPT = [kind.name for kind in KINDS.values() if kind.kept]
each_kind = pytest.mark.parametrize("kind", KEPT)


def page() -> None:
    import streamlit as st

    from ctdenoise.jobs import queue
    from ctdenoise.ui.components import jobs

    jobs.follow(queue.job(st.query_params["job"]))


def shown(job: Job) -> AppTest:
    app = AppTest.from_function(page, default_timeout=30)
    app.query_params["job"] = job.id
    app.run()
    assert not app.exception, app.exception
    return app


def added(kind: str, state: State, workspace: str = WORKSPACE) -> Job:
    """A job as it stands in that state."""
    job = queue.add(KINDS[kind], Arguments(), workspace)
    if state == "queued":
        return job
    held = queue.take(job.id, "test")
    assert held
    queue.beat(held, 0.25, "A quarter is done")
    if state != "running":
        queue.end(held, state, 0.25, f"It {state}: so it is.")
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
    assert app.info[0].value == "Stopped before its turn came." and buttons(app) == ["Try again"]


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
    kind: str, state: State, on_the_spot: OnTheSpot
) -> None:
    job = added(kind, state)
    app = shown(job)
    (told,) = app.error if state == "failed" else app.info
    assert told.value == f"It {state}: so it is."
    assert buttons(app) == ["Try again"]
    app.button[0].click().run()
    assert (queue.job(job.id).state, on_the_spot.launched) == ("queued", [job.id])
    assert buttons(app) == ["Stop"]


@each_kind
def test_one_that_finished_has_no_button(kind: str) -> None:
    app = shown(added(kind, "finished"))
    assert app.success[0].value == "It finished: so it is." and not app.button


@pytest.mark.parametrize("state", ["queued", "running", "stopped"])
def test_nobody_elses_can_be_stopped_or_started(state: State) -> None:
    job = added("simulate", state, "somebodyelse")
    app = shown(job)
    app.button[0].click().run()
    (toast,) = app.toast
    assert toast.value.startswith("This job belongs to another workspace")
    assert queue.job(job.id) == job


def test_a_queue_of_several_is_counted() -> None:
    waiting = [added("simulate", "queued") for _ in range(3)]
    ahead = {jobs.waiting(job) for job in waiting}
    assert ahead == {
        "Next in line.", "Waiting: 1 job before yours.", "Waiting: 2 jobs before yours.",
    }  # fmt: skip
    added("train", "running")
    assert jobs.waiting(added("train", "queued")) == "Waiting: 1 run before yours."


def test_what_was_interrupted_says_so() -> None:
    job = added("simulate", "running")
    queue.release("test")
    app = shown(job)
    assert app.get("progress")[0].proto.text == "Was interrupted and waits to go on."
    assert labelled(app.button, "Stop")


def test_one_that_is_removed_meanwhile_leaves_the_page_whole() -> None:
    job = added("simulate", "running")
    app = AppTest.from_function(page_of_those_there, default_timeout=30).run()
    assert buttons(app) == ["Stop"]
    queue.remove(job.id)
    app.run()
    assert not app.exception and not app.button


def page_of_those_there() -> None:
    from ctdenoise.jobs import queue
    from ctdenoise.ui.components import jobs

    for job in queue.jobs_of("local", "simulate"):
        jobs.follow(job)
