"""Files, folders and zips in; scans sorted by geometry out."""

import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.scans import dicom, images
from ctdenoise.scans.archive import MEGABYTE, is_junk, is_zip, unpack
from ctdenoise.scans.dicom import Slice
from ctdenoise.scans.refusals import damaged, too_large
from ctdenoise.scans.scan import Scan, Source
from ctdenoise.settings import settings

Progress = Callable[[float, str], None]
SAME_PLACE = 0.01
"""mm within which two slices of a series lie at the same position."""


@dataclass(frozen=True)
class Reading:
    """What came out of a read: ``sources[i]`` are the files of ``scans[i]``, slice by slice.

    ``problems`` name the files that were left out, ``notes`` tell what was done on the way.
    Unpacked archives live as long as this object.
    """

    scans: list[Scan] = field(default_factory=list)
    sources: list[list[Source]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unpacked: tempfile.TemporaryDirectory[str] | None = None


def read(
    paths: Sequence[Path],
    *,
    meaning: images.Meaning = "HU",
    progress: Progress | None = None,
    on_file: Callable[[Path], None] | None = None,
    skip: frozenset[Path] = frozenset(),
    unpack_into: Path | None = None,
) -> Reading:
    """Read DICOM, PNG, TIFF and NPY files, folders of them and zips.

    A bad file becomes a problem while the others load; only an input of nothing but bad files
    leaves ``scans`` empty. ``meaning`` says what the numbers of PNG, TIFF and NPY are. ``on_file``
    hears of each file before it is opened, and ``skip`` names files not to open.
    """
    tell = progress or (lambda fraction, sentence: None)
    hear = on_file or (lambda path: None)
    tell(0.0, "Looking through the files")
    temporary = None
    if unpack_into is None:
        temporary = tempfile.TemporaryDirectory(prefix="ctdenoise-", ignore_cleanup_errors=True)
        unpack_into = Path(temporary.name)
    reading = Reading(unpacked=temporary)
    files = [f for f in _files(paths, unpack_into, reading.problems) if f not in skip]
    pictures = [f for f in files if images.is_image(f)]
    found: list[Slice] = []
    for n, path in enumerate(files):
        if path not in pictures:
            hear(path)
            tell(0.2 * n / len(files), f"Reading header {n + 1} of {len(files)}")
            try:
                found += dicom.slices(path)
            except Problem as problem:
                reading.problems.append(problem)
    series = _series(found, reading.notes)
    total, done = max(1, sum(map(len, series)) + len(pictures)), 0
    for group in series:
        before = done

        def step(n: int, before: int = before) -> None:
            tell(0.2 + 0.8 * (before + n) / total, f"Decoding slice {before + n} of {total}")

        _load(group, reading, hear, step)
        done += len(group)
    for scan, sources in images.read_images(pictures, meaning, reading.problems):
        reading.scans.append(scan)
        reading.sources.append(sources)
    _name_apart(reading.scans)
    tell(1.0, f"{len(reading.scans)} {'scan' if len(reading.scans) == 1 else 'scans'} loaded")
    return reading


def natural(text: str) -> list[str | int]:
    """A sort key in which slice2 comes before slice10.

    >>> sorted(["s10", "s2"], key=natural)
    ['s2', 's10']
    """
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def _files(paths: Sequence[Path], into: Path, problems: list[Problem]) -> list[Path]:
    """All files meant, zips unpacked, those above the limits told as problems."""
    limits = settings()
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            below = (p for p in path.rglob("*") if p.is_file())
            inside = sorted(
                (p for p in below if not is_junk(p.relative_to(path).as_posix())),
                key=lambda p: natural(str(p)),
            )
            if not inside:
                problems.append(Problem(path.name, "holds no files", "choose another folder"))
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            problems.append(Problem(path.name, "does not exist", "check the path"))
    if len(found) > limits.upload_files:
        raise Problem(
            f"{len(found)} files",
            f"are more than the {limits.upload_files} that can be read at once",
            "choose fewer",
        )
    files: list[Path] = []
    for n, path in enumerate(found):
        try:
            if path.stat().st_size > limits.upload_file_mb * MEGABYTE:
                raise Problem(
                    path.name, f"is larger than {limits.upload_file_mb} MB", "split or shrink it"
                )
            if is_zip(path):
                unpacked, refused = unpack(path, into / f"{n:05d}")
                files += unpacked
                problems += refused
                if not unpacked and not refused:
                    raise Problem(path.name, "holds no files", "choose another archive")
            else:
                files.append(path)
        except OSError:
            problems.append(Problem(path.name, "cannot be opened", "check its permissions"))
        except Problem as problem:
            problems.append(problem)
    return files


def _series(found: list[Slice], notes: list[str]) -> list[list[Slice]]:
    """Group slices into scans: one series, one size, one spacing, one direction, sorted."""
    unique: dict[str, Slice] = {}
    for slice in found:
        unique.setdefault(slice.instance, slice)
    if len(unique) < len(found):
        extra = len(found) - len(unique)
        notes.append(f"{extra} {'slice' if extra == 1 else 'slices'} came twice and count once.")
    groups: dict[tuple[object, ...], list[Slice]] = defaultdict(list)
    for slice in unique.values():
        groups[_geometry(slice)].append(slice)
    for series, parts in Counter(key[0] for key in groups).items():
        if parts > 1:
            label = next(s.facts.series for s in unique.values() if s.series == series)
            notes.append(
                f"{label} mixes sizes, spacings or directions and was loaded as {parts} scans."
            )
    return [layer for group in groups.values() for layer in _layers(group, notes)]


def _geometry(slice: Slice) -> tuple[object, ...]:
    spacing = tuple(np.round(slice.spacing, 3)) if slice.spacing else None
    direction = tuple(np.round(slice.orientation, 2) + 0.0)
    kind = (slice.unit, slice.facts.kernel, slice.facts.dose_word)
    return slice.series, slice.shape, spacing, direction, slice.origin is None, kind


def _layers(group: list[Slice], notes: list[str]) -> list[list[Slice]]:
    """Split a group that visits positions several times (phases, repeats) into one scan each."""
    if group[0].origin is None:
        return [sorted(group, key=lambda s: s.order)]
    ordered = sorted(group, key=lambda s: (round(_position(s) / SAME_PLACE), s.order))
    layers: list[list[Slice]] = []
    depth = 0
    for before, slice in zip([None, *ordered], ordered, strict=False):
        here = before is not None and abs(_position(slice) - _position(before)) < SAME_PLACE
        depth = depth + 1 if here else 0
        if depth == len(layers):
            layers.append([])
        layers[depth].append(slice)
    if len(layers) > 1:
        notes.append(
            f"{group[0].facts.series} visits the same positions {len(layers)} times and was loaded "
            f"as {len(layers)} scans."
        )
    return layers


def _position(slice: Slice) -> float:
    """mm along the normal of the slice."""
    assert slice.origin is not None
    return float(np.dot(slice.origin, normal(slice.orientation)))


def normal(orientation: Sequence[float]) -> NDArray[np.float64]:
    """The direction across slices with these row and column cosines."""
    across = np.cross(orientation[:3], orientation[3:])
    length = np.linalg.norm(across)
    return across / length if length else np.array([0.0, 0.0, 1.0])


def _load(
    group: list[Slice],
    reading: Reading,
    hear: Callable[[Path], None],
    step: Callable[[int], None],
) -> None:
    """Decode a group into one array and add it to the reading, without what cannot be decoded."""
    try:
        values = np.empty((len(group), *group[0].shape), np.float32)
    except MemoryError:
        reading.problems.append(too_large(group[0].source.path.name))
        return
    by_file: dict[Path, list[int]] = defaultdict(list)
    for index, slice in enumerate(group):
        by_file[slice.source.path].append(index)
    good: list[int] = []
    for path, indices in by_file.items():
        hear(path)
        frames = [group[i].source.frame for i in indices]
        try:
            for index, (_, image) in zip(indices, dicom.decode(path, frames), strict=True):
                if image.shape != group[0].shape:
                    raise damaged(path.name)
                values[index] = image
                step(len(good) + indices.index(index))
            good += indices
        except Problem as problem:
            reading.problems.append(problem)
    if good:
        good.sort()
        kept = [group[i] for i in good]
        reading.scans.append(_scan(kept, values if len(good) == len(group) else values[good]))
        reading.sources.append([s.source for s in kept])


def _scan(group: list[Slice], values: NDArray[np.float32]) -> Scan:
    first = group[0]
    located = first.origin is not None
    exposures = [s.facts.exposure_mas for s in group if s.facts.exposure_mas]
    positions = [_position(s) for s in group] if located else range(len(group))
    return Scan(
        name=first.facts.series,
        values=values,
        spacing=first.spacing,
        positions=np.array(positions, np.float64),
        origins=np.array([s.origin if located else (0, 0, 0) for s in group], np.float64),
        orientation=first.orientation,
        unit=first.unit,
        facts=replace(
            first.facts,
            exposure_mas=float(np.mean(exposures)) if exposures else None,
        ),
    )


def _name_apart(scans: list[Scan]) -> None:
    """Give scans of one name a number, in place."""
    counts = Counter(scan.name for scan in scans)
    seen: Counter[str] = Counter()
    for n, scan in enumerate(scans):
        if counts[scan.name] > 1:
            seen[scan.name] += 1
            scans[n] = replace(scan, name=f"{scan.name} ({seen[scan.name]})")
