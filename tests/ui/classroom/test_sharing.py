"""The teacher's switch, and what members show: who sees which buttons and names, and their use."""

from unittest.mock import Mock

import pytest
from apptest import WORKSPACE, opened
from streamlit.testing.v1 import AppTest

from ctdenoise.ui.classroom import sharing, stream
from ctdenoise.ui.viewer import CLASSROOM
from ctdenoise.workspace import classes, presented, shares
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.shares import Presented, Shown, ShownPane

PANE = ShownPane(name="Low", color="#009E73", frames=("/pixels/low/ann/0123456789ab/0",))
SHOWN = Shown(panes=(PANE,), window=(-600, 1500))


def taught() -> Class:
    lesson, _ = classes.create(WORKSPACE, "Residents", "article")
    classes.join(lesson, "ann", "Ann_B")
    return lesson


def attended() -> Class:
    lesson, _ = classes.create("tess", "Residents", "article")
    classes.join(lesson, "ann", "Ann_B")
    classes.join(lesson, WORKSPACE, "Bob")
    return lesson


def teach(**state: object) -> AppTest:
    """The teacher's page with what is shown."""
    app = opened("Teach")
    for key, value in {"teach-view": "Shown", **state}.items():
        app.session_state[key] = value
    return app.run()


def said(app: AppTest) -> str:
    return "\n".join(each.value for each in [*app.caption, *app.markdown])


def test_names_are_hidden_from_the_projector_unless_they_are_wanted() -> None:
    lesson = taught()
    shares.add(lesson.id, "ann", "<b>Mine</b>", [], SHOWN)
    app = teach()
    assert "\\<b\\>Mine\\</b\\>" in said(app) and "Ann" not in said(app)
    assert "Ann_B" in said(teach(**{"teach-names": True}))


def test_the_teacher_puts_it_on_the_projector_and_removes_it() -> None:
    lesson = taught()
    id = shares.add(lesson.id, "ann", "Mine", [], SHOWN)
    app = teach()
    app.button(key=f"project-{id}").click().run()
    assert app.session_state[sharing.PROJECTED] == id and "On the projector" in said(app)
    app.button(key=f"withdraw-{id}").click().run()
    assert not app.exception and "Nobody shows a picture yet" in said(app)
    assert shares.of_class(lesson.id) == []


def test_a_learner_withdraws_what_is_their_own_alone() -> None:
    lesson = attended()
    mine = shares.add(lesson.id, WORKSPACE, "Mine", [], SHOWN)
    theirs = shares.add(lesson.id, "ann", "Theirs", [], SHOWN)
    app = opened("Class")
    keys = {each.key for each in app.button}
    assert f"withdraw-{mine}" in keys
    assert keys.isdisjoint({f"withdraw-{theirs}", f"project-{mine}", f"project-{theirs}"})
    assert "yours" in said(app) and "Ann" not in said(app)
    app.button(key=f"withdraw-{mine}").click().run()
    assert [each.id for each in shares.of_class(lesson.id)] == [theirs]


@pytest.mark.parametrize("how", ["removed", "ended"])
def test_a_list_that_draws_itself_anew_stops_for_who_is_out(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = attended()
    shares.add(lesson.id, "ann", "Theirs", [], SHOWN)
    drawn: list[str] = []
    monkeypatch.setattr(sharing, "_one", lambda found, share, *_: drawn.append(share.title))
    sharing._shown_list(lesson, False, False)
    assert drawn == ["Theirs"]
    if how == "removed":
        classes.leave(lesson.id, WORKSPACE)
    else:
        classes.end(lesson.id)
    monkeypatch.setattr(sharing.st, "rerun", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        sharing._shown_list(lesson, False, False)
    assert drawn == ["Theirs"]


def test_the_switch_is_the_teachers_and_stops_what_is_presented(pair: PairRecord) -> None:
    lesson = taught()
    now = Presented(**dict(SHOWN), id="0" * 12, title="Look", by=WORKSPACE, at=1.0)
    presented.begin(lesson.id, now, [])
    app = opened("Look")
    to = {"url": stream.present_to(lesson.id), "title": "Look", "page": "look"}
    assert app.toggle(key="present").value  # as before the page was loaded anew
    assert app.session_state[CLASSROOM] == {"presenting": to}
    app.toggle(key="present").set_value(False).run()
    assert app.session_state[CLASSROOM] == {}
    assert presented.of_class(lesson.id)[1] is None


def test_learners_show_and_others_do_neither(pair: PairRecord) -> None:
    app = opened("Look")
    assert app.session_state[CLASSROOM] == {}
    attended()
    app.run()
    assert app.session_state[CLASSROOM]["showing"]["url"] == stream.SHOW
    assert "presenting" not in app.session_state[CLASSROOM]
    assert "present" not in {each.key for each in app.toggle}
