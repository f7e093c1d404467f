"""Which runs there are and how each of them stands: the database is the truth.

The engine only executes. Whatever dies (a browser, the server, a worker, the machine), the runs
that were queued or running are found here and go on.
"""

import secrets
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update

from ctdenoise.config import events
from ctdenoise.config.config import Config, parse
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.settings import settings
from ctdenoise.workspace.database import open_database, table, transaction

State = Literal["queued", "running", "finished", "stopped", "failed"]

START = "start.safetensors"
"""In a child's folder: the network it goes on from, which its parent may lose."""
DEATHS = 2
"""So often may a run's worker die without finishing an epoch in between."""


@dataclass(frozen=True)
class Run:
    """One training as the database knows it; times are seconds since 1970."""

    id: str
    workspace: str
    number: int
    """Counts the runs of the workspace, from 0, removed ones included."""
    name: str
    config: Config
    pairs: tuple[tuple[str, str], ...]
    """(workspace, pair id) of what it is trained on."""
    state: State
    wanted: Literal["run", "stop"]
    created: float
    queued: float
    started: float | None
    ended: float | None
    sentence: str
    """How it stands or why it ended, for people."""
    turn: str
    """The turn on a worker that executes it now or did last; nobody else may write its end."""
    place: str
    """The worker that took that turn, by name."""
    deaths: int
    """How often its worker died since epoch ``reached``."""
    reached: int
    sweep: str
    """What the runs of one sweep have in common; empty for a run on its own."""
    parent: str
    """The run from whose epoch ``parent_epoch`` this one went on, or the network that ships
    (:attr:`~ctdenoise.config.shipped.Shipped.id`); empty where it began anew."""
    parent_epoch: int
    starred: bool

    @property
    def folder(self) -> Path:
        return settings().home / "runs" / self.id

    @property
    def start(self) -> Path | None:
        """The network that it goes on from, if it has a parent."""
        return self.folder / START if self.parent else None

    @property
    def live(self) -> bool:
        return self.state in ("queued", "running")


def last_epoch(run: Run) -> int:
    """The last epoch whose end is on disk, 0 before the first."""
    epochs = [e.epoch for e in events.read(run.folder) if isinstance(e, events.Epoch)]
    return epochs[-1] if epochs else 0


