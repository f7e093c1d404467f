"""How long one waits, foretold from rows alone, against the rule played turn by turn."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdenoise.jobs import fairness
from ctdenoise.jobs.forecast import forecast, newcomer
from ctdenoise.jobs.kinds.train import TRAIN
from ctdenoise.jobs.queue import entry
from ctdenoise.workspace.database import Job, State


def job(
    id: str,
    left: float | None = None,
    *,
    person: str = "",
    served: float = 0.0,
    state: State = "queued",
    queued: float = 0.0,
    first: float | None = 0.0,
    expected: float | None = None,
    used: float = 0.0,
) -> Job:
    blank = newcomer(TRAIN, person or id[0], expected=expected, first=first)
    return replace(blank, id=id, left=left, served=served, state=state, queued=queued, used=used)


def played(live: Sequence[Job], needs: dict[str, float], epoch: float) -> dict[str, list[float]]:
    """When each shows something first and ends, by the rule, one epoch after another on as many
    workers as run something, on a clock of its own."""
    workers = max(sum(each.state == "running" for each in live), 1)
    jobs = {each.id: each for each in live}
    left, shown = dict(needs), {each.id: each.first or 0.0 for each in live}
    free, holds = [0.0] * workers, dict[int, str]()
    for worker, each in enumerate([each for each in live if each.state == "running"]):
        holds[worker] = each.id
    turn = dict.fromkeys(holds, 0.0)
    told: dict[str, list[float]] = {}
    while jobs:
        worker = min(range(workers), key=lambda n: free[n])
        now = free[worker]
        if worker not in holds:
            ready = fairness.order([entry(each) for each in jobs.values()])
            if not ready:
                free[worker] = min(free[n] for n in holds) + 1e-6
                continue
            holds[worker], turn[worker] = ready[0].id, 0.0
            jobs[ready[0].id] = replace(jobs[ready[0].id], state="running")
        id = holds[worker]
        step = min(shown[id] or epoch, left[id])
        left[id] -= step
        turn[worker] += step
        free[worker] = now + step
        if shown[id]:
            told[id], shown[id] = [now + step], 0.0
        person = jobs[id].workspace
        jobs = {
            each.id: replace(each, served=each.served + step * (each.workspace == person))
            for each in jobs.values()
        }
        if left[id] <= 1e-9:
            told.setdefault(id, []).append(now + step)
            del jobs[id], holds[worker]
        elif turn[worker] >= fairness.LEAST_SECONDS and fairness.gives_way(
            entry(jobs[id]), 0.0, [entry(each) for each in jobs.values()]
        ):
            jobs[id] = replace(jobs[id], state="queued")
            del holds[worker]
    return told


@st.composite
def classes(draw: st.DrawFn) -> list[Job]:
    """People who have come at any time, each with some runs, on one worker."""
    live: list[Job] = []
    for person in "abcdefghij"[: draw(st.integers(1, 10))]:
        served = draw(st.sampled_from([0.0, 3.0, 60.0]))
        for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            name = f"{person}{len(live)}"
            live.append(job(name, draw(st.floats(5, 60)), served=served, queued=len(live)))
    return running(live, 1)


def running(live: Sequence[Job], workers: int) -> list[Job]:
    """With those running that come first."""
    ready = [each.id for each in fairness.order([entry(each) for each in live])][:workers]
    return [replace(each, state="running") if each.id in ready else each for each in live]


@settings(max_examples=12, deadline=None)
@given(classes(), st.floats(0.3, 1.0))
def test_ends_are_as_the_rule_plays_them(live: list[Job], epoch: float) -> None:
    told = played(live, {each.id: each.left or 0.0 for each in live}, epoch)
    for each in live:
        end = forecast(each, live).end
        assert end == pytest.approx(told[each.id][-1], rel=0.15, abs=2 * fairness.TURN_SECONDS)


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 20), st.floats(0.5, 4.0), st.floats(20, 60), st.integers(1, 3))
def test_a_class_that_presses_together(
    count: int, first: float, seconds: float, workers: int
) -> None:
    live = running(
        [job(f"{n}", seconds, person=f"{n}", queued=n, first=first) for n in range(count)], workers
    )
    told = played(live, dict.fromkeys((each.id for each in live), seconds), 0.7)
    for each in live:
        found = forecast(each, live)
        assert found.first == pytest.approx(told[each.id][0], rel=0.15, abs=first)
        assert found.end == pytest.approx(told[each.id][1], rel=0.15, abs=2 * fairness.TURN_SECONDS)
        assert found.people == count and found.place == max(live.index(each) - workers, 0)


def test_where_there_are_workers_for_everybody_what_comes_next_takes_the_next_free_one() -> None:
    live = [
        job("a1", 30, state="running"),
        job("b1", 10, served=50, state="running"),
        job("a2", 20, queued=1),
        job("a3", 20, queued=2),
    ]
    assert [forecast(each, live).end for each in live] == [30, 10, 30, 50]


def test_what_runs_tell_corrects_a_guess_that_was_wrong_by_three() -> None:
    tells = job("a", 60, expected=30, used=30, state="running")
    waits = job("b", expected=40, first=3)
    assert forecast(waits, [tells, waits]).end == 60 + 120
    finished = replace(tells, state="finished", left=None, used=90)
    assert forecast(waits, [waits], [finished]).end == 120
    assert forecast(waits, [waits]).end == 40
    begun = replace(waits, used=100, state="running")
    assert forecast(begun, [begun], [finished]).end == 20


def test_a_first_picture_that_was_guessed_too_near_is_corrected_as_the_end_is() -> None:
    tells = job("a", 60, expected=30, used=30, served=30, state="running")
    begun = job("b", expected=40, first=10, used=20, served=30)
    corrected = forecast(begun, [tells, begun])
    assert corrected.first == pytest.approx(20, abs=1)  # 30 - 20, and as much of the other's
    later = replace(begun, used=25, served=35, state="running")
    assert forecast(later, [later], [replace(tells, state="finished", left=0, used=90)]).first == 5
    late = replace(later, used=100)
    assert forecast(late, [late]).first == 0  # nothing is left of what it was thought to need
    told = replace(late, left=50.0)
    assert forecast(told, [told]).first == 10  # by its worker


def test_ones_own_runs_come_before_and_are_not_other_people() -> None:
    live = [
        job("a1", 10, state="running"),
        job("a2", 10, queued=1, first=2),
        job("a3", 10, queued=2, first=2),
    ]
    found = forecast(live[2], live)
    assert (found.own, found.people, found.place, found.running) == (("a1", "a2"), 1, 1, 1)
    assert (found.first, found.end) == (22, 30)
    made = job("s", 5, person="sample", state="running")
    assert forecast(live[1], [made, live[1]]).people == 1


def test_nothing_is_promised_of_what_nobody_knows() -> None:
    unknown = job("a", state="running", first=None)
    waits = job("b", 10)
    assert forecast(unknown, [unknown]).end is None
    assert forecast(unknown, [unknown, waits]).end is None
    assert forecast(waits, [unknown, waits]).end == 20  # the other one takes as long as this


def test_one_that_joins_begins_where_the_others_are() -> None:
    live = [job("a", 100, served=50, state="running"), job("b", 30, served=52)]
    joins = newcomer(TRAIN, "c", live, 20.0, 2.0)
    found = forecast(joins, live)
    assert (found.people, found.place) == (3, 0)
    assert found.first == pytest.approx(2.5)
    assert found.end == pytest.approx(20 + 20 + 18)
