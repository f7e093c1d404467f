"""Pages without a browser, and what stands in for the engine there."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from ctdenoise.settings import ROOT
from ctdenoise.ui import menu
from ctdenoise.workspace.runs import store

WORKSPACE = "local"
"""What a session without cookies gets."""


class Done:
    """An answer that is there already."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def done(self) -> bool:
        return True

    def result(self, timeout: float | None = None) -> Any:
        return self.value


class OnTheSpot:
    """An engine that does what it is asked at once, and trains nothing."""

    def __init__(self) -> None:
        self.launched: list[str] = []

    def ask(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Done:
        return Done(function(*arguments))

    def busy(self, function: Callable[..., Any], about: str) -> bool:
        return False

    def launch(self, run_id: str) -> None:
        self.launched.append(run_id)

    def continue_run(self, run_id: str, epochs: int) -> None:
        store().requeue(run_id, epochs)
        self.launched.append(run_id)


def opened(name: str, **query: str) -> AppTest:
    """The app with one page open."""
    app = AppTest.from_file(str(ROOT / "ctdenoise" / "ui" / "main.py"), default_timeout=30)
    app.switch_page(str(menu.page(name)))
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def labelled(elements: list, label: str):  # type: ignore[no-untyped-def]
    return next(element for element in elements if element.label == label)
