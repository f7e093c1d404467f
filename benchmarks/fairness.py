"""A class that presses Train, by the rule and by a plain queue, simulated.

Everybody asks within ten seconds for the recommended run as it is on two cores: 50 epochs of 0.9 s,
the first of which ends after 1.25 s with what has to be read and built. Thirty learners on one
worker, and a thousand on a hundred; then the same with every worker dying in the middle. Must hold:

- the last first picture and the last end, which are what `benchmarks/classroom.py` measures;
- the time of the thousand, against a plain loop over a heap with ten times as many events.

    python benchmarks/fairness.py
"""

import heapq
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from _bounds import beside, in_turns, tell, verdict

from ctdenoise.jobs.fairness import rank
from ctdenoise.jobs.simulation import ALWAYS, Fate, Machine, Run, Spans, first_come, simulate

EPOCHS, EPOCH, FIRST = 50, 0.9, 1.25
SECONDS = FIRST + (EPOCHS - 1) * EPOCH
WITHIN = 10.0
"""Seconds in which everybody presses."""
AWAY = 3.0
"""Seconds until a worker that died is there again."""
SOON = 90.0
"""Seconds from pressing to a first picture, for everybody in a class of thirty."""
WASTE = 1.15
"""Times the sum of all runs alone."""
SLOWER = 10.0
"""Times a heap of ten times as many events; 5.8 to 6.9 measured beside seven others."""


def everybody(learners: int) -> list[Run]:
    return [
        Run(f"{n:04d}", WITHIN * n / learners, SECONDS, EPOCH, FIRST, step=EPOCH / 20)
        for n in range(learners)
    ]


def one_after_the_other(runs: Sequence[Run]) -> list[Run]:
    """Nobody gives way in a plain queue, so nobody need be asked between two steps."""
    return [replace(run, step=run.epoch) for run in runs]


def told(what: str, runs: Sequence[Run], fates: Sequence[Fate], workers: int) -> None:
    """Four figures of a class, in seconds."""
    waits = [fate.first - run.asked for run, fate in zip(runs, fates, strict=True)]
    ends = [fate.end for fate in fates]
    tell(f"{what}: first picture, median and last", f"{median(waits):.1f} and {max(waits):.1f} s")
    tell(f"{what}: end, first and last", f"{min(ends):.0f} and {max(ends):.0f} s")
    tell(f"{what}: turns each, longest wait between two", f"{fates[0].turns}, "
         f"{max(fate.longest_wait for fate in fates):.0f} s")  # fmt: skip
    ratio = max(ends) / (len(runs) * SECONDS / workers)
    tell(f"{what}: last end against the sum alone", f"{ratio:.3f}")


def a_class(learners: int, workers: int) -> list[Fate]:
    runs = everybody(learners)
    middle = 0.45 * learners * SECONDS / workers
    cut: Spans = ((0.0, middle), (middle + AWAY, math.inf))
    name = f"{learners} on {workers}"
    fair = simulate(runs, [ALWAYS] * workers).fates
    told(name, runs, fair, workers)
    plain = simulate(one_after_the_other(runs), [ALWAYS] * workers, rank=first_come).fates
    told(f"{name}, a plain queue", runs, plain, workers)
    died = simulate(runs, [cut] * workers)
    told(f"{name}, all workers die", runs, died.fates, workers)
    lost = [turn.lost for turn in died.turns if turn.cut]
    tell(f"{name}, all workers die: lost in all, at most by one",
         f"{sum(lost):.1f} and {max(lost):.2f} s", "one epoch", max(lost) <= EPOCH)  # fmt: skip
    return fair


def heap(events: int, at_once: int) -> None:
    """The least that a simulation with so many events has to do."""
    waiting = [(float(n), n) for n in range(at_once)]
    for n in range(events):
        moment, _ = heapq.heappop(waiting)
        heapq.heappush(waiting, (moment + EPOCH, n))


def main() -> int:
    runs = everybody(30)
    fates = a_class(30, 1)
    waits = max(fate.first - run.asked for run, fate in zip(runs, fates, strict=True))
    tell("30 on 1: everybody's first picture", f"{waits:.1f} s", f"within {SOON:g} s",
         waits <= SOON)  # fmt: skip
    wasted = max(fate.end for fate in fates) / (30 * SECONDS)
    tell("30 on 1: the last end", f"{wasted:.3f}", f"within {WASTE:g} times alone", wasted <= WASTE)
    a_class(1000, 100)
    thousand = everybody(1000)
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: simulate(thousand, [ALWAYS] * 100, Machine(), rank),
        "heap": lambda: heap(10 * 1000 * EPOCHS, 1000),
    }
    times = in_turns(ways, 5)
    beside("1000 on 100, real time", times["ours"], times["heap"], "a heap", at_most=SLOWER)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
