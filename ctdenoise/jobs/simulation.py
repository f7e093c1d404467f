"""What becomes of a class under the rule of :mod:`ctdenoise.jobs.fairness`, by a virtual clock.

No torch, no database, no threads: people press Train, workers join and die, and all that takes time
is a number. So a rule can be read, changed and tried for a thousand learners on a hundred workers:

>>> ann, bob = (Run(who, asked=0.0, seconds=3.0, epoch=1.0, first=1.0) for who in ("ann", "bob"))
>>> told = simulate([ann, bob], [ALWAYS], Machine(from_memory=0.0))
>>> [(fate.first, fate.end, fate.turns) for fate in told.fates]
[(1.0, 5.0, 3), (2.0, 6.0, 3)]

The same happens in the engine (:mod:`ctdenoise.jobs.worker`), but for three things that take time
there: it is heard twice a second that others wait, a death is noticed within seconds, and what has
been served is charged as often as the worker speaks, not at each point where a turn may end.
"""

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import NamedTuple

from ctdenoise.jobs import fairness
from ctdenoise.jobs.fairness import FIRST_SECONDS, LEAST_SECONDS, TURN_SECONDS, Entry, Line, Rank

Spans = Sequence[tuple[float, float]]
"""When a worker is there: from when until when, again and again. Each span ends with its death."""
ALWAYS: Spans = ((0.0, math.inf),)


@dataclass(frozen=True)
class Run:
    """A training, as it is asked for; all in seconds."""

    person: str
    asked: float
    seconds: float
    """Of work in all."""
    epoch: float
    """Each ends with a picture and with the state on the disk."""
    first: float
    """Until the end of the first one, which has everything to read and to build."""
    step: float = 1 / 64
    """A turn ends between two of them."""


@dataclass(frozen=True)
class Machine:
    """What it costs a worker to change to another run; seconds."""

    from_memory: float = 0.004
    from_disk: float = 0.06
    memory: int = 40
    """So many runs that wait fit into a worker's memory."""


class Turn(NamedTuple):
    """What a run had of a worker at a time: ``end - begin == change + work + lost``."""

    run: int
    worker: int
    begin: float
    end: float
    change: float
    """Seconds that it took to get the run there."""
    work: float
    """Seconds that brought it further."""
    lost: float
    """Seconds of work since the last epoch, which the worker's death undid."""
    cut: bool
    """Whether the worker died."""


class Fate(NamedTuple):
    """What somebody who asked for a run lived to see; moments."""

    first: float
    """The first trained picture."""
    end: float
    turns: int
    longest_wait: float
    """Seconds, for the first turn or between two."""


@dataclass(frozen=True)
class Told:
    """All that has happened."""

    runs: Sequence[Run]
    turns: list[Turn]
    """In the order of their ends."""

    @property
    def fates(self) -> list[Fate]:
        """What became of each run."""
        own: list[list[Turn]] = [[] for _ in self.runs]
        for turn in self.turns:
            own[turn.run].append(turn)
        return [_fate(run, turns) for run, turns in zip(self.runs, own, strict=True)]

    def served(self, person: str, begin: float = 0.0, end: float = math.inf) -> float:
        """Seconds of workers that somebody had between two moments."""
        return sum(
            max(0.0, min(turn.end, end) - max(turn.begin, begin))
            for turn in self.turns
            if self.runs[turn.run].person == person
        )


def simulate(
    runs: Sequence[Run],
    workers: Sequence[Spans],
    machine: Machine = Machine(),
    rank: Callable[[Entry, int], Rank] = fairness.rank,
) -> Told:
    """Let people ask for ``runs`` and ``workers`` come and go, until nothing more can happen.

    ``rank``: another rule of who comes next. The same input gives the same result.
    """
    return Told(runs, _World(runs, workers, machine, Line(rank)).pass_by())


def first_come(entry: Entry, ahead: int) -> Rank:
    """The rule of a plain queue, to compare with: each run is done to its end, nobody gives way."""
    return (not entry.interrupted, 0, 0.0, entry.queued, entry.id)


def _fate(run: Run, turns: list[Turn]) -> Fate:
    done, first, heard, longest = 0.0, math.nan, run.asked, 0.0
    for turn in turns:
        if math.isnan(first) and run.first <= done + turn.work + _SAME:
            first = turn.begin + turn.change + run.first - done
        done += turn.work
        longest = max(longest, turn.begin - heard)
        heard = turn.end
    end = heard if done >= run.seconds - _SAME else math.nan
    return Fate(first, end, len(turns), longest)


_SAME = 1e-9  # two moments that differ by less, by rounding, are one
NOWHERE = -1


