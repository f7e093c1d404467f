"""A class presses Train together, on the recommended preset and the sample.

Every learner is a visitor with a workspace, a browser's session and a run of their own. They press
within ten seconds, then sit on the Watch page, whose timers go on, and open Train or Look now and
then. Before, one learner does the same alone, as often as ``--alone`` says. Must hold:

- everybody's first trained picture so many seconds after pressing;
- all runs ended within so many times of what they would take alone, one after the other;
- 95 % of the page's answers within so many milliseconds meanwhile;
- nine of ten times that are told until the first picture, and until the end, within 30 % of
  what it takes;
- nobody has had more of the worker than anybody else by more than a turn of each, and no epoch is
  lost;
- no page says anything in red.

The first and the third are seconds, for two cores of today: what a class waits is told in those.

    python benchmarks/classroom.py [--learners 30] [--epochs N] [--alone 2]
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from itertools import cycle
from statistics import median, quantiles
from typing import Any

import psutil
from _bounds import tell, verdict
from _browser import Browser
from _dashboard import Dashboard, new_visitor, served, start_run

from ctdenoise.jobs.fairness import TURN_SECONDS

FIRST_SECONDS = 90.0
TIMES_ALONE = 1.15
ANSWER_SECONDS = 0.3
AHEAD_SECONDS = 2 * TURN_SECONDS
NEAR, SOON_SECONDS = 0.3, 10.0
"""Of what it takes; what comes so soon is told in steps of five seconds, and not judged."""
PRESSING_SECONDS = 10.0
READING_SECONDS = 3.0
"""On Train before pressing."""
WATCHING_SECONDS, AWAY_SECONDS = 35.0, 5.0
"""On Watch, and then on another page: so a page is opened every 20 seconds."""


class Learner:
    """Somebody with a workspace, a browser and a run."""

    def __init__(self, dashboard: Dashboard, number: int) -> None:
        self._url = dashboard.server.address
        self._cookie, self._workspace = new_visitor(self._url)
        self._chance = random.Random(number)
        self._browser: Browser | None = None
        self.run = ""
        self.pressed = 0.0
        """Seconds since 1970."""

    @property
    def openings(self) -> list[tuple[str, float]]:
        return self._browser.openings if self._browser else []

    @property
    def looks(self) -> list[float]:
        return self._browser.looks if self._browser else []

    @property
    def errors(self) -> list[str]:
        return self._browser.errors if self._browser else []

    async def learn(self, wait: float, settings: dict[str, Any]) -> None:
        """Come after ``wait`` seconds, press Train and watch, until cancelled."""
        self._browser = browser = await Browser.connected(self._url, self._cookie)
        try:
            await asyncio.sleep(wait)
            await browser.open("train")
            await browser.stay(READING_SECONDS)
            self.pressed = time.time()
            self.run = await asyncio.to_thread(start_run, self._workspace, **settings)
            watched = self._chance.uniform(0, WATCHING_SECONDS)  # not all leave at the same moment
            for other in cycle(("look", "train")):
                await browser.open("watch", f"run={self.run}")
                await browser.stay(watched)
                await browser.open(other)
                await browser.stay(AWAY_SECONDS)
                watched = WATCHING_SECONDS
        finally:
            browser.close()


class Lesson:
    """A class from pressing to the end of the last run, and what was seen of it."""

    def __init__(self, dashboard: Dashboard, count: int, settings: dict[str, Any]) -> None:
        self.learners = [Learner(dashboard, number) for number in range(count)]
        self._settings = settings
        self._processes = [psutil.Process(dashboard.server.pid), psutil.Process()]
        self.cores = [0.0, 0.0]
        """That the server and this process, which has all the browsers, kept busy."""
        self.ahead = 0.0
        """Most seconds of the worker between two learners whose runs were live."""
        self.memory_mb = 0.0
        """Most that the worker which trains has told of itself."""
        self.told: list[tuple[float, str, float | None, float | None]] = []
        """Moment and run; seconds until its first picture and until its end, as foretold then."""

    async def hold(self) -> "Lesson":
        """All of it; a line a minute says how it goes."""
        began, before = time.perf_counter(), self._used()
        step = PRESSING_SECONDS / len(self.learners)
        tasks = [
            asyncio.create_task(each.learn(number * step, self._settings))
            for number, each in enumerate(self.learners)
        ]
        try:
            seconds = 0
            while not await asyncio.to_thread(self._look, seconds):
                await asyncio.sleep(1)
                seconds += 1
                for task in tasks:
                    if task.done():
                        task.result()  # it never ends but by an error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        passed = time.perf_counter() - began
        self.cores = [(b - a) / passed for a, b in zip(before, self._used(), strict=True)]
        return self

    def _used(self) -> list[float]:
        """Seconds of the processor so far, of the server and of this process."""
        return [sum(process.cpu_times()[:2]) for process in self._processes]

    def _look(self, second: int) -> bool:
        """See how the runs stand; whether all have ended."""
        from ctdenoise.jobs import queue
        from ctdenoise.jobs.forecast import forecast
        from ctdenoise.settings import settings
        from ctdenoise.workspace.runs import find_run, last_epoch

        live = queue.live("train")
        shares = [each.memory or 0.0 for each in live]
        self.memory_mb = max([self.memory_mb, *(s * settings().worker_memory_mb for s in shares)])
        runs = [find_run(each.run) for each in self.learners if each.run]
        over = not live and len(runs) == len(self.learners)
        if runs and (over or second % 10 == 0):
            epochs = [last_epoch(run) for run in runs]
            had = [job.served for job in live]
            self.ahead = max(self.ahead, max(had, default=0.0) - min(had, default=0.0))
            ended = queue.recent("train")
            for job in live:
                found = forecast(job, live, ended)
                self.told.append((time.time(), job.id, found.first, found.end))
            if second and second % 60 == 0:
                answers = [*self.openings(), *self.looks]
                print(f"{second // 60:3d} min: {sum(not run.live for run in runs)} of "
                      f"{len(runs)} runs ended, epochs {min(epochs)} to {max(epochs)}, "
                      f"{len(answers)} answers, 95 % under {1000 * late(answers):.0f} ms, "
                      f"training {self.memory_mb:.0f} MB", flush=True)  # fmt: skip
        return over

    def openings(self, page: str = "") -> list[float]:
        """Seconds of all openings, or of one page's."""
        every = [opening for each in self.learners for opening in each.openings]
        return [took for name, took in every if page in ("", name)]

    @property
    def looks(self) -> list[float]:
        """Seconds of all that timers asked for."""
        return [took for each in self.learners for took in each.looks]

    @property
    def seconds(self) -> float:
        """From the first press to the end of the last run."""
        from ctdenoise.workspace.runs import find_run

        jobs = [find_run(each.run).job for each in self.learners]
        ended = max((job.ended or 0.0) if job else 0.0 for job in jobs)
        return ended - min(each.pressed for each in self.learners)

    @property
    def first_pictures(self) -> list[float]:
        """For each learner, seconds from pressing to the end of the first epoch."""
        return [
            min(event.time for event in epochs(each)) - each.pressed
            for each in self.learners
            if epochs(each)
        ]

    def foretold(self) -> tuple[list[float], list[float]]:
        """How many times too long the first picture, and the end, were told to take each time."""
        from ctdenoise.workspace.runs import find_run

        shown = {each.run: min(event.time for event in epochs(each)) for each in self.learners}
        jobs = [find_run(each.run).job for each in self.learners]
        ended = {job.id: job.ended or 0.0 for job in jobs if job}
        firsts = [(first, shown[run] - moment) for moment, run, first, _ in self.told]
        ends = [(end, ended[run] - moment) for moment, run, _, end in self.told]
        return _times_too_long(firsts), _times_too_long(ends)

    @property
    def lost(self) -> int:
        """Epochs that a run has not had, or has had twice."""
        from ctdenoise.workspace.runs import find_run

        count = 0
        for each in self.learners:
            told = [event.epoch for event in epochs(each)]
            wanted = find_run(each.run).config.epochs
            count += wanted - len(set(told)) + len(told) - len(set(told))
        return count

    @property
    def unfinished(self) -> list[str]:
        """What the jobs say that did not finish."""
        from ctdenoise.workspace.runs import find_run

        runs = [find_run(each.run) for each in self.learners]
        return [run.job.message if run.job else "" for run in runs if run.state != "finished"]


