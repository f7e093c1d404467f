"""What is presented: the newest wins, whoever writes it, and what is stopped stays so."""

import pytest

from ctdenoise.errors import Problem
from ctdenoise.workspace import care, classes, presented, shares
from ctdenoise.workspace.access import Thing, Visitor, allowed
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.shares import Presented, ShownPane

pytestmark = pytest.mark.usefixtures("store")
MINE, THEIRS = Thing("tess", "pair", "0123456789ab"), Thing("ann", "pair", "0123456789ab")


@pytest.fixture
def lesson(store: str) -> Class:
    lesson, _ = classes.create("tess", "Residents", "article")
    classes.join(lesson, "ann", "Ann")
    classes.join(lesson, "bob", "Bob")
    return lesson


def showing(id: str = "a", frame: int = 0, at: float = 1.0, by: str = "tess") -> Presented:
    pane = ShownPane(name="Low", color="#009E73", frames=("/pixels/x",))
    return Presented(
        panes=(pane,), window=(40, 400), frame=frame, id=id * 12, title="Look", by=by, at=at
    )


def test_the_newest_setting_wins_in_whatever_order_they_are_written(lesson: Class) -> None:
    first = presented.begin(lesson.id, showing(at=1.0), [])
    second = presented.go_on(lesson.id, showing(frame=2, at=3.0))
    assert second == first + 1 == presented.version(lesson.id)
    assert presented.go_on(lesson.id, showing(frame=1, at=2.0)) is None
    assert presented.of_class(lesson.id) == (second, showing(frame=2, at=3.0))
    presented.begin(lesson.id, showing("b", at=4.0), [])
    assert presented.go_on(lesson.id, showing(frame=3, at=5.0)) is None


def test_what_is_stopped_is_not_begun_again_by_a_late_setting(lesson: Class) -> None:
    presented.begin(lesson.id, showing(), [])
    presented.stop(lesson.id)
    assert presented.go_on(lesson.id, showing(frame=1, at=9.0)) is None
    assert presented.of_class(lesson.id)[1] is None
    classes.end(lesson.id)
    with pytest.raises(Problem, match="has ended"):
        presented.begin(lesson.id, showing("b"), ["run/tess/1f"])
    assert presented.version(lesson.id) is None and presented.of_class(lesson.id)[1] is None
    care.delete_class(lesson, "tess")
    with pytest.raises(Problem, match="has ended"):
        presented.begin(lesson.id, showing("b"), ["run/tess/1f"])
    assert presented.of_class(lesson.id) == (0, None) and shares.of_class(lesson.id) == []


def test_the_class_sees_the_presenters_things_until_it_stops(lesson: Class) -> None:
    other = Thing("tess", "pair", "f" * 12)
    presented.begin(lesson.id, showing(), [str(MINE), str(THEIRS)])
    presented.begin(lesson.id, showing("b"), [str(other)])
    assert shares.of_class(lesson.id) == []
    for thing in (MINE, other):
        assert allowed(Visitor("bob"), "see", thing)
        assert not allowed(Visitor("bob"), "change", thing)
        assert not allowed(Visitor("eve"), "see", thing)
    assert not allowed(Visitor("bob"), "see", THEIRS)  # which is not the presenter's to give
    presented.stop(lesson.id)
    assert not allowed(Visitor("bob"), "see", MINE)


def test_another_teacher_takes_over_with_things_of_their_own(lesson: Class) -> None:
    presented.begin(lesson.id, showing(), [str(MINE)])
    presented.begin(lesson.id, showing("b", by="tom"), [str(Thing("tom", "pair", "f" * 12))])
    assert not allowed(Visitor("bob"), "see", MINE)
    assert allowed(Visitor("bob"), "see", Thing("tom", "pair", "f" * 12))
