"""Low doses on their way to a pair: files that grow by some slices at a time, over many turns.

    .simulating-<job>-<number>/low.npy   float32 (draws, slices, rows, columns)
                               done      how many of its slices are finished

in the workspace of their job, which makes one for each pair (:mod:`ctdenoise.jobs.kinds.simulate`)
and needs no more memory than a few slices take.
"""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise import stored
from ctdenoise.files import write_atomically
from ctdenoise.settings import settings
from ctdenoise.workspace.database import find_job

GROWING = ".simulating-"
"""Begins the names of the folders; no list looks at what is hidden."""


@dataclass(frozen=True)
class Growing:
    """The low dose of pair ``number`` of a job, of this ``shape``."""

    workspace: str
    job: str
    number: int
    shape: tuple[int, int, int, int]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        name = f"{GROWING}{self.job}-{self.number}"
        return settings().workspaces / self.workspace / name

    @property
    def file(self) -> Path:
        """What becomes the pair's file."""
        return self.folder / "low.npy"

    @property
    def done(self) -> int:
        """How many slices are finished; 0 where it is not there, or damaged."""
        try:
            done = int((self.folder / "done").read_text())
            _ = self.low
        except stored.STUMBLES:
            return 0
        return done if 0 <= done <= self.shape[1] else 0

    @property
    def low(self) -> NDArray[np.float32]:
        """All of it, memory-mapped; zeros where a slice is not finished."""
        return stored.array(self.file, self.shape)

    def begin(self) -> None:
        """Make it, without a slice; it takes room on the disk only as it grows."""
        self.folder.mkdir(parents=True)
        np.lib.format.open_memmap(self.file, "w+", np.float32, self.shape)

    def keep(self, low: NDArray[np.float32], first: int) -> None:
        """Keep finished slices, (draws, n, rows, columns), of which the first has this number;
        through the file and not a memory map, in which a full disk would end the process."""
        _, slices, rows, columns = self.shape
        each = rows * columns * low.itemsize
        begin = self.file.stat().st_size - self.shape[0] * slices * each
        with self.file.open("r+b") as file:
            for draw, part in enumerate(low):
                file.seek(begin + (draw * slices + first) * each)
                file.write(np.ascontiguousarray(part).data)
            os.fsync(file.fileno())  # else a power cut may leave zeros where it says "done"
        write_atomically(self.folder / "done", str(first + low.shape[1]))

    def remove(self) -> None:
        """Delete what there is of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def forget(workspace: str, job: str) -> None:
    """Delete all that a job has under way."""
    for folder in (settings().workspaces / workspace).glob(f"{GROWING}{job}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Delete, in all workspaces, what no job will go on with any more: it was stopped or removed
    while it waited for its turn, or its worker died of it."""
    for folder in settings().workspaces.glob(f"*/{GROWING}*-*"):
        job = find_job(folder.name.removeprefix(GROWING).partition("-")[0])
        if job is None or not job.live:
            with suppress(OSError):
                shutil.rmtree(folder)
