"""What the rule promises, for any arrival of runs, people, workers and deaths.

All times are multiples of a 16th of a second, so that sums of them are exact.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ctdenoise.jobs.fairness import FIRST_SECONDS, TURN_SECONDS
from ctdenoise.jobs.simulation import (
    ALWAYS,
    Machine,
    Run,
    Spans,
    Told,
    first_come,
    simulate,
)

few = settings(max_examples=40, deadline=None)


def sixteenths(least: float, most: float) -> st.SearchStrategy[float]:
    return st.integers(int(16 * least), int(16 * most)).map(lambda n: n / 16)


@st.composite
def a_run(draw: st.DrawFn, person: str | None = None, long: bool = False) -> Run:
    epoch = draw(sixteenths(1 / 2, 1) if long else sixteenths(1 / 16, 4))
    first = epoch + draw(sixteenths(0, 2))
    return Run(
        person=person or draw(st.sampled_from("abcd")),
        asked=draw(sixteenths(0, 4 if long else 20)),
        seconds=first + epoch * draw(st.integers(24, 32) if long else st.integers(0, 4)),
        epoch=epoch,
        first=first,
        step=draw(st.sampled_from([1 / 4, 1 / 2])),
    )


@st.composite
def a_worker(draw: st.DrawFn, stays: bool = True) -> Spans:
    """It joins, dies and comes back; if it ``stays``, in the end for ever."""
    moments = sorted(draw(st.sets(sixteenths(0, 40), max_size=5)) | {0.0})
    if stays == (len(moments) % 2 == 0):
        moments.pop()
    spans = [*moments, math.inf] if stays else moments
    return tuple(zip(spans[::2], spans[1::2], strict=True))


RUNS = st.lists(a_run(), min_size=1, max_size=6)
ALONE = st.integers(2, 6).flatmap(lambda n: st.tuples(*(a_run(each) for each in "abcdef"[:n])))
"""Everybody has one run."""
LONG = st.tuples(*(a_run(each, long=True) for each in "abcdef"))
MACHINES = st.builds(Machine, sixteenths(0, 1 / 8), sixteenths(0, 1), memory=st.integers(0, 4))
WORKERS = st.builds(
    lambda first, others: [first, *others],
    a_worker(),
    st.lists(st.booleans().flatmap(a_worker), max_size=3),
)


def longest_turn(told: Told, machine: Machine, person: str) -> float:
    """Seconds of this person's longest turn, or of what of it counts when others wait: what nobody
    waits for may last. A turn that a death cut is one with the next, which makes up for it."""
    longest = before = 0.0
    for turn in told.turns:
        run = told.runs[turn.run]
        if run.person == person:
            most = max(FIRST_SECONDS, machine.from_disk) + run.step
            before += min(turn.end - turn.begin, most)
            longest = max(longest, before)
            if not turn.cut:
                before = 0.0
    return longest


def live(told: Told, person: str) -> list[tuple[float, float]]:
    """From when until when somebody has something that waits or runs."""
    spans: list[tuple[float, float]] = []
    own = [(run.asked, fate.end) for run, fate in zip(told.runs, told.fates, strict=True)
           if run.person == person]  # fmt: skip
    for begin, end in sorted(own):
        if spans and begin < spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((begin, end))
    return spans


def deaths(workers: Sequence[Spans]) -> int:
    return sum(end < math.inf for spans in workers for _, end in spans)


def nobody_there(workers: Sequence[Spans], begin: float, end: float) -> float:
    """Seconds without any worker."""
    moments = sorted({begin, end, *(m for s in workers for span in s for m in span
                                    if begin < m < end)})  # fmt: skip
    return sum(b - a for a, b in pairwise(moments)
               if not any(x <= a and b <= y for s in workers for x, y in s))  # fmt: skip


def unfairness(told: Told, one: str, other: str) -> float:
    """By how much the seconds served to two people differ at most, over any interval in which both
    always had something that waited or ran."""
    theirs = [turn for turn in told.turns if told.runs[turn.run].person in (one, other)]
    told = Told(told.runs, theirs)
    worst = 0.0
    for a, b in live(told, one):
        for c, d in live(told, other):
            begin, end = max(a, c), min(b, d)
            moments = {m for turn in theirs for m in (turn.begin, turn.end) if begin < m < end}
            ahead = [
                told.served(one, begin, moment) - told.served(other, begin, moment)
                for moment in sorted(moments | {begin, end})
                if begin < end
            ]
            worst = max(worst, max(ahead, default=0.0) - min(ahead, default=0.0))
    return worst


@few
@given(RUNS, WORKERS, MACHINES)
def test_every_run_ends_and_the_same_again(
    runs: list[Run], workers: list[Spans], machine: Machine
) -> None:
    told = simulate(runs, workers, machine)
    for run, fate in zip(runs, told.fates, strict=True):
        assert run.asked + run.first <= fate.first <= fate.end < math.inf
    assert simulate(runs, workers, machine) == told


@few
@given(ALONE, st.just([ALWAYS]) | WORKERS, MACHINES)
def test_a_wait_is_bounded_by_the_turns_of_the_others(
    runs: Sequence[Run], workers: list[Spans], machine: Machine
) -> None:
    """While somebody waits, each of the others comes at most one turn ahead of where they stand,
    which is at most a turn behind the one who waits: two turns. A death lets a run have a turn out
    of its order, and a worker may prefer what is in its memory by a turn."""
    told = simulate(runs, workers, machine)
    longest = {run.person: longest_turn(told, machine, run.person) for run in runs}
    out_of_order = deaths(workers) + (len(workers) > 1)
    for number, run in enumerate(runs):
        heard = run.asked
        for turn in (turn for turn in told.turns if turn.run == number):
            others = [
                longest[run.person] + longest[each.person]
                for each, fate in zip(runs, told.fates, strict=True)
                if each is not run and each.asked < turn.begin and fate.end > heard
            ]
            assert turn.begin - heard <= nobody_there(workers, heard, turn.begin) + sum(others) * (
                1 + out_of_order
            )
            heard = turn.end


@few
@given(RUNS, WORKERS, MACHINES)
def test_work_is_conserved(runs: list[Run], workers: list[Spans], machine: Machine) -> None:
    told = simulate(runs, workers, machine)
    for number, run in enumerate(runs):
        own = [turn for turn in told.turns if turn.run == number]
        assert sum(turn.work for turn in own) == run.seconds
        assert all(a.end <= b.begin for a, b in pairwise(own))  # one at a time
        for done, turn in zip(accumulate(turn.work for turn in own), own, strict=True):
            assert turn.lost <= max(run.epoch, run.first)
            if turn.cut and turn.work:  # up to the end of an epoch
                assert done >= run.first and (done - run.first) % run.epoch == 0
    ends = {(number, end) for number, spans in enumerate(workers) for _, end in spans}
    for turn in told.turns:
        assert turn.end - turn.begin == turn.change + turn.work + turn.lost
        assert not turn.lost or turn.cut
        assert not turn.cut or (turn.worker, turn.end) in ends
        assert any(a <= turn.begin and turn.end <= b for a, b in workers[turn.worker])
    moments = sorted({m for turn in told.turns for m in (turn.begin, turn.end)}
                     | {m for spans in workers for span in spans for m in span}
                     | {run.asked for run in runs})  # fmt: skip
    for begin, end in pairwise(moments):
        on = [turn for turn in told.turns if turn.begin <= begin and end <= turn.end]
        there = sum(a <= begin and end <= b for spans in workers for a, b in spans)
        asked = sum(run.asked <= begin and end <= fate.end
                    for run, fate in zip(runs, told.fates, strict=True))  # fmt: skip
        assert len({turn.worker for turn in on}) == len(on) == min(there, asked)


@few
@given(RUNS, a_worker(), MACHINES)
def test_one_worker_is_fair_within_a_turn_of_each(
    runs: list[Run], worker: Spans, machine: Machine
) -> None:
    told = simulate(runs, [worker], machine)
    for one, other in combinations(sorted({run.person for run in runs}), 2):
        turns = [longest_turn(told, machine, person) for person in (one, other)]
        assert unfairness(told, one, other) <= sum(turns)


@few
@given(ALONE | LONG, st.integers(2, 3), MACHINES)
def test_several_workers_are_fair_within_two_turns_of_each(
    runs: Sequence[Run], workers: int, machine: Machine
) -> None:
    """Of which one is the longest that anybody has, and what a worker's memory is preferred by."""
    told = simulate(runs, [ALWAYS] * workers, machine)
    turns = {run.person: longest_turn(told, machine, run.person) for run in runs}
    for one, other in combinations(turns, 2):
        most = turns[one] + turns[other] + max(turns.values()) + TURN_SECONDS
        assert unfairness(told, one, other) <= most


