"""Classes: codes, keys, nicknames and who comes back."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest

from ctdenoise.errors import Problem
from ctdenoise.workspace import classes, devices, shares
from ctdenoise.workspace.codes import LETTERS

pytestmark = pytest.mark.usefixtures("store")


def test_codes_have_no_letters_that_are_taken_for_others() -> None:
    assert not set("O0I1L") & set(LETTERS)
    codes = {classes.create("tess", "A", "article")[0].code for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 6 and set(code) <= set(LETTERS) for code in codes)


def test_a_code_is_found_however_it_is_typed() -> None:
    made, _ = classes.create("tess", "A", "article")
    assert classes.by_code(f" {made.code[:3].lower()}-{made.code[3:]} ") == made
    for wrong in ("", "******", made.code[:5], made.code + "A"):
        with pytest.raises(Problem, match="is no class's"):
            classes.by_code(wrong)
    classes.end(made.id)
    with pytest.raises(Problem, match="has ended"):
        classes.by_code(made.code)


def test_a_nickname_is_one_persons() -> None:
    made, _ = classes.create("tess", "A", "article")
    classes.join(made, "ann", "  Ann  of   Cleves ")
    with pytest.raises(Problem, match="somebody else's"):
        classes.join(made, "bob", "ann of cleves")
    with pytest.raises(Problem, match="is empty"):
        classes.join(made, "bob", " \n ")
    classes.join(made, "ann", "Anne")  # another nickname, the same person
    assert [each.nickname for each in classes.learners(made.id)] == ["Anne"]
    assert classes.seat_of("ann") == (made, classes.learners(made.id)[0])
    assert classes.seat_of("bob") is None


def test_the_key_alone_makes_a_teacher() -> None:
    made, key = classes.create("tess", "A", "article")
    other, _ = classes.create("tom", "B", "article")
    assert key not in str(made)
    for code, wrong in ((made.code, ""), (made.code, made.key), (other.code, key), ("", key)):
        with pytest.raises(Problem, match="opens no class"):
            classes.teach(code, wrong, "ann")
    assert classes.taught_by("ann") == []
    assert classes.teach(made.code, key, "ann") == made
    assert classes.taught_by("ann") == [made]
    classes.join(made, "ann", "Ann")  # a teacher who follows the learners' link stays one
    assert [each.workspace for each in classes.learners(made.id)] == []


def test_a_personal_code_leads_back_until_there_is_a_newer_one() -> None:
    made, _ = classes.create("tess", "A", "article")
    ann = classes.join(made, "ann", "Ann")
    with pytest.raises(Problem, match="is nobody's"):
        classes.by_personal_code("")
    first = classes.personal_code(ann)
    assert classes.by_personal_code(first.lower()).workspace == "ann"
    second = classes.personal_code(ann)
    with pytest.raises(Problem, match="is nobody's"):
        classes.by_personal_code(first)
    assert devices.workspace_of("phone") == "phone"
    devices.bind("phone", classes.by_personal_code(second).workspace)
    assert devices.workspace_of("phone") == "ann"
    devices.bind("phone", "phone")
    assert devices.workspace_of("phone") == "phone"


def test_who_learned_here_and_teaches_now_is_not_opened_by_the_old_code() -> None:
    made, key = classes.create("tess", "A", "article")
    code = classes.personal_code(classes.join(made, "ann", "Ann"))
    classes.teach(made.code, key, "ann")
    with pytest.raises(Problem, match="is nobody's"):
        classes.by_personal_code(code)


def test_of_many_who_come_at_once_one_has_the_nickname_and_none_comes_after_the_end() -> None:
    made, _ = classes.create("tess", "A", "article")
    at_once = Barrier(4)

    def come(workspace: str) -> bool:
        at_once.wait()
        with suppress(Problem):
            return bool(classes.join(made, workspace, "Ann"))
        return False

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(come, "abcd")) == 1
    assert len(classes.learners(made.id)) == 1
    classes.end(made.id)
    with pytest.raises(Problem, match="has ended"):
        classes.join(made, "eve", "Eve")  # who stood at the door when it ended
    assert len(classes.learners(made.id)) == 1


def test_who_leaves_shows_nothing_any_more() -> None:
    made, _ = classes.create("tess", "A", "article")
    classes.join(made, "ann", "Ann")
    shares.add(made.id, "ann", "Mine", ["run/ann/1f"])
    assert shares.is_shown_to("tess", "ann", "run/ann/1f")
    classes.leave(made.id, "ann")
    assert not shares.is_shown_to("tess", "ann", "run/ann/1f")
    assert shares.of_class(made.id) == []


def test_of_several_classes_one_sits_in_the_one_that_is_named() -> None:
    first, _ = classes.create("tess", "A", "article")
    second, _ = classes.create("tess", "B", "article")
    others, _ = classes.create("tom", "C", "article")
    for named, found in ((None, second), (first.id, first), (others.id, None), ("", None)):
        seat = classes.seat_of("tess", named)
        assert (seat and seat[0]) == found
    assert classes.attended("tess") is None
    classes.join(others, "tess", "Tess")
    seat = classes.attended("tess")
    assert seat and seat[0] == others


def test_the_fewest_days_of_all_classes_count() -> None:
    first, _ = classes.create("tess", "A", "article")
    second, _ = classes.create("tess", "B", "article")
    for made, who in ((first, "ann"), (first, "bob"), (second, "ann")):
        classes.join(made, who, who)
    assert classes.kept_days() == {}
    classes.change(first.id, retention_days=30)
    classes.change(second.id, retention_days=7)
    classes.end(second.id)
    assert classes.kept_days() == {"ann": 7, "bob": 30}


def test_another_key_ends_the_one_before() -> None:
    made, key = classes.create("tess", "A", "article")
    fresh = classes.new_key(made.id)
    with pytest.raises(Problem, match="opens no class"):
        classes.teach(made.code, key, "ann")
    assert classes.teach(made.code, fresh, "ann").id == made.id


def test_what_somebody_is_in_a_class_and_who_pauses() -> None:
    made, _ = classes.create("tess", "A", "article")
    classes.join(made, "ann", "Ann")
    roles = [classes.role_of(made.id, who) for who in ("tess", "ann", "bob")]
    assert roles == ["teacher", "learner", None]
    assert classes.paused_people() == set()
    classes.change(made.id, paused=True)
    assert classes.paused_people() == {"ann"}
