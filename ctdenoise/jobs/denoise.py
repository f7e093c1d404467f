"""A whole scan denoised on a worker, slice by slice, while people already look at it."""

import logging
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, disk_problem
from ctdenoise.jobs.executor import Engine, engine, engine_of_worker, others_wait
from ctdenoise.scans.scan import Pair
from ctdenoise.workspace.denoisers import Method, ready
from ctdenoise.workspace.results import (
    Denoising,
    Figures,
    How,
    Source,
    State,
    create,
    find,
    slices_of,
)

logger = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
"""So long may an order be on its way to the engine."""
TURN_SECONDS = 5.0
"""After so long the job gives way to others that wait, and goes on when its turn comes again."""
RECENT = 8
"""Finished slices whose mean time tells how long the rest will take."""


def order(workspace: str, source: Source, method: Method) -> Denoising:
    """Have a scan denoised; it can be looked at from now on."""
    denoising = create(workspace, source, method)
    _ask(engine(), denoising)
    return denoising


def go_on(denoising: Denoising) -> None:
    """Have the rest of one that ended or was interrupted denoised too."""
    (denoising.folder / "stop").unlink(missing_ok=True)
    denoising.put("waiting", "Waits for its turn.")
    _ask(engine(), denoising)


def standing(denoising: Denoising) -> State:
    """How it stands; one that is said to be worked on, and that the engine does not know of any
    more, was interrupted."""
    state = denoising.state
    settled = time.time() - state.since > GRACE_SECONDS
    if not (state.live and settled) or engine().busy(denoise_scan, denoising.record.id):
        return state
    state = denoising.state
    if not state.live:  # it ended while the engine was being asked
        return state
    told = f"Was interrupted after {len(denoising.figures)} of {denoising.record.slices} slices."
    return State(how="interrupted", sentence=told, since=state.since)


def seconds_left(denoising: Denoising) -> float | None:
    """How long the rest will take; None before the first slice is finished."""
    figures = list(denoising.figures.values())
    if not figures:
        return None
    recent = [each.seconds for each in figures[-RECENT:]]
    return float(np.mean(recent)) * (denoising.record.slices - len(figures))


def denoise_scan(workspace: str, id: str, turns: int = 0) -> None:
    """The job, after so many ``turns``: denoise the slices that are left, and write how it ended;
    where others wait, only for a while, and ask for another turn."""
    denoising = find(workspace, id)
    name = denoising.record.name
    how: How = "failed"
    try:
        how, sentence = _work(denoising)
    except Problem as problem:
        sentence = str(problem)
    except OSError as error:
        sentence = str(disk_problem(error, f"The result of {name}"))
    except MemoryError:
        sentence = str(
            Problem(name, "needs more memory than this machine has", "close other programs")
        )
    except Exception as error:
        logger.exception("%s could not be denoised", id)
        sentence = str(
            Problem(
                name,
                f"could not be denoised ({type(error).__name__}: {error})",
                "try another method, and report it if it stays",
            )
        )
    if denoising.folder.exists():  # else it was removed meanwhile
        denoising.put(how, sentence)
        if how == "waiting":
            with engine_of_worker() as own:
                _ask(own, denoising, turns + 1)


def _work(denoising: Denoising) -> tuple[How, str]:
    """Denoise in a thread, a slice ahead of judging and keeping what came before it."""
    from ctdenoise.denoising.series import ahead
    from ctdenoise.metrics.removal import judge

    record = denoising.record
    source = record.source.load()
    values = slices_of(source)
    denoise = ready(record.method, source.unit)
    denoising.put("running", "")
    ended: How = "finished"
    gives_way = False
    left = [index for index in outwards(record.slices) if index not in denoising.figures]

    def denoised() -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
        nonlocal ended
        while left:
            stop, wanted = denoising.wishes()
            if stop or gives_way:
                ended = "stopped" if stop else "waiting"
                return
            index = wanted if wanted in left else left[0]
            left.remove(index)
            before = np.array(values[index], np.float32)
            yield index, before, denoise(before)

    began = last = time.monotonic()
    for index, before, after in ahead(denoised(), 1):
        full = np.array(source.full[index]) if isinstance(source, Pair) else None
        removal = judge(before, after, source.unit, full)
        now = time.monotonic()
        denoising.keep(after, Figures(index=index, seconds=now - last, removal=removal))
        last = now
        gives_way = now - began > TURN_SECONDS and others_wait()
    if ended == "stopped":
        return ended, f"Stopped after {record.slices - len(left)} of {record.slices} slices."
    if ended == "waiting":
        return ended, "Waits for its next turn."
    many = record.slices > 1
    return ended, f"All {record.slices} slices are denoised." if many else "It is denoised."


def outwards(slices: int) -> list[int]:
    """Indices from the middle to both ends.

    >>> outwards(5), outwards(4)
    ([2, 3, 1, 4, 0], [2, 3, 1, 0])
    """
    middle = slices // 2
    return sorted(range(slices), key=lambda index: (abs(index - middle), -index))


def _ask(asked: Engine, denoising: Denoising, turns: int = 0) -> None:
    workspace, id = denoising.record.workspace, denoising.record.id
    asked.ask(denoise_scan, workspace, id, turns, long=True, turns=turns, about=id)
