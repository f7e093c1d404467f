"""A teacher presents, and a class of thirty follows: how late what one sets is seen by all.

One teacher's viewer posts another window ten times a second and another slice once a second, as the
browser does: the next one once the last is answered. Thirty learners listen, each over a connection
of their own, and one more follows in a real Chromium, whose canvas is looked at. Must hold:

- 95 % of what is posted has reached each follower within half a second, and the canvas, too;
- every follower has the last one.

What was overtaken counts until the newer one arrived. These are seconds, for two cores of today.
With ``--training``, every learner has a run meanwhile.

    python benchmarks/presenter.py [--followers 30] [--seconds 30] [--training]
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import Any

import httpx2 as httpx
import psutil
from _bounds import tell, verdict
from _dashboard import Dashboard, launch, new_visitor, served, start_run
from playwright.async_api import Page, async_playwright

LATE_SECONDS = 0.5
PAUSE_SECONDS = 0.1
"""Between two posts of a viewer, as ui/viewer/presenting.js has it."""
SETTLING_SECONDS = 3.0
STEPS, FIRST_LEVEL, LEVEL_STEP, WIDTH = 50, -800, 20, 2550
"""Each post has another level; a grey level is 10 HU, so that each step is seen as two of them."""

CANVAS = """Array.from(document.querySelectorAll("*"), (each) => each.shadowRoot)
  .map((root) => root?.querySelector("[data-testid=viewer-canvas-0]")).find(Boolean)"""
WATCH = f"""() => {{
  window.greys = [];
  const look = () => {{
    const grey = ({CANVAS})?.getContext("2d").getImageData(2, 2, 1, 1).data[0];
    if (window.greys.at(-1)?.[1] !== grey)
      window.greys.push([(performance.timeOrigin + performance.now()) / 1000, grey]);
    requestAnimationFrame(look);
  }};
  look();
}}"""
"""Notes every grey level of a corner of the first picture, and when it was first drawn."""


@dataclass
class Follower:
    """How late each post has arrived, by its number; nothing is kept of what never did."""

    arrived: list[float] = field(default_factory=list)

    def saw(self, number: int, moment: float, posted: Sequence[float]) -> None:
        """A post has arrived, and with it all before."""
        self.arrived += [moment - sent for sent in posted[len(self.arrived) : number + 1]]


class Lesson:
    """A class with a teacher who presents, on the sample."""

    def __init__(self, dashboard: Dashboard, count: int) -> None:
        from ctdenoise.ui.classroom import stream
        from ctdenoise.workspace import classes

        self.url = dashboard.server.address
        self._present, self._follow = self.url + stream.PRESENT, self.url + stream.FOLLOW
        self._server = psutil.Process(dashboard.server.pid)
        self._teacher = dashboard.cookie
        self.lesson, _ = classes.create(dashboard.workspace, "Benchmark", "article")
        people = [new_visitor(self.url) for _ in range(count + 1)]
        for number, (_, workspace) in enumerate(people):
            classes.join(self.lesson, workspace, f"Learner {number}")
        self.watcher, self._cookies = people[0][0], [cookie for cookie, _ in people[1:]]
        self.workspaces = [workspace for _, workspace in people]
        self.posted: list[float] = []
        """When each was sent, in seconds since 1970."""
        self.followers = [Follower() for _ in range(count)]
        self.canvas = Follower()
        self.cores = 0.0

    async def hold(self, seconds: float) -> None:
        """Present for so long."""
        async with (
            httpx.AsyncClient(headers={"Cookie": self._teacher}, timeout=60) as teacher,
            httpx.AsyncClient(timeout=None, limits=httpx.Limits()) as learners,
            async_playwright() as playwright,
        ):
            id = (await teacher.post(self._present, json=self._whole())).json()["id"]
            listening = [
                asyncio.create_task(self._listen(learners, follower, cookie))
                for follower, cookie in zip(self.followers, self._cookies, strict=True)
            ]
            chromium: Any = launch(playwright)  # type: ignore[arg-type]
            page = await self._opened(await chromium)
            await asyncio.sleep(SETTLING_SECONDS)
            with self._busy():
                end = time.time() + seconds
                while time.time() < end:
                    began, change = time.time(), setting(len(self.posted))
                    self.posted.append(began)
                    answer = await teacher.post(self._present, json={"id": id, "setting": change})
                    answer.raise_for_status()
                    await asyncio.sleep(max(0.0, began + PAUSE_SECONDS - time.time()))
            await asyncio.sleep(SETTLING_SECONDS)
            self._judge_canvas(await page.evaluate("window.greys"))
            for each in listening:
                if each.done():
                    each.result()  # it never ends but by an error
                each.cancel()
            await asyncio.gather(*listening, return_exceptions=True)

    def _whole(self) -> dict[str, Any]:
        """What Look shows of the sample."""
        from ctdenoise.settings import settings
        from ctdenoise.ui.components import panes
        from ctdenoise.workspace.sample import WORKSPACE, sample_records

        record = sample_records(settings().workspaces)[0]
        shown = [panes.low(WORKSPACE, record), panes.full(WORKSPACE, record)]
        shown.append(panes.difference("Low minus full", shown, of=0, minus=1, like=0))
        every = {"panes": [asdict(pane) for pane in shown], **setting(0)}
        return {"title": "Look", "page": "look", "shown": every}

    async def _listen(self, client: httpx.AsyncClient, follower: Follower, cookie: str) -> None:
        headers = {"Cookie": cookie}
        async with client.stream("GET", self._follow, headers=headers) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if self.posted and line.startswith('data: {"frame"'):
                    moment, told = time.time(), json.loads(line.removeprefix("data: "))
                    step = round((told["window"][0] - FIRST_LEVEL) / LEVEL_STEP)
                    follower.saw(self._newest(step, moment), moment, self.posted)

    def _newest(self, step: int, moment: float) -> int:
        """The number of the last post before ``moment`` with this step."""
        number = sum(sent <= moment for sent in self.posted) - 1
        return number - (number - step) % STEPS

    async def _opened(self, chromium: Any) -> Page:
        context = await chromium.new_context(viewport={"width": 1280, "height": 720})
        name, _, value = self.watcher.partition("=")
        await context.add_cookies([{"name": name, "value": value, "url": self.url}])
        page: Page = await context.new_page()
        await page.goto(f"{self.url}/class")
        await page.wait_for_function(f"() => ({CANVAS})?.width > 1", timeout=120_000)
        await page.evaluate(WATCH)
        return page

    def _judge_canvas(self, greys: list[tuple[float, float]]) -> None:
        """What the canvas showed, from its first grey level on, which is that of the step 0."""
        first = greys[0][1]
        for moment, grey in greys[1:]:
            step = round((first - grey) * 10 / LEVEL_STEP)
            self.canvas.saw(self._newest(step % STEPS, moment), moment, self.posted)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        began, before = time.perf_counter(), sum(self._server.cpu_times()[:2])
        yield
        used = sum(self._server.cpu_times()[:2]) - before
        self.cores = used / (time.perf_counter() - began)


def setting(number: int) -> dict[str, Any]:
    """What the teacher's viewer is set to, which says its own number."""
    level = FIRST_LEVEL + LEVEL_STEP * (number % STEPS)
    return {"frame": number // 10 % 8, "window": [level, WIDTH]}


def tell_late(what: str, seconds: Sequence[float]) -> None:
    """Their middle, the 95th percentile, which is bounded, and the longest."""
    late = quantiles(seconds, n=100)[94]
    tell(f"{what} ({len(seconds)}): median, 95 %, longest",
         f"{1000 * median(seconds):.0f}, {1000 * late:.0f}, {1000 * max(seconds):.0f} ms",
         f"95 %: at most {1000 * LATE_SECONDS:.0f} ms", late <= LATE_SECONDS)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--followers", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--training", action="store_true", help="every learner trains meanwhile")
    options = parser.parse_args()
    with served() as dashboard:
        lesson = Lesson(dashboard, options.followers)
        if options.training:
            for workspace in lesson.workspaces:
                start_run(workspace)
        asyncio.run(lesson.hold(options.seconds))
    posts = len(lesson.posted)
    tell("posts a second", f"{posts / options.seconds:.1f}")
    tell_late("at followers", [took for each in lesson.followers for took in each.arrived])
    tell_late("on the canvas", lesson.canvas.arrived)
    without = [each for each in (*lesson.followers, lesson.canvas) if len(each.arrived) != posts]
    tell("followers without the last post", str(len(without)), "none", not without)
    tell("cores that the server kept busy", f"{lesson.cores:.2f}")
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
