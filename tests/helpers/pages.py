"""What stands in for the engine where pages are tested without one."""

from collections.abc import Callable
from typing import Any

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
