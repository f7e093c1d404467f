"""What a workspace has had denoised: folders that grow slice by slice and are read meanwhile.

    denoisings/<id>/record.json   what is denoised, and by what
                    state.json    how it stands
                    output.npy    float32 (slices, rows, columns), those slices that are finished
                    slices.jsonl  for each finished slice a line: its figures
                    stop          there where a person has asked to stop
                    wanted        the slice that somebody looks at

:mod:`ctdenoise.jobs.denoise` does the work.
"""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.metrics.removal import Removal
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.settings import settings
from ctdenoise.workspace.denoisers import Method, title
from ctdenoise.workspace.library import Library

How = Literal["waiting", "running", "finished", "stopped", "failed", "interrupted"]


class Source(BaseModel):
    """A scan of the workspace ``owner``, or the low dose (its first noise draw) of a pair there."""

    owner: str
    kind: Literal["scan", "pair"]
    id: str

    def load(self) -> Scan | Pair:
        """Memory-mapped; :class:`Problem` where it has been removed."""
        library = Library(settings().workspaces / self.owner)
        return library.scan(self.id) if self.kind == "scan" else library.pair(self.id)


def slices_of(source: Scan | Pair) -> NDArray[np.float32]:
    """What is denoised of a source, (slices, rows, columns)."""
    return source.values if isinstance(source, Scan) else source.low[0]


class Record(BaseModel):
    """``name`` is the scan's and ``title`` the method's, as they were called when it began."""

    id: str
    workspace: str
    created: float
    source: Source
    method: Method
    name: str
    title: str
    slices: int
    unit: str


class State(BaseModel):
    how: How
    sentence: str
    since: float
    """Seconds since 1970."""

    @property
    def live(self) -> bool:
        return self.how in ("waiting", "running")


class Figures(BaseModel):
    """Of a finished slice: what was removed, and how many seconds it took."""

    index: int
    seconds: float
    removal: Removal


@dataclass(frozen=True)
class Denoising:
    """One of them; whatever it tells is read anew each time."""

    folder: Path
    record: Record

    @property
    def state(self) -> State:
        """How it was last said to stand; see :func:`ctdenoise.jobs.denoise.standing`."""
        return _read(self.folder / "state.json", State)

    @property
    def figures(self) -> dict[int, Figures]:
        """Of the finished slices, by index, in the order in which they were finished."""
        path = self.folder / "slices.jsonl"
        try:
            stand = path.stat()
            return _figures(path, stand.st_size, stand.st_mtime_ns)
        except OSError as error:
            raise _gone() from error

    def output(self, index: int) -> NDArray[np.float32]:
        """A finished slice, (rows, columns), in the record's unit."""
        if index not in self.figures:
            raise Problem(
                f"Slice {index + 1} of {self.record.name}",
                "has not been denoised",
                "press Go on to have the rest denoised too",
            )
        return np.array(self.outputs[index])

    @property
    def outputs(self) -> NDArray[np.float32]:
        """All slices, (slices, rows, columns), memory-mapped; zeros where one is not finished."""
        slices: NDArray[np.float32] = np.load(
            self.folder / "output.npy", mmap_mode="r", allow_pickle=False
        )
        return slices

    def want(self, index: int) -> None:
        """Have this slice denoised next, since somebody looks at it."""
        with suppress(OSError):  # a full disk, or just removed: then it comes in its order, or not
            _write(self.folder / "wanted", str(index))

    @telling_disk_problems
    def ask_stop(self) -> None:
        """It stops after the slice in hand; one that still waits never begins."""
        (self.folder / "stop").touch()
        if self.state.how == "waiting":
            done = len(self.figures)
            told = (
                f"after {done} of {self.record.slices} slices" if done else "before its turn came"
            )
            self.put("stopped", f"Stopped {told}.")

    @telling_disk_problems
    def remove(self) -> None:
        """At once out of every list; a job that still works on it ends by that."""
        gone = self.folder.parents[1] / f".removed-{self.record.id}-{secrets.token_hex(4)}"
        self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    # what the job does

    def put(self, how: How, sentence: str) -> None:
        state = State(how=how, sentence=sentence, since=time.time())
        _write(self.folder / "state.json", state.model_dump_json())

    def keep(self, image: NDArray[np.float32], figures: Figures) -> None:
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

    def wishes(self) -> tuple[bool, int | None]:
        """Whether to stop, and the slice that somebody looks at."""
        wanted = None
        with suppress(FileNotFoundError, ValueError):
            wanted = int((self.folder / "wanted").read_text())
        return (self.folder / "stop").exists(), wanted


@telling_disk_problems
def create(workspace: str, source: Source, method: Method) -> Denoising:
    """A new one, still to be done; :class:`Problem` where the source or the method is not there."""
    scan = source.load()
    values = slices_of(scan)
    record = Record(
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
    (home / "denoisings").mkdir(parents=True, exist_ok=True)
    making = home / f".making-{record.id}"
    try:
        making.mkdir()
        np.lib.format.open_memmap(making / "output.npy", "w+", np.float32, values.shape)
        (making / "slices.jsonl").touch()
        Denoising(making, record).put("waiting", "Waits for its turn.")
        _write(making / "record.json", record.model_dump_json())
        making.rename(home / "denoisings" / record.id)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return find(workspace, record.id)


def find(workspace: str, id: str) -> Denoising:
    """One by its id; :class:`Problem` where there is none such."""
    folder = settings().workspaces / workspace / "denoisings" / id
    if len(id) != 12 or not id.isalnum():
        raise _gone()
    return Denoising(folder, _read(folder / "record.json", Record))


def every(workspace: str) -> list[Denoising]:
    """Newest first."""
    found = list(_found(settings().workspaces / workspace / "denoisings"))
    return sorted(found, key=lambda each: each.record.created, reverse=True)


def _found(folder: Path) -> Iterator[Denoising]:
    for path in folder.glob("*/record.json"):
        with suppress(Problem):  # removed while we looked, or damaged: the others are still there
            yield Denoising(path.parent, _read(path, Record))


@lru_cache(maxsize=64)
def _figures(path: Path, size: int, changed: int) -> dict[int, Figures]:
    """Parsed once for all who look on, each time that a slice is added."""
    found = {}
    for line in path.read_bytes().split(b"\n")[:-1]:  # whole lines only
        with suppress(ValidationError):  # damaged: that slice alone is denoised again
            figures = Figures.model_validate_json(line)
            found[figures.index] = figures
    return found


def _read(path: Path, kind: type[BaseModel]):  # type: ignore[no-untyped-def]
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise _gone() from error


def _gone() -> Problem:
    return Problem("This result", "is not in the workspace any more", "denoise the scan again")


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
