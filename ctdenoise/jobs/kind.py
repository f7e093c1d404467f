"""What a kind of job is, and what it sees while it runs."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from ctdenoise.jobs.fairness import TURN_SECONDS
from ctdenoise.registry import Registry
from ctdenoise.workspace.access import Thing
from ctdenoise.workspace.database import Job

Queue = Literal["train", "batch", "interactive", "files", "download"]
"""Where a job waits, and for which of the workers (:mod:`ctdenoise.jobs.scheduler`): ``train`` for
a GPU, ``batch`` for what takes long and ``interactive`` for what somebody waits for, ``files`` for
what reads and writes them, ``download`` for what mostly waits for the network."""

MONTH_SECONDS = 30 * 86_400.0
"""How long the row of an ended job stays, where its kind says nothing else."""
ANSWER_SECONDS = 600.0
"""How long that of an answer stays: whoever asks the same meanwhile need not wait."""


class Arguments(BaseModel):
    """What a kind of job is given; strict and hashable, kept as JSON in the job's row."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


A = TypeVar("A", bound=Arguments)
R = TypeVar("R")


class Stopped(Exception):
    """Raised in a job that was asked to stop; its text says how far it came."""


class Kept(Protocol):
    """What a job would rather not build anew at its next turn."""

    @property
    def held_bytes(self) -> int:
        """How much memory it takes."""


class GaveWay(Exception):
    """Raised by a job whose turn is over: it goes back to the queue and is called again.

    All that it needs to go on is on the disk by then. ``kept`` only spares reading it: at its next
    turn it is :attr:`Running.kept`, where that comes on this worker and the memory sufficed.
    """

    def __init__(self, kept: Kept | None = None) -> None:
        super().__init__("Waits for its next turn.")
        self.kept = kept


@dataclass(frozen=True)
class Outcome:
    """How a job ended that does not simply return its result."""

    state: Literal["finished", "stopped", "failed"]
    message: str
    result: Any = None


@dataclass
class Running(Generic[A]):
    """A job while it runs: what it was given, what is wanted of it, and what it has to say.

    ``stop_wanted``, ``others_next`` and ``focus`` follow the job's row within a second;
    ``progress`` (0 to 1), ``message``, ``first`` and ``left`` are brought there as often.
    """

    job: Job
    arguments: A
    kept: Any = None
    """What it left in this worker's memory when it gave way last, as long as nothing has happened
    to it since; else None."""
    progress: float = 0.0
    message: str = ""
    first: float | None = None
    """Seconds of work until there is something to see: 0 once there is, None where not known."""
    left: float | None = None
    """Seconds of work that are left; None where not known."""
    stop_wanted: bool = False
    others_next: bool = False
    """Whether somebody else comes next."""
    contended: bool = True
    """Whether somebody waits who has no worker at all; so it is taken to be until that is known."""
    focus: int | None = None
    began: float = field(default_factory=time.monotonic)
    """When this turn began, on this process' clock."""
    charged: float = 0.0
    """Seconds of this turn that its person has been charged for."""
    _charging: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @contextmanager
    def charging(self) -> Iterator[float]:
        """Seconds of this turn that are still to be charged: by whoever writes them within this
        context, and by nobody else meanwhile. Where that fails, they remain."""
        with self._charging:
            seconds = time.monotonic() - self.began - self.charged
            yield seconds
            self.charged += seconds

    def tell(self, progress: float, message: str) -> None:
        """Say how far it is; raises :class:`Stopped` where a stop is wanted."""
        self.progress, self.message = progress, message
        if self.stop_wanted:
            raise Stopped("Stopped.")

    def turn_is_over(self, seconds: float = TURN_SECONDS) -> bool:
        """Whether this turn has lasted so long and somebody else comes next: then it is time for
        :class:`GaveWay`."""
        return self.others_next and time.monotonic() - self.began >= seconds


@dataclass(frozen=True)
class Kind(Generic[A, R]):
    """A kind of job: where it waits and what it does.

    ``run`` does the work on a worker. It returns the result (kept as JSON in the job's row), or an
    :class:`Outcome`; it raises :class:`~ctdenoise.errors.Problem` for what a person can mend,
    :class:`Stopped` and :class:`GaveWay`. It has to be able to go on where a killed worker left
    off, or to begin anew. ``title`` is what people call such a job. ``kept_seconds`` is how long
    its row stays after its end: as long as the run or result that it is of (``inf``), or 0 for
    pixels, which no row can hold; they are handed to whoever waits for them, and forgotten.
    ``stays``: what it makes is kept in its workspace, so the workspace must have room for it. What
    is made to be taken home is not: a full workspace can still be carried away. ``reads`` finds,
    for a workspace and a job's id, what a job reads that its arguments do not name, since it is
    written in the record of the same id.
    """

    name: str
    title: str
    queue: Queue
    arguments: type[A]
    run: Callable[[Running[A]], R | Outcome]
    kept_seconds: float = MONTH_SECONDS
    stays: bool = False
    rank: int = 0
    reads: Callable[[str, str], Iterable[Thing]] | None = None


KINDS: Registry[Kind[Any, Any]] = Registry("kind of job", "ctdenoise.jobs.kinds")