@few
@given(RUNS, st.integers(1, 3), st.data())
def test_a_second_run_waits_for_everybodys_first(
    runs: list[Run], workers: int, data: st.DataObject
) -> None:
    """But what lies in a worker's memory may come before what lies in another's."""
    memory = data.draw(st.integers(0, 4)) if workers == 1 else 0
    told = simulate(runs, [ALWAYS] * workers, Machine(0.0, 1 / 16, memory))
    fates = told.fates

    def people(moment: float, waits: bool) -> list[str]:
        """Whose runs wait, or have their turn, just before and at this moment."""
        on = {turn.run for turn in told.turns if turn.begin < moment <= turn.end}
        new = {turn.run for turn in told.turns if turn.begin == moment}
        return [run.person for number, run in enumerate(runs)
                if run.asked < moment <= fates[number].end
                and (number not in on | new if waits else number in on)]  # fmt: skip

    for turn in told.turns:
        person = runs[turn.run].person
        ending = [each for each in told.turns if each.end == turn.begin]
        if people(turn.begin, waits=False).count(person) > sum(
            runs[each.run].person == person for each in ending
        ):  # another one of theirs has its turn
            assert set(people(turn.begin, waits=True)) <= set(people(turn.begin, waits=False))


def test_a_class_that_comes_first_to_last_sees_nothing_for_long() -> None:
    """What the rule is for, by the rule that it took the place of."""
    runs = [Run(f"{n:02d}", n / 4, seconds=45.5, epoch=1.0, first=1.5) for n in range(30)]
    fair = simulate(runs, [ALWAYS]).fates
    unfair = simulate([replace(run, step=1.0) for run in runs], [ALWAYS], rank=first_come).fates
    assert max(fate.first for fate in fair) == 30 * 1.5
    assert max(fate.first for fate in unfair) == 29 * 45.5 + 1.5
    assert [fate.turns for fate in unfair] == [1] * 30
    work = 30 * 45.5
    assert work < max(fate.end for fate in fair) < 1.01 * work
