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
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from ctdenoise import files
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import atomic_folder, remove_folder, write_atomically
from ctdenoise.scans.scan import Facts, Pair, Scan, SliceSource
from ctdenoise.settings import settings

Orientation = tuple[float, float, float, float, float, float]


class Record(BaseModel):
    """What lists show, without loading an array."""

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


class ScanRecord(Record):
    """What a library keeps of a scan beside its values."""

    facts: Facts


class PairRecord(Record):
    """What a library keeps of a pair beside its values."""

    draws: int
    dose_fraction: float | None
    simulated: bool
    low_scan: str | None
    full_scan: str | None
    matched: str
    """One sentence on how the slices were paired or the low dose was made."""


R = TypeVar("R", bound=Record)


class Library:
    """The scans and pairs of one workspace, below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def scans(self) -> list[ScanRecord]:
        """Newest first."""
        return _records(self.root / "scans", ScanRecord)

    def pairs(self) -> list[PairRecord]:
        """Newest first."""
        return _records(self.root / "pairs", PairRecord)

    def folder(self, id: str) -> Path:
        """Where a scan or pair lies; raises :class:`Problem` for an id that there is not."""
        if re.fullmatch(r"[0-9a-f]{12}", id):
            for kind in ("scans", "pairs"):
                if (self.root / kind / id / "record.json").exists():
                    return self.root / kind / id
        raise Problem("This scan", "is not in the workspace", "choose one from the list")

    def scan_record(self, id: str) -> ScanRecord:
        """The record alone; :class:`Problem` where there is no such scan."""
        return _record(self._folder_of(id, "scans"), ScanRecord)

    def pair_record(self, id: str) -> PairRecord:
        """The record alone; :class:`Problem` where there is no such pair."""
        return _record(self._folder_of(id, "pairs"), PairRecord)

    def scan(self, id: str) -> Scan:
        """With its values memory-mapped, read-only."""
        folder = self._folder_of(id, "scans")
        record = _record(folder, ScanRecord)
        with np.load(folder / "geometry.npz", allow_pickle=False) as geometry:
            return Scan(
                name=record.name,
                values=np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False),
                spacing=record.spacing,
                positions=geometry["positions"],
                origins=geometry["origins"],
                orientation=record.orientation,
                unit=record.unit,
                facts=record.facts,
                **_order(geometry, record.facts),
            )

    def pair(self, id: str) -> Pair:
        """With low and full dose memory-mapped, read-only."""
        folder = self._folder_of(id, "pairs")
        record = _record(folder, PairRecord)
        with np.load(folder / "geometry.npz", allow_pickle=False) as geometry:
            positions = geometry["positions"]
            located = bool(geometry.get("located", True))
        return Pair(
            name=record.name,
            low=np.load(folder / "low.npy", mmap_mode="r", allow_pickle=False),
            full=np.load(folder / "full.npy", mmap_mode="r", allow_pickle=False),
            spacing=record.spacing,
            positions=positions,
            orientation=record.orientation,
            unit=record.unit,
            patient=record.patient,
            dose_fraction=record.dose_fraction,
            simulated=record.simulated,
            located=located,
        )

    def sources(self, id: str) -> list[SliceSource]:
        """The de-identified files of a scan, slice by slice; empty where none were kept."""
        folder = self._folder_of(id, "scans")
        listed = json.loads((folder / "sources.json").read_text(encoding="utf-8"))
        return [SliceSource(folder / "sources" / name, frame) for name, frame in listed]

    @telling_disk_problems
    def add_scan(self, scan: Scan, sources: Sequence[SliceSource]) -> ScanRecord:
        """Keep a scan with copies of its files, numbered (their names may tell the patient's)."""

        def fill(folder: Path) -> None:
            np.save(folder / "values.npy", scan.values.astype(np.float32, copy=False))
            np.savez(
                folder / "geometry.npz",
                positions=scan.positions,
                origins=scan.origins,
                located=scan.located,
                numbers=np.array(scan.numbers or (), np.int64),
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
    ) -> PairRecord:
        """Keep a pair; ``low_scan`` and ``full_scan`` are the ids of the scans it came from."""

        def fill(folder: Path) -> None:
            np.save(folder / "low.npy", pair.low.astype(np.float32, copy=False))
            np.save(folder / "full.npy", pair.full.astype(np.float32, copy=False))
            np.savez(folder / "geometry.npz", positions=pair.positions, located=pair.located)

        record = PairRecord(
            id=secrets.token_hex(6),
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
        path = self.folder(id) / "record.json"
        changed = json.loads(path.read_text(encoding="utf-8")) | {"name": name}
        write_atomically(path, json.dumps(changed))

    def _folder_of(self, id: str, kind: str) -> Path:
        folder = self.folder(id)
        if folder.parent.name != kind:
            wanted = "scan" if kind == "scans" else "pair"
            raise Problem("What was chosen", f"is no {wanted}", f"choose a {wanted}")
        return folder

    def _add(self, kind: str, record: R, fill: Callable[[Path], None]) -> R:
        with atomic_folder(self.root / kind / record.id, self.root) as making:
            fill(making)
            (making / "record.json").write_text(record.model_dump_json(), encoding="utf-8")
        return record


def library_of(workspace: str) -> Library:
    """What a workspace holds."""
    return Library(settings().workspaces / workspace)


def sweep(workspaces: Path, older_than: float = 86_400) -> None:
    """Remove what a process that died left half-made, once it is ``older_than`` seconds old."""
    own = (f"{files.MAKING}*", ".reading-*", f"{files.REMOVED}*", "uploads/*")
    for pattern in (f"{files.MAKING}*", *(f"*/{each}" for each in own)):
        files.sweep(workspaces.glob(pattern), older_than)


class _Order(TypedDict):
    located: bool
    numbers: tuple[int, ...] | None


def _order(geometry: Mapping[str, NDArray[Any]], facts: Facts) -> _Order:
    """Whether a scan is located and how its slices are numbered; of a scan kept before this was
    kept with it, as far as its geometry shows it."""
    if "located" in geometry:
        numbers = tuple(geometry["numbers"].tolist()) or None
        return _Order(located=bool(geometry["located"]), numbers=numbers)
    located = bool(geometry["origins"].any())
    named = not located and facts.modality == "image" and len(geometry["positions"]) > 1
    numbers = tuple(map(int, geometry["positions"])) if named else None
    return _Order(located=located, numbers=numbers)


def _record(folder: Path, kind: type[R]) -> R:
    try:
        return kind.model_validate_json((folder / "record.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise Problem(
            "This scan", "cannot be read any more", "remove it and load it anew"
        ) from error


def _records(folder: Path, kind: type[R]) -> list[R]:
    found: list[R] = []
    for path in folder.glob("*/record.json"):
        try:
            found.append(_record(path.parent, kind))
        except Problem:
            continue  # removed while we looked, or damaged: the others are still there
    return sorted(found, key=lambda record: record.created, reverse=True)
