"""A class takes the lesson: thirty learners and their teacher, on the sample and two cores.

Each learner is a visitor with a browser's session: opens the class's link, types a nickname, joins,
votes, answers questions of the lesson, one by a number of their own, starts a short run from it,
watches it and, once it has ended, compares. The teacher's page is open all the time. Must hold:

- everybody is in within 15 seconds of opening the link;
- 95 % of the page's answers to what was pressed and opened within so many milliseconds;
- what the teacher sees is never older than two seconds, 95 % of the time;
- every run ends, and nobody waits for a second run of somebody else (each has one);
- every answer is there, under whom it was given by, and nobody's page shows another's;
- the server's memory is back to within a fifth of the start after all have left.

These are seconds, for two cores of today. The presenter has a benchmark of his own, presenter.py.

    python benchmarks/teaching.py [--learners 30]
"""

import argparse
import asyncio
import gc
import random
import re
import sys
import time
from typing import Any

import psutil
from _bounds import tell, verdict
from _dashboard import Dashboard, new_visitor, served
from _person import Person
from classroom import late, tell_answers

JOINED_SECONDS = 15.0
FRESH_SECONDS = 2.0
MEMORY = 1.2
COMING_SECONDS = 20.0
"""Within which all open the link."""
SETTLING_SECONDS = 60.0
"""After which the server has given back what sessions held."""
READING_SECONDS, WATCHING_SECONDS = 6.0, 20.0
LESSON, TRAINING = "article", "first-run"
GUESS = "dose-and-noise"
"""A step that asks for a number."""
OPTIONS = ("Less", "As much", "More")


class Learner:
    """Somebody who comes to the class by its link."""

    def __init__(self, dashboard: Dashboard, number: int, code: str) -> None:
        self._url, self._code, self.number = dashboard.server.address, code, number
        self._cookie, self.workspace = new_visitor(self._url)
        self.name = f"Learner {number}"
        self.person: Person | None = None
        self.joined = 0.0
        """Seconds from opening the link to being in."""
        self.mixed: list[str] = []
        """What the page showed that is another's."""

    @property
    def vote(self) -> int:
        """Which option of the vote they choose."""
        return 1 + self.number % len(OPTIONS)

    @property
    def guess(self) -> float:
        """A number that nobody else answers."""
        return 20.0 + self.number

    async def learn(self, wait: float, over: asyncio.Event) -> None:
        """The whole of it, until the class is over."""
        from ctdenoise.workspace.runs import find_run

        chance = random.Random(self.number)
        await asyncio.sleep(wait)
        began = time.perf_counter()
        self.person = person = await Person.connected(self._url, self._cookie)
        try:
            await person.open("class", f"code={self._code}")
            person.fill("What may the class call you?", self.name)
            await person.press("Join")
            self.joined = time.perf_counter() - began
            await person.open("class")
            person.fill("Your answer", OPTIONS[self.vote - 1])
            await person.rerun(fragment=person.fragment("Your answer"))
            await person.press("Send my answer")
            await person.open("learn", f"lesson={LESSON}&step={TRAINING}")
            await self._answer("choice")
            await person.press("Train")
            await person.stay(chance.uniform(1, READING_SECONDS))
            await person.open("learn", f"lesson={LESSON}&step={GUESS}")
            await self._answer("slider")
            self._check()
            run, compared = self._run(), False
            while not over.is_set():
                await person.open("watch", f"run={run}")
                await person.stay(chance.uniform(1, WATCHING_SECONDS))
                if not compared and not find_run(run).live:
                    await person.open("compare", f"run={run}")
                    await person.stay(READING_SECONDS)
                    compared = True
                await person.open("learn", f"lesson={LESSON}&step={GUESS}")
                await person.stay(READING_SECONDS)
                self._check()
        finally:
            person.close()

    async def _answer(self, kind: str) -> None:
        from ctdenoise.lessons.reading import lessons

        asked = lessons()[LESSON].lesson.steps[TRAINING if kind == "choice" else GUESS].ask
        assert self.person and asked
        if kind == "choice":
            self.person.fill(asked.question, asked.options[self.number % len(asked.options)])
        else:
            self.person.move(f"{asked.question} ({asked.unit})", self.guess)
        await self.person.press("Answer")

    def _check(self) -> None:
        """One's own number stands on the page of the answer, and no other learner's does."""
        assert self.person
        told = re.findall(r"(?:answered:|Right:\*\*) (\S+) HU", self.person.read)
        if set(told) != {f"{self.guess:g}"}:
            self.mixed.append(", ".join(told) or "nothing")

    def _run(self) -> str:
        from ctdenoise.workspace.answers import place

        found = place(self.workspace, LESSON)
        return found.made[TRAINING] if found else ""


