"""What a workspace owns: scans and pairs as plain folders that several processes may read.

    scans/<id>/record.json  values.npy  geometry.npz  sources.json  sources/
    pairs/<id>/record.json  low.npy  full.npy  geometry.npz

Nobody meets half of a folder: see :mod:`ctdenoise.files`.
"""

import json
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, TypedDict, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter

from ctdenoise import files, stored
from ctdenoise.config.split import Outline, outline
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import atomic_folder, remove_folder, write_atomically
from ctdenoise.scans.scan import Facts, Pair, Scan, SliceSource
from ctdenoise.settings import settings
from ctdenoise.stored import Damaged

Shapes = Mapping[str, tuple[int, ...]]
Orientation = tuple[float, float, float, float, float, float]


class Record(BaseModel):
    """What lists show, without loading an array."""

    word: ClassVar[str]
    id: str
    name: str
    created: float
    """Seconds since 1970."""
    slices: int
    rows: int
    columns: int
    spacing: tuple[float, float] | None
    orientation: Orientation
    unit: str
    patient: str

    @property
    def shapes(self) -> Shapes:
        """Of the float32 arrays in its folder, by file name."""
        raise NotImplementedError

    @property
    def geometry(self) -> Shapes:
        """Of the arrays in geometry.npz, by name."""
        return {"positions": (self.slices,)}


class ScanRecord(Record):
    """What a library keeps of a scan beside its values."""

    word = "scan"
    facts: Facts

    @property
    def shapes(self) -> Shapes:
        """The scan's values."""
        return {"values.npy": (self.slices, self.rows, self.columns)}

    @property
    def geometry(self) -> Shapes:
        """Where the slices lie, in mm."""
        return {"positions": (self.slices,), "origins": (self.slices, 3)}


class PairRecord(Record):
    """What a library keeps of a pair beside its values."""

    word = "pair"
    draws: int
    dose_fraction: float | None
    simulated: bool
    low_scan: str | None
    full_scan: str | None
    matched: str
    """One sentence on how the slices were paired or the low dose was made."""

    @property
    def shapes(self) -> Shapes:
        """Each noise realisation of the low dose, and the full dose."""
        full = (self.slices, self.rows, self.columns)
        return {"low.npy": (self.draws, *full), "full.npy": full}


R = TypeVar("R", bound=Record)
_SOURCES = TypeAdapter(list[tuple[str, int]])


