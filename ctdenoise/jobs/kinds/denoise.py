"""A whole scan denoised, slice by slice, while people already look at it; and single slices of a
pair, for whoever compares.

A result's job has the result's id.
"""

import math
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise import stored
from ctdenoise.config import shipped
from ctdenoise.config.cost import picture_cost
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import atomic_file
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kind import KINDS, Arguments, GaveWay, Kind, Outcome, Running
from ctdenoise.jobs.permission import named
from ctdenoise.scans.scan import Pair
from ctdenoise.units import Pixels, counted, to_pixels
from ctdenoise.workspace import quota
from ctdenoise.workspace.access import Thing, Visitor, require
from ctdenoise.workspace.denoisers import (
    ClassicalFilter,
    DenoiserChoice,
    RunNetwork,
    ShippedNetwork,
    config_of,
    ready,
    weights,
)
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.results import Result, SliceFigures, Source, create, find, slices_of
from ctdenoise.workspace.runs import find_run

SPEED = 4e10
"""Multiply-adds a second that a thread of a processor does in a network, for a first guess."""
RECENT = 8
"""Finished slices whose mean time tells how long the rest will take."""
CACHE = "compared"
KEPT_BYTES = 512 * 2**20
"""Most that slices kept for next time may take of one run, or of one pair."""
LOOKED_AT_SECONDS = 3600
"""Slices of other epochs or editions may still be looked at for so long."""


class Denoise(Arguments):
    """Everything is in the result's record."""


@dataclass(frozen=True)
class Loaded:
    """What denoises, which a job keeps for its next turn; ``held_bytes``: about what it takes."""

    denoise: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    held_bytes: int


class DenoiseSlice(Arguments):
    """The first noise realisation of slice ``index`` of a pair in the workspace ``owner``."""

    method: ShippedNetwork | RunNetwork
    owner: str
    pair: str
    index: int


def start(workspace: str, source: Source, method: DenoiserChoice) -> Result:
    """Have a scan denoised; it can be looked at from now on."""
    things = [*named(source, workspace), *named(method, workspace)]
    require(Visitor(workspace), "see", *things, what="What the denoising needs")
    quota.require(workspace)
    result = create(workspace, source, method)
    each = _seconds_each(result)
    executor().submit(
        DENOISE,
        Denoise(),
        workspace,
        id=result.record.id,
        expected=each and each * result.record.slices,
        first=each,
    )
    return result


def go_on(result: Result) -> None:
    """Have the rest of one that ended denoised too."""
    id, left = result.record.id, seconds_left(result)
    first = None if left is None else 0.0
    if result.job:
        executor().requeue(id, left=left, first=first)
    else:
        executor().submit(
            DENOISE, Denoise(), result.record.workspace, id=id, left=left, first=first
        )


def _seconds_each(result: Result) -> float | None:
    """Very roughly, how long a slice will take; None for a filter, which may do anything."""
    method = result.record.method
    if isinstance(method, ClassicalFilter):
        return None
    rows, columns = result.outputs.shape[1:]
    return picture_cost(config_of(method), rows, columns).operations / SPEED


def seconds_left(result: Result) -> float | None:
    """How long the rest will take; None before the first slice is finished."""
    figures = list(result.figures.values())
    if not figures:
        return None
    recent = [each.seconds for each in figures[-RECENT:]]
    return float(np.mean(recent)) * (result.record.slices - len(figures))


def _denoise(running: Running[Denoise]) -> Outcome:
    """Denoise the slices that are left, in a thread, a slice ahead of judging, and keep what came
    before; where others wait, only for a while."""
    from ctdenoise.denoising.series import ahead
    from ctdenoise.metrics.removal import judge

    result = find(running.job.workspace, running.job.id)
    record = result.record
    source = record.source.load()
    values = slices_of(source)
    loaded = running.kept or _loaded(
        record.method, source.unit, (values[i] for i in result.figures)
    )
    left = [index for index in outwards(record.slices) if index not in result.figures]
    gives_way = False

    def denoised() -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
        while left and not (running.stop_wanted or gives_way):
            focus = running.focus  # once: it changes while we look
            index = focus if focus in left else left[0]
            left.remove(index)
            before = np.array(values[index], np.float32)
            yield index, before, loaded.denoise(before)

    last = time.monotonic()
    for index, before, after in ahead(denoised(), 1):
        full = np.array(source.full[index]) if isinstance(source, Pair) else None
        removal = judge(before, after, source.unit, full)
        moment = time.monotonic()
        result.keep(after, SliceFigures(index=index, seconds=moment - last, removal=removal))
        last = moment
        done = len(result.figures)
        running.progress = done / record.slices
        running.message = f"{done} of {counted(record.slices, 'slice')}"
        running.first, running.left = 0.0, seconds_left(result)
        gives_way = running.turn_is_over()
    if left and running.stop_wanted:
        done = record.slices - len(left)
        return Outcome("stopped", f"Stopped after {done} of {counted(record.slices, 'slice')}.")
    if left:
        raise GaveWay(loaded)
    many = record.slices > 1
    told = f"All {counted(record.slices, 'slice')} are denoised." if many else "It is denoised."
    return Outcome("finished", told)


