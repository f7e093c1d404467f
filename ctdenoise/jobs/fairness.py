"""Whose turn it is: the rule by which people share the workers of a queue, second by second.

Start-time fair queueing between people (Goyal, Vin and Cheng, SIGCOMM 1996): whoever has had the
fewest seconds of the workers comes next, and whoever joins begins at what the one who has had the
fewest of all has had, so that nobody is paid for the past. A job that has had its turn gives way
where somebody else would come next. No database and no clock: :mod:`ctdenoise.jobs.queue` asks it
with rows, :mod:`ctdenoise.jobs.simulation` with a thousand learners.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

TURN_SECONDS = 2.0
"""A turn ends at the next step after so long."""
LEAST_SECONDS = 0.5
"""At the end of an epoch it ends after so long already; each change costs some milliseconds."""
FIRST_SECONDS = 5.0
"""So long may a turn be in which a run comes to its first picture: a class in which everybody has
to wait for a second round sees nothing in the first. It is charged like any other."""


@dataclass(frozen=True)
class Entry:
    """A job that waits or runs, as the rule sees it."""

    id: str
    person: str
    queued: float
    """When it was asked for, seconds; giving way does not change that."""
    served: float = 0.0
    """Seconds of workers that its person has had: the same in all that the person has here."""
    running: bool = False
    interrupted: bool = False
    """Whether an accident took it from its worker."""
    kept: bool = True
    """Whether what it makes stays; else it is an answer that a page waits for."""


def entering(person: str, live: Collection[Entry]) -> float:
    """The ``served`` of a job that joins the ``live`` ones."""
    own = [each.served for each in live if each.person == person]
    return max(own) if own else min((each.served for each in live), default=0.0)


def key(entry: Entry, ahead: int) -> tuple[bool, int, float, float]:
    """What is smaller comes first; ``ahead``: how many jobs of the same person run or come before.

    So a person's second job waits for everybody's first.
    """
    return (not entry.interrupted, ahead, entry.served, entry.queued)


def order(live: Collection[Entry]) -> list[Entry]:
    """Those that wait, in the order in which they come next.

    >>> two, one = Entry("a2", "ann", queued=1), Entry("a1", "ann", queued=0)
    >>> [each.id for each in order([two, one, Entry("b1", "bob", queued=2, served=5)])]
    ['a1', 'b1', 'a2']
    """
    ahead = Counter(each.person for each in live if each.running)
    keys: dict[str, tuple[bool, int, float, float]] = {}
    waiting = [each for each in live if not each.running]
    for each in sorted(waiting, key=lambda each: (each.kept, each.queued)):
        keys[each.id] = key(each, ahead[each.person])
        ahead[each.person] += 1
    return sorted(waiting, key=lambda each: keys[each.id])


def gives_way(entry: Entry, seconds: float, live: Collection[Entry]) -> bool:
    """Whether somebody else comes next when ``entry``, one of the ``live`` ones, has run for so
    many ``seconds``.

    >>> runs, waits = Entry("a", "ann", queued=0, running=True), Entry("b", "bob", queued=1)
    >>> gives_way(runs, 1.0, [runs, waits]), gives_way(runs, 1.0, [runs])
    (True, False)
    """
    again = replace(entry, running=False, interrupted=False, served=entry.served + seconds)
    return order([again, *(each for each in live if each.id != entry.id)])[0].id != entry.id


def choice(waiting: Sequence[Entry], here: Collection[str], elsewhere: Collection[str]) -> Entry:
    """Which of those that wait, in their order, a worker takes that has some of them in its memory
    (``here``, by id), as other workers have (``elsewhere``).

    The first one; but what lies in another worker's memory is left to that one as long as one that
    lies here has had no more than a turn more.
    """
    first = waiting[0]
    if first.id in here or first.id not in elsewhere or first.interrupted:
        return first
    near = (
        each for each in waiting if each.id in here and each.served <= first.served + TURN_SECONDS
    )
    return next(near, first)