class _State:
    """A run while it waits and while it has its turn."""

    def __init__(self, number: int, run: Run) -> None:
        self.number, self.run, self.id = number, run, f"{number:09d}"
        self.done = self.saved = 0.0
        """Seconds of work up to its last pause, and up to the begin of its turn."""
        self.worker = NOWHERE
        """Where it has its turn, or had the last one if that ended well."""
        self.parked = False
        """Whether it waits in that worker's memory."""
        self.begin = self.change = self.charged = self.resumed = self.pause = 0.0
        """Of its turn: the begin; seconds of the change; up to when its person was charged; since
        when it has been working; when it may end."""

    def work_to_pause(self) -> float:
        """Seconds of work until the turn may end: at the run's end, at that of an epoch if the turn
        has lasted for long enough by then, or at a step after the time that it may take."""
        run, lasted = self.run, self.resumed - self.begin
        short = max(LEAST_SECONDS - lasted, _SAME)
        epochs = max(0, math.ceil((self.done + short - run.first) / run.epoch))
        picture = max(TURN_SECONDS - lasted, run.first - self.done)
        steps = max(1, math.ceil(min(FIRST_SECONDS - lasted, picture) / run.step))
        return min(run.first + epochs * run.epoch - self.done, run.seconds - self.done,
                   steps * run.step)  # fmt: skip

    def on_disk(self, done: float) -> float:
        """How much of the work ``done`` a death leaves: up to the last end of a turn or epoch."""
        epochs = math.floor((done - self.run.first) / self.run.epoch + _SAME)
        ended = self.run.first + epochs * self.run.epoch if epochs >= 0 else 0.0
        return min(max(self.saved, ended), done)


class _World:
    """Events in the order in which they happen; each may lead to others."""

    def __init__(
        self, runs: Sequence[Run], workers: Sequence[Spans], machine: Machine, line: Line
    ) -> None:
        self.machine, self.line = machine, line
        self.states = [_State(number, run) for number, run in enumerate(runs)]
        self.turns: list[Turn] = []
        self.now = 0.0
        self.has: dict[int, _State | None] = {}
        """What the workers that are there do."""
        self.parked: list[dict[str, None]] = [{} for _ in workers]
        """The runs that wait in each worker's memory."""
        self.events: list[tuple[float, int, Callable[[int], None], int]] = []
        self.counted = count()
        for number, run in enumerate(runs):
            self.plan(run.asked, self.asked, number)
        for number, spans in enumerate(workers):
            for joins, dies in spans:
                self.plan(joins, self.joins, number)
                if dies < math.inf:
                    self.plan(dies, self.dies, number)

    def plan(self, moment: float, happens: Callable[[int], None], number: int) -> None:
        heapq.heappush(self.events, (moment, next(self.counted), happens, number))

    def pass_by(self) -> list[Turn]:
        while self.events:
            self.now, _, happens, number = heapq.heappop(self.events)
            happens(number)
        return self.turns

    def asked(self, number: int) -> None:
        state = self.states[number]
        self.line.join(state.id, state.run.person, state.run.asked)
        self.call_idle()

    def joins(self, worker: int) -> None:
        self.has[worker] = None
        self.claim(worker)

    def dies(self, worker: int) -> None:
        for id in self.parked[worker]:
            self.states[int(id)].parked = False
        self.parked[worker].clear()
        if state := self.has.pop(worker):
            done = state.done + max(0.0, self.now - state.resumed)
            state.done = state.on_disk(done)
            state.change = min(state.change, self.now - state.begin)
            self.tell_turn(state, lost=done - state.done, cut=True)
            state.worker = NOWHERE
            self.line.wait(state.id, state.run.person, self.charge(state), interrupted=True)
            self.call_idle()

    def pauses(self, worker: int) -> None:
        state = self.has.get(worker)
        if not state or state.pause != self.now:
            return  # that one died
        state.done += self.now - state.resumed
        state.resumed = self.now
        if state.done >= state.run.seconds - _SAME:
            self.line.leave(state.id, state.run.person, self.charge(state))
        else:
            self.line.wait(state.id, state.run.person, self.charge(state))
            first = self.line.first()
            if first and first.id == state.id:  # nobody else comes next
                self.line.start(first)
                self.go_on(state)
                return
            if len(self.parked[worker]) < self.machine.memory:
                self.parked[worker][state.id] = None
                state.parked = True
        self.tell_turn(state)
        self.claim(worker)

    def call_idle(self) -> None:
        """Somebody waits: a worker without work, if there is one, claims."""
        idle = next((worker for worker, state in self.has.items() if state is None), None)
        if idle is not None:
            self.claim(idle)

    def claim(self, worker: int) -> None:
        """The worker begins the turn of whoever comes next, if anybody waits."""
        self.has[worker] = None
        first = self.line.first()
        if first is None:
            return
        here = self.parked[worker]
        elsewhere = [] if self.states[int(first.id)].worker in (NOWHERE, worker) else [first.id]
        chosen = fairness.choice(chain([first], self.line.among(here)), here, elsewhere)
        self.line.start(chosen)
        self.has[worker] = state = self.states[int(chosen.id)]
        state.change = self.change_to(state, worker)
        state.worker, state.saved = worker, state.done
        state.begin = state.charged = self.now
        state.resumed = self.now + state.change
        self.go_on(state)

    def change_to(self, state: _State, worker: int) -> float:
        """Seconds until a run is there; it leaves the memory that it waited in."""
        near = state.parked and state.worker == worker
        if state.parked:
            del self.parked[state.worker][state.id]
            state.parked = False
        if not state.done:
            return 0.0  # what a new run has to build belongs to its work
        return self.machine.from_memory if near else self.machine.from_disk

    def go_on(self, state: _State) -> None:
        state.pause = state.resumed + state.work_to_pause()
        self.plan(state.pause, self.pauses, state.worker)

    def charge(self, state: _State) -> float:
        """Seconds that its person has to be charged for."""
        seconds, state.charged = self.now - state.charged, self.now
        return seconds

    def tell_turn(self, state: _State, lost: float = 0.0, cut: bool = False) -> None:
        work = state.done - state.saved
        self.turns.append(
            Turn(state.number, state.worker, state.begin, self.now, state.change, work, lost, cut)
        )
