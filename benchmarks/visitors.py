"""Thirty visitors on the Compare page, one rerun a second each, while a run trains.

Every visitor has a workspace and a finished run of their own, on the shared sample. Their classes
take turns with classes of as many visitors on a bare Streamlit page. Must hold:

- the processor's time for a rerun, against the bare page's;
- the usual answer, and 95 % of answers, within so many times of what a class waits for a bare page
  that is busy as long as ours: then both queue for the processor alike, and what is left is waiting
  for anything else;
- memory of the server flat after the visitors have left.

    python benchmarks/visitors.py [--sessions 30] [--seconds 5] [--classes 6]
"""

import argparse
import asyncio
import shutil
import sys
import time
from dataclasses import dataclass
from statistics import median, quantiles

import psutil
from _bounds import beside, tell, verdict
from _browser import Browser
from _dashboard import BARE, Dashboard, new_visitor, served, server, start_run

PROCESSOR = 5.5
"""3.8 measured: Compare has a viewer, a table and a report where the bare page has one picture."""
WAIT = 1.8
"""A page that waits for nothing but the processor waits as long as one that is as busy."""
FLAT = 0.05
"""What is kept of a class must not pile up; allocators scatter by a few percent."""


@dataclass(frozen=True)
class Visitor:
    """Somebody with a cookie who reruns ``page`` with ``query``."""

    cookie: str
    page: str
    query: str


@dataclass(frozen=True)
class Lesson:
    """What a class has waited, in seconds, and what the server spent on it."""

    waits: list[float]
    processor: float
    """Seconds of the processor for each rerun."""

    @property
    def late(self) -> float:
        """95 % of the answers took less, seconds."""
        return quantiles(self.waits, n=100)[94]


def visitors(dashboard: Dashboard, count: int) -> list[Visitor]:
    """People with a finished run each: one is trained, the others get copies of it."""
    from ctdenoise.jobs import queue
    from ctdenoise.jobs.kinds.train import TRAIN, Train
    from ctdenoise.workspace.runs import create_run, find_run

    first = find_run(start_run(dashboard.workspace, epochs=1))
    while find_run(first.id).live:
        time.sleep(0.2)
    people = []
    for _ in range(count):
        cookie, workspace = new_visitor(dashboard.server.address)
        run = create_run(workspace, "Mine", first.config, first.pairs)
        shutil.copytree(first.folder, run.folder, dirs_exist_ok=True)
        queue.stop(queue.add(TRAIN, Train(), workspace, id=run.id).id)
        people.append(Visitor(cookie, "compare", f"run={run.id}"))
    return people


async def session(url: str, person: Visitor, seconds: float, offset: float) -> list[float]:
    """One visitor who causes a rerun every second."""
    browser = await Browser.connected(url, person.cookie)
    await browser.open(person.page, person.query)
    await asyncio.sleep(offset)
    for _ in range(int(seconds)):
        took = await browser.open(person.page, person.query)
        await asyncio.sleep(max(0.0, 1.0 - took))
    browser.close()
    return [took for _, took in browser.openings[1:]]


async def together(url: str, people: list[Visitor], seconds: float) -> list[float]:
    """Everybody at once; the seconds of all their reruns."""
    sessions = (session(url, one, seconds, i / len(people)) for i, one in enumerate(people))
    return [t for times in await asyncio.gather(*sessions) for t in times]


def lesson(name: str, url: str, pid: int, people: list[Visitor], seconds: float) -> Lesson:
    """One class, told in a line."""
    process = psutil.Process(pid)
    before = process.cpu_times()
    waits = asyncio.run(together(url, people, seconds))
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    held = Lesson(waits, used / (len(waits) + len(people)))
    print(f"{name}: {len(people)} visitors, {len(waits)} reruns: median "
          f"{1000 * median(waits):.0f} ms, 95 % under {1000 * held.late:.0f} ms, slowest "
          f"{1000 * max(waits):.0f} ms; {1000 * held.processor:.1f} ms of processor a rerun",
          flush=True)  # fmt: skip
    return held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--classes", type=int, default=6)
    options = parser.parse_args()
    ours: list[Lesson] = []
    bare: list[Lesson] = []
    busy: list[Lesson] = []
    memory: list[float] = []
    with served() as dashboard, server(BARE) as yardstick:
        people = visitors(dashboard, options.sessions)
        start_run(dashboard.workspace, epochs=1000)  # goes on training all the while
        process = psutil.Process(dashboard.server.pid)
        for _ in range(options.classes):
            ours.append(lesson("ours", dashboard.server.address, dashboard.server.pid, people,
                               options.seconds))  # fmt: skip
            for lessons, name, longer in ((bare, "bare page", 0.0), (busy, "as busy", 1.0)):
                extra = longer * max(0.0, ours[-1].processor - bare[-1].processor) if bare else 0.0
                idlers = [Visitor("", "", f"busy={extra}")] * options.sessions
                lessons.append(lesson(name, yardstick.address, yardstick.pid, idlers,
                                      options.seconds))  # fmt: skip
            memory.append(process.memory_info().rss / 2**20)
    for lessons in (ours, bare, busy):  # in the first one, the server still works out the pictures
        del lessons[0]
    beside("processor for a rerun", [each.processor for each in ours],
           [each.processor for each in bare], "bare page", at_most=PROCESSOR)  # fmt: skip
    beside("usual rerun", [median(each.waits) for each in ours],
           [median(each.waits) for each in busy], "bare page as busy", at_most=WAIT)  # fmt: skip
    beside("95 % of reruns under", [each.late for each in ours], [each.late for each in busy],
           "bare page as busy", at_most=WAIT)  # fmt: skip
    grown = memory[-1] / memory[0] - 1
    tell(f"memory after the last class against the first's {memory[0]:.0f} MB", f"{grown:+.1%}",
         f"flat: under {FLAT:.0%}", grown <= FLAT)  # fmt: skip
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
