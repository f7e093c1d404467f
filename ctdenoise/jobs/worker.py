"""What a training worker does with its turn: train the runs that wait, one after the other."""

import time
import traceback
from collections.abc import Callable
from contextlib import suppress

from ctdenoise.errors import Problem, disk_problem
from ctdenoise.settings import settings
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import Run, State, Store, store

POLL_SECONDS = 1.0
"""How often a training asks whether it should stop."""


def take_turn(turn: str) -> None:
    """Train whatever waits, fairly, until nothing does.

    A run that is said to be trained in this turn or at this place cannot be, since we are only
    starting: its worker died. It goes on first.
    """
    runs, place = store(), _place()
    for held in runs.live():
        if held.state == "running" and (held.turn == turn or held.place == place):
            runs.put_back(held)
    while run := runs.claim(turn, place):
        execute_run(run.id, turn)


def _place() -> str:
    """The name of the worker that we are on, which trains one run at a time and keeps its name
    when it is restarted; with the engine's own name, since every engine has a "train-0"."""
    from distributed import get_worker

    worker = get_worker()
    return f"{worker.name} of {worker.scheduler.address}"


def execute_run(run_id: str, turn: str) -> None:
    """Train one claimed run, from its last epoch if it has one, and write how it ended."""
    from ctdenoise.training.trainer import train

    runs = store()
    run = runs.run(run_id)
    state: State = "failed"
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
        pairs = [Library(settings().workspaces / owner).pair(pair) for owner, pair in run.pairs]
        ended = train(
            run.config,
            pairs,
            run.folder,
            should_stop=_asked_to_stop(runs, run, turn),
            resume=(run.folder / "events.jsonl").exists(),
            start=run.start,
        )
        state, sentence = ended.how, ended.sentence
    except Problem as problem:
        sentence = str(problem)
    except OSError as error:
        _log(run)
        sentence = str(disk_problem(error, run.name))
    except MemoryError:
        _log(run)
        sentence = str(
            Problem(
                run.name,
                "needs more memory than this machine has",
                "take a smaller batch, patch or number of filters",
            )
        )
    except Exception as error:
        _log(run)
        sentence = str(
            Problem(
                run.name,
                f"failed unexpectedly ({type(error).__name__}: {error})",
                "the details are in log.txt in the run's folder",
            )
        )
    runs.end(run_id, turn, state, sentence)


def _asked_to_stop(runs: Store, run: Run, turn: str) -> Callable[[], bool]:
    """A question that may be put after every step, since the database hears it once a second."""
    asked, answer = time.monotonic(), False

    def should_stop() -> bool:
        nonlocal asked, answer
        if not answer and time.monotonic() - asked >= POLL_SECONDS:
            asked = time.monotonic()
            with suppress(Problem):  # a database that is busy for once does not end a training
                answer = not runs.may_go_on(run.id, turn)
        return answer

    return should_stop


def _log(run: Run) -> None:
    """Keep the traceback beside the run, for whoever looks into it."""
    with suppress(OSError), (run.folder / "log.txt").open("a", encoding="utf-8") as log:
        log.write(traceback.format_exc() + "\n")