def _times_too_long(told: Sequence[tuple[float | None, float]]) -> list[float]:
    return [said / took for said, took in told if said is not None and took > SOON_SECONDS]


def epochs(learner: Learner) -> list[Any]:
    """The events at the ends of a learner's epochs, without that of the untrained network."""
    from ctdenoise.config import events
    from ctdenoise.workspace.runs import find_run

    told = events.read(find_run(learner.run).folder)
    return [event for event in told if isinstance(event, events.Epoch) and event.epoch]


def late(seconds: Sequence[float]) -> float:
    """95 % are less than that."""
    if len(seconds) < 2:
        return max(seconds, default=0.0)
    return quantiles(seconds, n=100, method="inclusive")[94]


def tell_answers(what: str, seconds: Sequence[float], bounded: bool = True) -> None:
    """Their middle, the 95th percentile, which is bounded, and the longest."""
    value = (f"{1000 * median(seconds):.0f}, {1000 * late(seconds):.0f}, "
             f"{1000 * max(seconds):.0f} ms") if seconds else "none"  # fmt: skip
    bound = f"95 %: at most {1000 * ANSWER_SECONDS:.0f} ms" if bounded else ""
    tell(f"{what} ({len(seconds)}): median, 95 %, longest", value, bound,
         not bounded or late(seconds) <= ANSWER_SECONDS)  # fmt: skip


