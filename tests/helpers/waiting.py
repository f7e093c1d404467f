"""Waiting for what another thread or process brings about."""

import time
from collections.abc import Callable

SECONDS = 300
"""Long even for a busy machine."""


def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Return as soon as ``condition`` holds; the test fails where it takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
