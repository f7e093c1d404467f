"""Who tries codes and keys that nobody has is stopped for a while, before there is a hit.

Kept in memory, by each server for itself: a code of six letters stands against 300 tries a minute
for some five years, and a personal code of eight for thousands.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from ctdenoise.errors import Problem

SECONDS = 60.0
MOST = {"device": 10, "address": 40, "server": 300}
"""Failures within ``SECONDS``; a whole class may share one address."""
KNOWN = 10_000

_failures: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
_lock = threading.Lock()


@contextmanager
def counted(device: str, address: str) -> Iterator[None]:
    """Around one try: a :class:`Problem` in it counts as a failure, and where there were too many
    it is not even tried."""
    who = [("device", device), ("address", address), ("server", "")]
    moment = time.monotonic()
    with _lock:
        if any(_recent(each, moment) >= MOST[each[0]] for each in who):
            raise Problem(
                "Too many codes",
                "were tried here that nobody has",
                "wait a minute, then type the code once more, slowly",
            )
    try:
        yield
    except Problem:
        with _lock:
            if len(_failures) >= KNOWN:
                for each in [each for each in _failures if not _recent(each, moment)]:
                    del _failures[each]
            for each in who:
                _failures[each].append(moment)
        raise


def forget() -> None:
    """Nobody has tried anything."""
    with _lock:
        _failures.clear()


def _recent(who: tuple[str, str], moment: float) -> int:
    """How many failures of somebody are not too old to count."""
    found = _failures.get(who)
    while found and moment - found[0] >= SECONDS:
        found.popleft()
    return len(found or ())