def tell_foretold(what: str, ratios: Sequence[float]) -> None:
    """What was foretold over what it took, and how often that was near enough."""
    near = sum(abs(ratio - 1) <= NEAR for ratio in ratios) / len(ratios) if ratios else 0.0
    value = (f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {near:.0%} near"
             if ratios else "none")  # fmt: skip
    tell(f"{what} ({len(ratios)}), foretold over taken", value,
         f"90 % within {NEAR:.0%}", near >= 0.9)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--epochs", type=int, help="of each run; as the preset says by default")
    parser.add_argument("--alone", type=int, default=2, help="runs of one learner alone, before")
    options = parser.parse_args()
    settings = {"epochs": options.epochs} if options.epochs else {}
    with served() as dashboard:
        asyncio.run(Lesson(dashboard, 1, {"epochs": 1}).hold())  # warms up
        single = [asyncio.run(Lesson(dashboard, 1, settings).hold()) for _ in range(options.alone)]
        for each in single:
            print(f"alone: first picture after {each.first_pictures[0]:.1f} s, ended after "
                  f"{each.seconds:.1f} s", flush=True)  # fmt: skip
        held = asyncio.run(Lesson(dashboard, options.learners, settings).hold())
        judge(held, [each.seconds for each in single])
    return verdict()


def judge(held: Lesson, alone: Sequence[float]) -> None:
    """What must hold of a class, beside the times of runs alone."""
    first = held.first_pictures
    pressed = [each.pressed for each in held.learners]
    tell(f"{len(first)} learners pressed Train within", f"{max(pressed) - min(pressed):.1f} s")
    tell("first picture: median, last", f"{median(first):.1f}, {max(first):.1f} s",
         f"at most {FIRST_SECONDS:g} s",
         len(first) == len(held.learners) and max(first) <= FIRST_SECONDS)  # fmt: skip
    together = len(held.learners) * median(alone)
    tell(f"all ended after {held.seconds:.0f} s; one alone after {median(alone):.1f} s",
         f"{held.seconds / together:.3f}", f"at most {TIMES_ALONE:g} x all alone",
         held.seconds <= TIMES_ALONE * together)  # fmt: skip
    tell_answers("all answers", [*held.openings(), *held.looks])
    tell_answers("pages opened", held.openings())
    for page in ("train", "watch", "look"):
        tell_answers(f"{page.capitalize()} opened", held.openings(page), bounded=False)
    tell_answers("timers", held.looks, bounded=False)
    for what, ratios in zip(("first pictures", "ends"), held.foretold(), strict=True):
        tell_foretold(what, ratios)
    tell("most seconds of the worker between two learners", f"{held.ahead:.1f} s",
         f"at most {AHEAD_SECONDS:g} s", held.ahead <= AHEAD_SECONDS)  # fmt: skip
    tell("epochs lost or trained twice", str(held.lost), "none", not held.lost)
    tell("runs that did not finish", ", ".join(held.unfinished) or "0", "none",
         not held.unfinished)  # fmt: skip
    tell("cores that the server and the learners' side kept busy",
         ", ".join(f"{cores:.2f}" for cores in held.cores))  # fmt: skip
    errors = [error for each in held.learners for error in each.errors]
    tell("errors on pages", ", ".join([str(len(errors)), *errors[:1]]), "none", not errors)
    from ctdenoise.settings import settings

    budget = settings().worker_memory_mb
    tell("most memory of the worker that trains", f"{held.memory_mb:.0f} MB",
         f"at most {budget} MB", held.memory_mb <= budget)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