class Library:
    """The scans and pairs of one workspace, below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def scans(self) -> list[ScanRecord]:
        """Newest first, without those that are damaged."""
        return self._listed("scans", ScanRecord)[0]

    def pairs(self) -> list[PairRecord]:
        """Newest first, without those that are damaged."""
        return self._listed("pairs", PairRecord)[0]

    def damaged(self) -> list[Damaged]:
        """The scans and pairs that cannot be read any more and had better be removed."""
        return self._listed("scans", ScanRecord)[1] + self._listed("pairs", PairRecord)[1]

    def folder(self, id: str) -> Path:
        """Where a scan or pair lies; raises :class:`Problem` for an id that there is not."""
        if re.fullmatch(r"[0-9a-f]{12}", id):
            for kind in ("scans", "pairs"):
                if (self.root / kind / id).is_dir():
                    return self.root / kind / id
        raise Problem("This scan", "is not in the workspace", "choose one from the list")

    def scan_record(self, id: str) -> ScanRecord:
        """The record alone; :class:`Problem` where there is no such scan, or it is damaged."""
        return _sound(self._folder_of(id, "scans"), ScanRecord)

    def pair_record(self, id: str) -> PairRecord:
        """The record alone; :class:`Problem` where there is no such pair, or it is damaged."""
        return _sound(self._folder_of(id, "pairs"), PairRecord)

    def scan(self, id: str) -> Scan:
        """With its values memory-mapped, read-only."""
        record, found = _content(self._opened(id, "scans"), ScanRecord)
        return Scan(
            name=record.name,
            values=found["values.npy"],
            spacing=record.spacing,
            positions=found["positions"],
            origins=found["origins"],
            orientation=record.orientation,
            unit=record.unit,
            facts=record.facts,
            **_order(found, record.facts),
        )

    def pair(self, id: str) -> Pair:
        """With low and full dose memory-mapped, read-only."""
        record, found = _content(self._opened(id, "pairs"), PairRecord)
        return Pair(
            name=record.name,
            low=found["low.npy"],
            full=found["full.npy"],
            spacing=record.spacing,
            positions=found["positions"],
            orientation=record.orientation,
            unit=record.unit,
            patient=record.patient,
            dose_fraction=record.dose_fraction,
            simulated=record.simulated,
            located=bool(found.get("located", True)),
        )

    def sources(self, id: str) -> list[SliceSource]:
        """The de-identified files of a scan, slice by slice; empty where none were kept."""
        folder = self._folder_of(id, "scans")
        record = _sound(folder, ScanRecord)
        lost = f"The DICOM files of the scan {record.name}"
        with stored.reading(lost, "load the scan anew"):
            listed = stored.values(folder / "sources.json", _SOURCES)
            there = {path.name: path for path in (folder / "sources").iterdir()} if listed else {}
            if listed and len(listed) != record.slices:
                raise ValueError("sources.json does not list a file for each slice")
            return [SliceSource(there[name], frame) for name, frame in listed]

    @telling_disk_problems
    def add_scan(self, scan: Scan, sources: Sequence[SliceSource]) -> ScanRecord:
        """Keep a scan with copies of its files, numbered (their names may tell the patient's)."""

        def fill(folder: Path) -> None:
            np.save(folder / "values.npy", scan.values.astype(np.float32, copy=False))
            numbers = {"numbers": np.array(scan.numbers)} if scan.numbers else {}
            np.savez(
                folder / "geometry.npz",
                allow_pickle=False,
                positions=scan.positions,
                origins=scan.origins,
                located=scan.located,
                **numbers,
            )
            (folder / "sources").mkdir()
            names: dict[Path, str] = {}
            for source in sources:
                if source.path not in names:
                    names[source.path] = f"{len(names):05d}{source.path.suffix.lower()[:5]}"
                    shutil.copyfile(source.path, folder / "sources" / names[source.path])
            listed = [(names[source.path], source.frame) for source in sources]
            (folder / "sources.json").write_text(json.dumps(listed), encoding="utf-8")

        record = ScanRecord(
            id=secrets.token_hex(6),
            name=scan.name,
            created=time.time(),
            slices=scan.values.shape[0],
            rows=scan.values.shape[1],
            columns=scan.values.shape[2],
            spacing=scan.spacing,
            orientation=scan.orientation,
            unit=scan.unit,
            patient=scan.facts.patient,
            facts=scan.facts,
        )
        return self._add("scans", record, fill)

    @telling_disk_problems
    def add_pair(
        self,
        pair: Pair,
        *,
        low_scan: str | None = None,
        full_scan: str | None = None,
        matched: str = "",
        id: str | None = None,
        low_file: Path | None = None,
    ) -> PairRecord:
        """Keep a pair; ``low_scan`` and ``full_scan`` are the ids of the scans it came from, and
        ``low_file`` is the .npy file of the workspace in which its low dose lies already: it is
        moved. Raises :class:`Problem` where there is one of this ``id`` already."""

        def fill(folder: Path) -> None:
            np.save(folder / "full.npy", pair.full.astype(np.float32, copy=False))
            np.savez(folder / "geometry.npz", positions=pair.positions, located=pair.located)
            if low_file:  # last, so that it stays where it is as long as the rest may fail
                low_file.replace(folder / "low.npy")
            else:
                np.save(folder / "low.npy", pair.low.astype(np.float32, copy=False))

        record = PairRecord(
            id=id or secrets.token_hex(6),
            name=pair.name,
            created=time.time(),
            slices=pair.full.shape[0],
            rows=pair.full.shape[1],
            columns=pair.full.shape[2],
            spacing=pair.spacing,
            orientation=pair.orientation,
            unit=pair.unit,
            patient=pair.patient,
            draws=pair.low.shape[0],
            dose_fraction=pair.dose_fraction,
            simulated=pair.simulated,
            low_scan=low_scan,
            full_scan=full_scan,
            matched=matched,
        )
        return self._add("pairs", record, fill)

    @telling_disk_problems
    def remove(self, id: str) -> None:
        """Delete a scan or a pair from disk."""
        remove_folder(self.folder(id), self.root)

    @telling_disk_problems
    def rename(self, id: str, name: str) -> None:
        """Give a scan or a pair another name, of at most 100 characters."""
        name = " ".join(name.split())[:100]
        if not name:
            raise Problem("The name", "is empty", "type one")
        folder = self.folder(id)
        record = _sound(folder, ScanRecord if folder.parent.name == "scans" else PairRecord)
        renamed = record.model_copy(update={"name": name})
        write_atomically(folder / "record.json", renamed.model_dump_json())

    def _folder_of(self, id: str, kind: str) -> Path:
        folder = self.folder(id)
        if folder.parent.name != kind:
            wanted = "scan" if kind == "scans" else "pair"
            raise Problem("What was chosen", f"is no {wanted}", f"choose a {wanted}")
        return folder

    def _opened(self, id: str, kind: str) -> Path:
        folder = self._folder_of(id, kind)
        files.opened(folder)
        return folder

    def _listed(self, kind: str, type: type[R]) -> tuple[list[R], list[Damaged]]:
        found, damaged = stored.listed(self.root / kind, partial(_sound, kind=type))
        return sorted(found, key=lambda record: record.created, reverse=True), damaged

    def _add(self, kind: str, record: R, fill: Callable[[Path], None]) -> R:
        with atomic_folder(self.root / kind / record.id, self.root) as making:
            fill(making)
            (making / "record.json").write_text(record.model_dump_json(), encoding="utf-8")
        return record


def library_of(workspace: str) -> Library:
    """What a workspace holds."""
    return Library(settings().workspaces / workspace)


@lru_cache(maxsize=256)  # a pair's arrays never change, and its outline reads all of them
def outlined(workspace: str, pair: str) -> Outline:
    """What the split of a run has to know of a pair; :class:`Problem` where it is not there."""
    return outline(library_of(workspace).pair(pair))


def sweep(workspaces: Path, older_than: float = 86_400) -> None:
    """Remove what a process that died left half-made, once it is ``older_than`` seconds old."""
    own = (f"{files.MAKING}*", ".reading-*", f"{files.REMOVED}*", "uploads/*")
    for pattern in (f"{files.MAKING}*", *(f"*/{each}" for each in own)):
        files.sweep(workspaces.glob(pattern), older_than)


def _content(folder: Path, kind: type[R]) -> tuple[R, dict[str, NDArray[Any]]]:
    """A scan's or a pair's record with its arrays, memory-mapped, and its geometry, by name."""
    with stored.reading(lambda: stored.called(folder, kind.word), "remove it and load it anew"):
        record = stored.record(folder / "record.json", kind)
        if record.id != folder.name:
            raise ValueError("the record is another's")
        arrays = {name: stored.array(folder / name, shape) for name, shape in record.shapes.items()}
        return record, arrays | stored.arrays(
            folder / "geometry.npz", record.geometry, {"located": (), "numbers": (record.slices,)}
        )


class _Order(TypedDict):
    located: bool
    numbers: tuple[int, ...] | None


def _order(found: Mapping[str, NDArray[Any]], facts: Facts) -> _Order:
    """Whether a scan is located and how its slices are numbered; of a scan kept before this was
    kept with it, as far as its geometry shows it."""
    if "located" in found:
        numbers = tuple(map(int, found["numbers"])) if "numbers" in found else None
        return _Order(located=bool(found["located"]), numbers=numbers)
    located = bool(found["origins"].any())
    named = not located and facts.modality == "image" and len(found["positions"]) > 1
    numbers = tuple(map(int, found["positions"])) if named else None
    return _Order(located=located, numbers=numbers)


def _sound(folder: Path, kind: type[R]) -> R:
    """The record of a scan or pair, all of whose arrays are there; looked at again when one of its
    files has changed."""
    names = ("record.json", "geometry.npz", "values.npy", "low.npy", "full.npy")
    record: R = _looked_at(folder, kind, tuple(_stand(folder / name) for name in names))
    return record


def _stand(file: Path) -> tuple[int, int] | None:
    """Changes with what is in a file; None where there is none."""
    with suppress(OSError):
        stat = file.stat()
        return stat.st_size, stat.st_mtime_ns
    return None


@lru_cache(maxsize=4096)
def _looked_at(folder: Path, kind: type[R], stand: tuple[tuple[int, int] | None, ...]) -> R:
    return _content(folder, kind)[0]
