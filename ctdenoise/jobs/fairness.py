"""Whose turn it is: the rule by which people share the workers of a queue, second by second.

Start-time fair queueing between people (Goyal, Vin and Cheng, SIGCOMM 1996): whoever has had the
fewest seconds of the workers comes next, and whoever joins begins at what the one who has had the
fewest of all has had, so that nobody is paid for the past. A job that has had its turn gives way
where somebody else would come next. No database and no clock: :mod:`ctdenoise.jobs.queue` asks it
with the rows as they are, :mod:`ctdenoise.jobs.simulation` keeps a thousand learners in a
:class:`Line`.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

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


Rank = tuple[bool, int, float, float, str]


def rank(entry: Entry, ahead: int) -> Rank:
    """What is smaller comes first; ``ahead``: how many jobs of the same person run or come before.

    So a person's second job waits for everybody's first.
    """
    return (not entry.interrupted, ahead, entry.served, entry.queued, entry.id)


def ranks(own: Collection[Entry], rank: Callable[[Entry, int], Rank] = rank) -> dict[str, Rank]:
    """Of those of a person's jobs that wait, by id: it depends on nobody else's."""
    waiting = [each for each in own if not each.running]
    waiting.sort(key=lambda each: (each.kept, each.queued, each.id))
    running = len(own) - len(waiting)
    return {each.id: rank(each, ahead) for ahead, each in enumerate(waiting, running)}


def order(live: Collection[Entry]) -> list[Entry]:
    """Those that wait, in the order in which they come next.

    >>> two, one = Entry("a2", "ann", queued=1), Entry("a1", "ann", queued=0)
    >>> [each.id for each in order([two, one, Entry("b1", "bob", queued=2, served=5)])]
    ['a1', 'b1', 'a2']
    """
    people: defaultdict[str, list[Entry]] = defaultdict(list)
    for each in live:
        people[each.person].append(each)
    known = dict(chain.from_iterable(ranks(own).items() for own in people.values()))
    return sorted((each for each in live if not each.running), key=lambda each: known[each.id])


def gives_way(entry: Entry, seconds: float, live: Collection[Entry]) -> bool:
    """Whether somebody else comes next when ``entry``, one of the ``live`` ones, has run for so
    many ``seconds``.

    >>> runs, waits = Entry("a", "ann", queued=0, running=True), Entry("b", "bob", queued=1)
    >>> gives_way(runs, 1.0, [runs, waits]), gives_way(runs, 1.0, [runs])
    (True, False)
    """
    again = replace(entry, running=False, interrupted=False, served=entry.served + seconds)
    return order([again, *(each for each in live if each.id != entry.id)])[0].id != entry.id


def choice(waiting: Iterable[Entry], here: Collection[str], elsewhere: Collection[str]) -> Entry:
    """Which of those that wait, in their order, a worker takes that has some of them in its memory
    (``here``, by id), as other workers have (``elsewhere``).

    The first one; but what lies in another worker's memory is left to that one as long as one that
    lies here has had no more than a turn more.
    """
    waiting = iter(waiting)
    first = next(waiting)
    if first.id in here or first.id not in elsewhere or first.interrupted:
        return first
    near = (
        each for each in waiting if each.id in here and each.served <= first.served + TURN_SECONDS
    )
    return next(near, first)


class Line:
    """What :func:`order` finds for all of them, kept up to date job by job: people stand in a heap
    by the one of their jobs that comes first, so a change costs the logarithm of their number.

    ``rank`` may be another rule, to see what becomes of people under that.
    """

    def __init__(self, rank: Callable[[Entry, int], Rank] = rank) -> None:
        self._rank = rank
        self._people: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
        self._waiting: dict[str, tuple[Rank, Entry]] = {}
        self._heap: list[Rank] = []
        """Of each person the best rank there is, and some that hold no more."""

    def join(self, id: str, person: str, queued: float) -> None:
        """Somebody asks for a job."""
        everybody = [next(iter(own.values())) for own in self._people.values()]
        own = self._people[person]
        own[id] = Entry(id, person, queued, entering(person, everybody))
        self._changed(own)

    def start(self, entry: Entry) -> None:
        """One that waited has its turn from now on."""
        own = self._people[entry.person]
        own[entry.id] = replace(entry, running=True)
        del self._waiting[entry.id]
        self._changed(own)

    def wait(self, id: str, person: str, seconds: float, interrupted: bool = False) -> None:
        """One has had so many ``seconds`` and waits again."""
        own = self._people[person]
        for each in list(own.values()):
            own[each.id] = replace(
                each,
                served=each.served + seconds,
                running=each.running and each.id != id,
                interrupted=interrupted if each.id == id else each.interrupted,
            )
        self._changed(own)

    def leave(self, id: str, person: str, seconds: float) -> None:
        """One has had so many ``seconds`` and has ended."""
        self.wait(id, person, seconds)
        del self._people[person][id], self._waiting[id]
        self._changed(self._people[person])
        if not self._people[person]:
            del self._people[person]

    def first(self) -> Entry | None:
        """Which comes next; None where nobody waits."""
        while self._heap:
            rank, entry = self._waiting.get(self._heap[0][-1], (None, None))
            if rank == self._heap[0]:
                return entry
            heapq.heappop(self._heap)
        return None

    def among(self, ids: Iterable[str]) -> Iterator[Entry]:
        """Some of those that wait, in their order."""
        for _, entry in sorted(self._waiting[id] for id in ids):
            yield entry

    def _changed(self, own: dict[str, Entry]) -> None:
        """Some of a person's jobs have."""
        if found := ranks(own.values(), self._rank):
            self._waiting.update((id, (rank, own[id])) for id, rank in found.items())
            heapq.heappush(self._heap, min(found.values()))
