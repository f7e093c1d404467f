"""A class that pauses: no job of its learners is begun, and all goes on where it was."""

import pytest

from ctdenoise.config.config import Config
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.workspace import classes
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.database import Job

pytestmark = pytest.mark.usefixtures("store")


def new(workspace: str) -> str:
    return queue.add(TRAIN, Train(), workspace).id


def claimed(name: str = "train") -> Job | None:
    return leases.claim(name, "w")


@pytest.fixture
def lesson(store: str) -> Class:
    made, _ = classes.create("tess", "Residents", "article")
    for who in ("ann", "bob"):
        classes.join(made, who, who)
    return made


def test_no_job_of_its_learners_is_begun_until_it_goes_on(lesson: Class) -> None:
    ann, tess, carl = new("ann"), new("tess"), new("carl")
    classes.change(lesson.id, paused=True)
    assert [each.id for each in queue.waiting("train")] == [tess, carl]
    assert {each.id for each in queue.contenders()} == {tess, carl}
    assert {each.id for each in queue.live()} == {ann, tess, carl}
    begun = [claimed(), claimed(), claimed()]
    assert [each and each.id for each in begun] == [tess, carl, None]
    classes.change(lesson.id, paused=False)
    assert (found := claimed()) and found.id == ann


def test_what_runs_gives_way_and_goes_on_under_its_lease(lesson: Class) -> None:
    ann = new("ann")
    running = claimed()
    assert running and queue.standing(running) == (False, False)
    classes.change(lesson.id, paused=True)
    assert queue.standing(running) == (True, False)  # although nobody else waits
    assert leases.give_way(running, 0.4, "", seconds=2.0)
    assert claimed() is None
    classes.change(lesson.id, paused=False)
    again = leases.claim("train", "w", {ann: running.lease})
    assert again and (again.id, again.lease, again.progress) == (ann, running.lease, 0.4)


def test_pages_are_still_answered_and_an_ended_class_holds_nobody_up(lesson: Class) -> None:
    answer = queue.add(ESTIMATE, Estimate(config=Config()), "ann").id
    ann = new("ann")
    classes.change(lesson.id, paused=True)
    assert (found := claimed("interactive")) and found.id == answer
    assert not queue.standing(found)[0]
    assert claimed() is None
    classes.end(lesson.id)
    assert (found := claimed()) and found.id == ann
