"""What a workspace has had denoised: folders that grow slice by slice and are read meanwhile.

    denoisings/<id>/record.json   what is denoised, and by what
                    output.npy    float32 (slices, rows, columns), those slices that are finished
                    slices.jsonl  for each finished slice a line: its figures
                    exports/      files that people took of it

How a result stands is told by its job, which has the same id; :mod:`ctdenoise.jobs.kinds.denoise`
does the work.
"""

import secrets
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from sqlalchemy import delete

from ctdenoise import stored
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import atomic_folder, opened, remove_folder, write_atomically
from ctdenoise.metrics.removal import Removal
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.settings import settings
from ctdenoise.stored import Damaged
from ctdenoise.workspace.database import Job, find_job, transaction
from ctdenoise.workspace.denoisers import DenoiserChoice, title
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.tables import jobs


class Source(BaseModel):
    """A scan of the workspace ``owner``, or the low dose (its first noise draw) of a pair there."""

    owner: str
    kind: Literal["scan", "pair"]
    id: str

    def load(self) -> Scan | Pair:
        """Memory-mapped; :class:`Problem` where it has been removed."""
        library = library_of(self.owner)
        return library.scan(self.id) if self.kind == "scan" else library.pair(self.id)


def slices_of(source: Scan | Pair) -> NDArray[np.float32]:
    """What is denoised of a source, (slices, rows, columns)."""
    return source.values if isinstance(source, Scan) else source.low[0]


class ResultRecord(BaseModel):
    """``name`` is the scan's and ``title`` the method's, as they were called when it began."""

    id: str
    workspace: str
    created: float
    source: Source
    method: DenoiserChoice
    name: str
    title: str
    slices: int
    unit: str


class SliceFigures(BaseModel):
    """Of a finished slice: what was removed, and how many seconds it took."""

    index: int
    seconds: float
    removal: Removal


@dataclass(frozen=True)
class Result:
    """One of them; whatever it tells is read anew each time."""

    folder: Path
    record: ResultRecord

    @property
    def job(self) -> Job | None:
        """How it stands; None where it was never queued."""
        return find_job(self.record.id)

    @property
    def live(self) -> bool:
        """Whether its job is queued or running."""
        job = self.job
        return job is not None and job.live

    @property
    def figures(self) -> dict[int, SliceFigures]:
        """Of the finished slices, by index, in the order in which they were finished."""
        path = self.folder / "slices.jsonl"
        try:
            stand = path.stat()
            found = _figures(path, stand.st_size, stand.st_mtime_ns)
        except OSError as error:
            raise _gone() from error
        return {index: each for index, each in found.items() if index < self.record.slices}

    def output(self, index: int) -> NDArray[np.float32]:
        """A finished slice, (rows, columns), in the record's unit."""
        if index not in self.figures:
            raise Problem(
                f"Slice {index + 1} of {self.record.name}",
                "has not been denoised",
                "press Go on to have the rest denoised too",
            )
        opened(self.folder)
        return np.array(self.outputs[index])

    @property
    def outputs(self) -> NDArray[np.float32]:
        """All slices, (slices, rows, columns), memory-mapped; zeros where one is not finished."""
        with _reading(self.folder):
            return stored.array(self.folder / "output.npy", (self.record.slices, None, None))

    @telling_disk_problems
    def remove(self) -> None:
        """At once out of every list; a job that still works on it ends by that."""
        with transaction() as connection:
            connection.execute(delete(jobs).where(jobs.c.subject == self.record.id))
        remove_folder(self.folder, self.folder.parents[1])

    # what the job does

    def keep(self, image: NDArray[np.float32], figures: SliceFigures) -> None:
        """Keep a finished slice; through the file and not a memory map, in which a full disk would
        end the process."""
        values = np.ascontiguousarray(image, np.float32)
        path = self.folder / "output.npy"
        first = path.stat().st_size - self.record.slices * values.nbytes
        with path.open("r+b") as file:
            file.seek(first + figures.index * values.nbytes)
            file.write(values.tobytes())
        with (self.folder / "slices.jsonl").open("r+b") as file:
            file.seek(file.read().rfind(b"\n") + 1)
            file.truncate()  # what a full disk may have left of a line
            file.write(figures.model_dump_json().encode() + b"\n")


@telling_disk_problems
def create(workspace: str, source: Source, method: DenoiserChoice) -> Result:
    """A new one, still without a job; :class:`Problem` where the source or the method is not
    there."""
    scan = source.load()
    values = slices_of(scan)
    record = ResultRecord(
        id=secrets.token_hex(6),
        workspace=workspace,
        created=time.time(),
        source=source,
        method=method,
        name=scan.name,
        title=title(method, scan.unit),
        slices=len(values),
        unit=scan.unit,
    )
    home = settings().workspaces / workspace
    with atomic_folder(home / "denoisings" / record.id, home) as making:
        np.lib.format.open_memmap(making / "output.npy", "w+", np.float32, values.shape)
        (making / "slices.jsonl").touch()
        write_atomically(making / "record.json", record.model_dump_json())
    return find(workspace, record.id)


def find(workspace: str, id: str) -> Result:
    """One by its id; :class:`Problem` where there is none such, or it is damaged."""
    folder = _home(workspace) / id
    if len(id) != 12 or not id.isalnum() or not folder.is_dir():
        raise _gone()
    return _read(folder)


def every(workspace: str) -> list[Result]:
    """Newest first, without those that are damaged."""
    return _listed(workspace)[0]


def damaged(workspace: str) -> list[Damaged]:
    """Those that cannot be read any more and had better be removed."""
    return _listed(workspace)[1]


@telling_disk_problems
def remove_damaged(workspace: str, id: str) -> None:
    """Remove one of :func:`damaged`."""
    if id in {each.id for each in damaged(workspace)}:
        with transaction() as connection:
            connection.execute(delete(jobs).where(jobs.c.subject == id))
        remove_folder(_home(workspace) / id, settings().workspaces / workspace)


def _home(workspace: str) -> Path:
    return settings().workspaces / workspace / "denoisings"


def _listed(workspace: str) -> tuple[list[Result], list[Damaged]]:
    found, damaged = stored.listed(_home(workspace), _read)
    return sorted(found, key=lambda each: each.record.created, reverse=True), damaged


@lru_cache(maxsize=64)
def _figures(path: Path, size: int, changed: int) -> dict[int, SliceFigures]:
    """Parsed once for all who look on, each time that a slice is added."""
    found = {}
    for line in path.read_bytes().split(b"\n")[:-1]:  # whole lines only
        with suppress(ValidationError):  # damaged: that slice alone is denoised again
            figures = SliceFigures.model_validate_json(line)
            found[figures.index] = figures
    return found


def _read(folder: Path) -> Result:
    with _reading(folder):
        result = Result(folder, stored.record(folder / "record.json", ResultRecord))
        if result.record.id != folder.name:
            raise ValueError("the record is another's")
        (folder / "slices.jsonl").stat()
    _ = result.outputs
    return result


def _reading(folder: Path) -> AbstractContextManager[None]:
    return stored.reading(lambda: stored.called(folder, "result"), "remove it and denoise again")


def _gone() -> Problem:
    return Problem("This result", "is not in the workspace any more", "denoise the scan again")