class Store:
    """The table of runs; every method is one short transaction, safe from any thread or process."""

    def __init__(self, url: str) -> None:
        self._database = open_database(url)

    # what people do

    def create_run(
        self,
        workspace: str,
        name: str,
        config: Config,
        pairs: Sequence[tuple[str, str]],
        *,
        sweep: str = "",
        parent: tuple[str, int] = ("", 0),
        start: Path | None = None,
    ) -> Run:
        """Queue a new run; :meth:`ctdenoise.jobs.executor.Engine.launch` gives it a turn.

        ``parent``: the run and its epoch from which it goes on, or the id of a network that ships
        and 0; ``start``: that network's file.
        """
        if not pairs:
            raise Problem("The run", "has no pair to learn from", "choose at least one pair")
        now = time.time()
        values: dict[str, Any] = {
            "id": secrets.token_hex(6),
            "workspace": workspace,
            "name": _name(name),
            "config": config.model_dump(mode="json"),
            "pairs": [list(pair) for pair in pairs],
            "state": "queued",
            "wanted": "run",
            "created": now,
            "queued": now,
            "started": None,
            "ended": None,
            "sentence": "Waits for its turn.",
            "turn": "",
            "place": "",
            "deaths": 0,
            "reached": 0,
            "sweep": sweep,
            "parent": parent[0],
            "parent_epoch": parent[1],
            "starred": False,
        }
        if start:  # before a worker can take the run
            folder = settings().home / "runs" / values["id"]
            folder.mkdir(parents=True)
            shutil.copyfile(start, folder / START)
        last = select(func.max(table.c.number)).where(table.c.workspace == workspace)
        with transaction(self._database) as connection:
            number = connection.execute(last).scalar_one()
            values["number"] = 0 if number is None else number + 1
            connection.execute(insert(table).values(values))
        return self.run(values["id"])

    def run(self, run_id: str) -> Run:
        found = self._select(table.c.id == run_id)
        if not found:
            raise Problem(
                f"Run {run_id[:20]}", "does not exist", "choose one from the list of runs"
            )
        return found[0]

    def runs(self, workspace: str) -> list[Run]:
        """All runs of a workspace, newest first."""
        return self._select(table.c.workspace == workspace)

    def rename(self, run_id: str, name: str) -> None:
        self._change(table.c.id == self.run(run_id).id, name=_name(name))

    def star(self, run_id: str, starred: bool) -> None:
        self._change(table.c.id == run_id, starred=starred)

    @telling_disk_problems
    def remove(self, run_id: str) -> None:
        """Delete a run and its folder; one that is being trained has to be stopped first."""
        run = self.run(run_id)
        with transaction(self._database) as connection:
            gone = connection.execute(
                delete(table).where(table.c.id == run_id, table.c.state != "running")
            ).rowcount
        if not gone:
            raise Problem(run.name, "is being trained", "stop it first, then remove it")
        if run.folder.exists():
            shutil.rmtree(run.folder)

    def ask_stop(self, run_id: str) -> Run:
        """A queued run never starts; a running one stops within about a second and keeps its last
        epoch."""
        self.run(run_id)
        this = table.c.id == run_id
        if not self._change(
            this,
            table.c.state == "queued",
            state="stopped",
            ended=time.time(),
            sentence="Stopped before its turn came.",
        ):
            self._change(this, table.c.state == "running", wanted="stop")
        return self.run(run_id)

    def requeue(self, run_id: str, epochs: int | None = None) -> Run:
        """Continue a run that ended from its last epoch, with ``epochs`` in all if given."""
        run = self.run(run_id)
        config = run.config
        if epochs is not None:  # instead of whatever limited it before
            config = parse({**config.model_dump(), "epochs": epochs, "time_budget_s": None})
        done = last_epoch(run)
        if config.epochs <= done or (run.state == "finished" and config == run.config):
            raise Problem(
                run.name, f"has finished its {done} epochs", "give it more epochs to continue"
            )
        if not self._change(
            table.c.id == run_id,
            table.c.state.in_(("finished", "stopped", "failed")),
            config=config.model_dump(mode="json"),
            state="queued",
            wanted="run",
            ended=None,
            queued=time.time(),
            sentence="Waits for its turn to continue.",
            turn="",
            deaths=0,
        ):
            raise Problem(run.name, "has not ended yet", "stop it first or wait until it ends")
        return self.run(run_id)

    # the queue

    def live(self) -> list[Run]:
        """All queued and running runs of all workspaces."""
        return self._select(table.c.state.in_(("queued", "running")))

    def queue(self) -> list[Run]:
        """The queued runs in the order in which they start: workspaces take turns.

        A workspace's second run waits behind every other workspace's first; among equals the
        workspace goes first that was served longest ago. What an accident interrupted goes on
        before everything else.
        """
        last = select(table.c.workspace, func.max(table.c.started)).group_by(table.c.workspace)
        with transaction(self._database) as connection:
            served = {workspace: started for workspace, started in connection.execute(last)}
        live = self.live()
        rank = Counter(run.workspace for run in live if run.state == "running")
        order: dict[str, tuple[bool, int, float, float]] = {}
        queued = [run for run in live if run.state == "queued"]
        for run in sorted(queued, key=lambda run: run.queued):
            order[run.id] = (
                not run.deaths,
                rank[run.workspace],
                served[run.workspace] or 0.0,
                run.queued,
            )
            rank[run.workspace] += 1
        return sorted(queued, key=lambda run: order[run.id])

    def queue_position(self, run_id: str) -> int:
        """How many runs come before this queued one: those running and those ahead in the queue."""
        queue = [run.id for run in self.queue()]
        if run_id not in queue:
            return 0
        return queue.index(run_id) + sum(run.state == "running" for run in self.live())

    # what workers and the engine do

    def claim(self, turn: str, place: str = "") -> Run | None:
        """Take the next run for this turn, or None; two workers never get the same."""
        while queue := self.queue():
            for run in queue:
                if self._change(
                    table.c.id == run.id,
                    table.c.state == "queued",
                    state="running",
                    turn=turn,
                    place=place,
                    started=time.time(),
                    sentence="Is being trained.",
                ):
                    return self.run(run.id)
        return None

    def may_go_on(self, run_id: str, turn: str) -> bool:
        """Whether this turn should keep training: nobody asked to stop, nobody else took over."""
        with transaction(self._database) as connection:
            row = connection.execute(
                select(table.c.wanted, table.c.turn).where(table.c.id == run_id)
            ).one_or_none()
        return row is not None and row.wanted == "run" and row.turn == turn

    def end(self, run_id: str, turn: str, state: State, sentence: str) -> None:
        """Write how a run ended; does nothing where it is no longer this turn's."""
        self._change(
            table.c.id == run_id,
            table.c.turn == turn,
            table.c.state == "running",
            state=state,
            wanted="run",
            sentence=sentence,
            ended=time.time(),
        )

    def put_back(self, run: Run) -> None:
        """What becomes of a run whose worker died: it queues again and goes on from its last epoch,
        unless a stop was asked for or it dies again and again at the same place."""
        epoch = last_epoch(run)
        deaths = run.deaths + 1 if epoch == run.reached else 1
        now: dict[str, Any] = {"deaths": deaths, "reached": epoch}
        if run.wanted == "stop":
            now |= {
                "state": "stopped",
                "wanted": "run",
                "ended": time.time(),
                "sentence": f"Stopped after epoch {epoch}.",
            }
        elif deaths > DEATHS:
            now |= {
                "state": "failed",
                "ended": time.time(),
                "sentence": str(
                    Problem(
                        run.name,
                        f"was given up after epoch {epoch}, since its worker died {deaths} times",
                        "the machine may be short of memory, so try a smaller batch or patch",
                    )
                ),
            }
        else:
            now |= {"state": "queued", "sentence": "Was interrupted and waits to go on."}
        self._change(
            table.c.id == run.id, table.c.turn == run.turn, table.c.state == "running", **now
        )

    # the database

    def _select(self, condition: ColumnElement[bool]) -> list[Run]:
        with transaction(self._database) as connection:
            rows = connection.execute(
                select(table).where(condition).order_by(table.c.created.desc())
            ).all()
        return [_run(row) for row in rows]

    def _change(self, *conditions: ColumnElement[bool], **values: Any) -> bool:
        """One conditional update; whether it met its row, so that only one of several wins."""
        with transaction(self._database) as connection:
            return bool(
                connection.execute(update(table).where(*conditions).values(values)).rowcount
            )


@cache
def store() -> Store:
    """The store of this process, at the settings' database."""
    return Store(settings().database)


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    values["config"] = parse(values["config"])
    values["pairs"] = tuple((workspace, pair) for workspace, pair in values["pairs"])
    return Run(**values)


def _name(name: str) -> str:
    return " ".join(name.split())[:200] or "Run"