def _loaded(method: DenoiserChoice, unit: str, seen: Iterable[NDArray[np.float32]]) -> Loaded:
    held = 0 if isinstance(method, ClassicalFilter) else weights(method).stat().st_size
    return Loaded(ready(method, unit, seen), held)


def outwards(slices: int) -> list[int]:
    """Indices from the middle to both ends.

    >>> outwards(5), outwards(4)
    ([2, 3, 1, 4, 0], [2, 3, 1, 0])
    """
    middle = slices // 2
    return sorted(range(slices), key=lambda index: (abs(index - middle), -index))


@telling_disk_problems
def denoised_slice(asked: DenoiseSlice) -> Pixels:
    """A slice (rows, columns) through a network, in the pair's unit, kept for next time."""
    kept = denoised_file(asked)
    pair = library_of(asked.owner).pair(asked.pair)
    with suppress(Problem):  # none yet, or damaged: denoised again
        return _kept(kept, pair)
    denoise = _denoiser(asked.method, pair.unit)
    pixels = to_pixels(denoise(np.array(pair.low[0, asked.index])), pair.unit)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(kept) as part, part.open("wb") as file:
        np.save(file, pixels)
    _forget(kept.parent)
    return pixels


def _kept(file: Path, pair: Pair) -> Pixels:
    with stored.reading("This slice", "denoise it again"):
        pixels: Pixels = np.load(file, allow_pickle=False)
        if pixels.shape != pair.full.shape[1:] or pixels.dtype not in (np.int16, np.float32):
            raise ValueError("another slice's, or none")
        return pixels


def _denoise_slice(running: Running[DenoiseSlice]) -> Pixels:
    return denoised_slice(running.arguments)


def denoised_file(asked: DenoiseSlice) -> Path:
    """Where such a slice is kept, so that it goes with the run or, of a network that ships, with
    the pair."""
    method = asked.method
    if isinstance(method, RunNetwork):
        folder = find_run(method.run).folder / CACHE / str(method.epoch)
    else:
        pair = library_of(asked.owner).folder(asked.pair)
        folder = pair / CACHE / method.name / shipped.shipped()[method.name].edition
    parts = [asked.owner, asked.pair, str(asked.index), *(f"{part:g}" for part in method.dial)]
    return folder / f"{'-'.join(parts)}.npy"


def _forget(current: Path) -> None:
    """Remove the slices of other epochs or editions that nobody can be looking at, and the oldest
    of all where they become too many."""
    for other in current.parent.iterdir():
        with suppress(OSError):
            if other != current and time.time() - other.stat().st_mtime > LOOKED_AT_SECONDS:
                shutil.rmtree(other)
    cache = next(folder for folder in current.parents if folder.name == CACHE)
    with suppress(OSError):  # another worker tidies up, too
        found = [(path, path.stat()) for path in cache.rglob("*.npy")]
        found.sort(key=lambda each: each[1].st_mtime_ns, reverse=True)
        total = 0
        for path, stat in found:
            total += stat.st_size
            if total > KEPT_BYTES:
                path.unlink()


_denoiser = lru_cache(maxsize=32)(ready)
"""Networks in this process' memory."""


def _reads(workspace: str, id: str) -> list[Thing]:
    record = find(workspace, id).record
    return [*named(record.source, workspace), *named(record.method, workspace)]


DENOISE = KINDS.register(
    Kind(
        "denoise",
        "The denoising",
        "batch",
        Denoise,
        _denoise,
        math.inf,
        stays=True,
        reads=_reads,
    )
)
DENOISE_SLICE = KINDS.register(
    Kind("denoise-slice", "The denoised slice", "interactive", DenoiseSlice, _denoise_slice, 0)
)
