"""How long a training still takes, from what its recent epochs took."""

from collections import deque

RECENT = 8
"""Epochs whose mean tells how long the others will take: a single one may be slow by chance."""


class Pace:
    """What the parts of recent epochs took in seconds: their steps, their look at what the network
    makes of validation patches and progress slice, and scoring, keeping and telling that."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, float]] = deque(maxlen=RECENT)
        self._looks: deque[float] = deque(maxlen=RECENT)
        self._keeps: deque[float] = deque(maxlen=RECENT)

    def stepped(self, steps: int, seconds: float) -> None:
        """An epoch's steps, or those that were left of it."""
        if steps:
            self._steps.append((steps, seconds))

    def looked(self, seconds: float) -> None:
        """One look."""
        self._looks.append(seconds)

    def kept(self, seconds: float) -> None:
        """What one look gave is scored, on the disk, and told."""
        self._keeps.append(seconds)

    def left(self, steps: int, epochs: int) -> float | None:
        """Seconds for so many more steps and epochs, told after a look whose findings are still to
        be kept; None before the first step.

        >>> pace = Pace()
        >>> pace.stepped(20, 4.0)
        >>> pace.looked(0.5)
        >>> pace.kept(0.1)
        >>> round(pace.left(40, 2), 3)
        9.3
        """
        if not self._steps:
            return None
        done, took = map(sum, zip(*self._steps, strict=True))
        return steps * took / done + epochs * _mean(self._looks) + (epochs + 1) * _mean(self._keeps)


def _mean(seconds: deque[float]) -> float:
    return sum(seconds) / len(seconds) if seconds else 0.0
