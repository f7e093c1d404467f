"""Waiting for what another thread or process brings about."""

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], seconds: float = 300) -> None:
    """Return as soon as ``condition`` holds; the test fails where it takes long even for a busy
    machine."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