async def hold(dashboard: Dashboard, count: int) -> None:
    """The class from its beginning to its end, and what was seen of it."""
    from ctdenoise.jobs import queue
    from ctdenoise.lessons.model import Choice
    from ctdenoise.workspace import answers, classes, votes
    from ctdenoise.workspace.runs import runs_of

    found, _ = classes.create(dashboard.workspace, "Benchmark", LESSON)
    server = psutil.Process(dashboard.server.pid)
    learners = [Learner(dashboard, number, found.code) for number in range(count)]
    vote = votes.put(found.id, Choice(kind="choice", question="More or less?", options=OPTIONS))
    warm = Learner(dashboard, count, found.code)  # whatever is imported late is there at the start
    done = asyncio.Event()
    done.set()
    await warm.learn(0.0, done)
    teacher = await Person.connected(dashboard.server.address, dashboard.cookie)
    await teacher.open("teach")
    await asyncio.sleep(SETTLING_SECONDS / 2)
    before = server.memory_info().rss
    over = asyncio.Event()
    step = COMING_SECONDS / count
    tasks = [
        asyncio.create_task(each.learn(number * step, over)) for number, each in enumerate(learners)
    ]
    fresh: list[float] = []
    try:
        seen = time.perf_counter()
        while any(not task.done() for task in tasks) and not over.is_set():
            looks = len(teacher.looks)
            await teacher.stay(0.25)
            if len(teacher.looks) > looks:
                fresh.append(time.perf_counter() - seen)
                seen = time.perf_counter()
            ready = all(each.joined for each in learners) and not queue.live("train")
            if ready and all(runs_of(each.workspace) for each in learners):
                over.set()
            for task in tasks:
                if task.done():
                    task.result()
    finally:
        over.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        teacher.close()
    judge(learners, fresh, answers.of_class(found.id), vote.key)
    gc.collect()
    await asyncio.sleep(SETTLING_SECONDS)
    after = server.memory_info().rss
    tell(f"memory of the server: {before >> 20} MB, {after >> 20} MB after all have left",
         f"{after / before:.2f}", f"at most {MEMORY:g}", after <= MEMORY * before)  # fmt: skip


def judge(learners: list[Learner], fresh: list[float], given: list[Any], vote: str) -> None:
    """What must hold of it."""
    from ctdenoise.workspace.runs import runs_of

    people = [each.person for each in learners if each.person]
    joined = [each.joined for each in learners]
    came = all(0 < each <= JOINED_SECONDS for each in joined)
    tell("from opening the link to being in: longest", f"{max(joined):.1f} s",
         f"at most {JOINED_SECONDS:g} s", came)  # fmt: skip
    pressed = [took for person in people for took in person.acts]
    opened = [took for person in people for _, took in person.openings]
    tell_answers("all answers", [*pressed, *opened, *(t for p in people for t in p.looks)])
    tell_answers("what was pressed", pressed)
    tell_answers("pages opened", opened, bounded=False)
    for page in ("class", "learn", "watch", "compare"):
        took = [t for p in people for name, t in p.openings if name == page]
        tell_answers(f"{page.capitalize()} opened", took, bounded=False)
    tell(f"the teacher's page is drawn anew ({len(fresh)} times): 95 %", f"{late(fresh):.2f} s",
         f"at most {FRESH_SECONDS:g} s", late(fresh) <= FRESH_SECONDS)  # fmt: skip
    mine = {(each.workspace, each.step): each.value for each in given}
    lost = [each.name for each in learners
            if mine.get((each.workspace, GUESS)) != each.guess
            or mine.get((each.workspace, vote)) != each.vote
            or (each.workspace, TRAINING) not in mine]  # fmt: skip
    tell("answers that are not kept as they were given", ", ".join(lost) or "0", "none", not lost)
    mixed = [each.name for each in learners if each.mixed]
    tell("pages that showed another's answer", ", ".join(mixed) or "0", "none", not mixed)
    states = [run.state for each in learners for run in runs_of(each.workspace)]
    unfinished = [state for state in states if state != "finished"]
    tell(f"runs ({len(states)}) that did not finish", ", ".join(unfinished) or "0", "none",
         not unfinished and len(states) == len(learners))  # fmt: skip
    errors = [error for person in people for error in person.errors]
    tell("errors on pages", ", ".join([str(len(errors)), *errors[:1]]), "none", not errors)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=30)
    options = parser.parse_args()
    with served() as dashboard:
        asyncio.run(hold(dashboard, options.learners))
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
