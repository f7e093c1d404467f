"""Pages without a browser, and what stands in for the engine there."""

from collections.abc import Iterable
from typing import Any

from streamlit.testing.v1 import AppTest
from waiting import SECONDS

from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, worker
from ctdenoise.jobs.executor import Executor
from ctdenoise.jobs.kind import GaveWay
from ctdenoise.settings import ROOT
from ctdenoise.ui import menu, uploads
from ctdenoise.ui.visitors import COOKIE, device_of
from ctdenoise.workspace.database import Job

COOKIES = {COOKIE: "1" * 32}
"""Of the visitor whose sessions these are."""
WORKSPACE = device_of(COOKIES[COOKIE]) or ""


class Done:
    """An answer that is there already."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def done(self) -> bool:
        return True

    def result(self, timeout: float | None = None) -> Any:
        if isinstance(self.value, Problem):
            raise self.value
        return self.value


class OnTheSpot(Executor):
    """Does what it is given at once, but for kinds of job in ``waiting``; trains nothing."""

    def __init__(self) -> None:
        self.waiting = {"train"}
        self.launched: list[str] = []

    def dispatch(self, job: Job) -> None:
        if job.kind in self.waiting:
            self.launched.append(job.id)
        elif taken := leases.take(job.id, "test"):
            while worker.execute(taken) is GaveWay:
                taken = leases.take(job.id, "test")

    def fetch(self, job: Job) -> Done:
        taken = leases.take(job.id, "test")
        assert taken
        try:
            return Done(worker.execute(taken, raising=True))
        except Problem as problem:
            return Done(problem)


def opened(name: str, **query: str) -> AppTest:
    """The app with one page open."""
    app = AppTest.from_file(str(ROOT / "ctdenoise" / "ui" / "main.py"), default_timeout=SECONDS)
    app.switch_page(str(menu.page(name)))
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def send(app: AppTest, *files: tuple[str, bytes], how: str = "arrived") -> AppTest:
    """Files arrive from the browser, which says ``how``."""
    chosen = [uploads.Chosen(name=name, size=len(content)) for name, content in files]
    id = uploads.announce(WORKSPACE, chosen)
    for number, (_, content) in enumerate(files):
        uploads.receive(WORKSPACE, id, number, 0, content)
    return say(app, id, how)


def say(app: AppTest, id: str, how: str) -> AppTest:
    """The place to drop files says how an upload stands."""
    place = f"upload-{app.session_state['upload']}"
    app.session_state[place] = {"upload": [id, how]}
    return app.run()


def labelled(elements: Iterable[Any], label: str) -> Any:
    return next(element for element in elements if element.label == label)
