"""Results as derived DICOM series, or as files of images, whole or not at all."""

import secrets
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.scans.dataset import open_dataset
from ctdenoise.scans.deidentify import Pseudonyms
from ctdenoise.scans.deidentify import deidentify as take_identity_out
from ctdenoise.scans.derived import DerivedSeries, complete, derive, describe, widen
from ctdenoise.scans.facts import patient
from ctdenoise.scans.readers import READERS, reader_of, stem
from ctdenoise.scans.scan import SliceSource
from ctdenoise.settings import settings


@telling_disk_problems
def write_series(
    slices: Iterable[tuple[SliceSource, NDArray[np.float32]]],
    out: Path,
    *,
    description: str,
    recipe: str,
    deidentify: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Write slices (rows, columns), each derived from its source, as one new series.

    ``out/slice_0001.dcm`` and so on, in the order in which they come, each written before the next
    is asked for. Each keeps its source's patient, study, position, orientation and spacing, and its
    way of storing values as far as that holds the new ones (see
    :func:`~ctdenoise.scans.encoding.store`); ``description`` becomes the series description. The
    source's own values come back exactly as they were read. The series' UID follows from the
    source's, from the instance that comes first and from ``recipe``, which tells all that made the
    result: making it twice does not make two series, and two phases of one series do not become
    one. An instance's UID follows from its pixels too. Raises :class:`Problem` where there is no
    slice, and where ``out`` is not empty, unless ``overwrite``.
    """
    pseudonyms = Pseudonyms.of(settings().home) if deidentify else None
    with _whole(out, overwrite, replacing="slice_[0-9]*.dcm") as folder:
        opened: tuple[Path, Dataset] | None = None
        series: DerivedSeries | None = None
        kinds: set[tuple[int, int]] = set()
        n = 0
        for n, (source, image) in enumerate(slices, 1):
            if opened is None or opened[0] != source.path:
                opened = source.path, open_dataset(source.path, pixels=False)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what the source got wrong stays wrong
                series = series or DerivedSeries.of(opened[1], source, recipe, description)
                derived = derive(opened[1], source, image, series)
                derived.InstanceNumber = n
                if pseudonyms:
                    take_identity_out(derived, pseudonyms, patient(opened[1]))
                describe(derived, series)
                complete(derived)
                derived.save_as(folder / f"slice_{n:04d}.dcm", enforce_file_format=True)
                kinds.add((derived.BitsStored, derived.PixelRepresentation))
        if n == 0:
            raise Problem("The series", "has no slice that can be read", "export it again")
        if len(kinds) > 1:  # converters take the first slice's for all
            for path in folder.iterdir():
                widen(path)
    return sorted(out.glob("slice_[0-9]*.dcm"))


@telling_disk_problems
def write_arrays(
    values: NDArray[np.float32],
    sources: Sequence[SliceSource],
    out: Path,
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write ``values`` (slices, rows, columns), float32, under their files' names.

    A file of several slices becomes one file again, where its format says where they lie with the
    same voxels at the same places; what cannot hold HU, like PNG, becomes TIFF.
    """
    names: list[str] = []
    with _whole(out, overwrite, replacing="") as folder:
        for path in dict.fromkeys(source.path for source in sources):
            chosen = sorted((s.frame, i) for i, s in enumerate(sources) if s.path == path)
            image = np.asarray(values[[i for _, i in chosen]], np.float32)
            image = image[0] if len(image) == 1 else image
            reader = reader_of(path)
            kept = reader and (reader.write or reader.write_like)
            names.append(path.name if kept else f"{stem(path)}.tif")
            if reader and reader.write_like:
                reader.write_like(image, folder / names[-1], path)
            else:
                write = (reader and reader.write) or READERS["tiff"].write
                assert write is not None
                write(image, folder / names[-1])
    return [out / name for name in names]


@contextmanager
def _whole(out: Path, overwrite: bool, *, replacing: str) -> Iterator[Path]:
    """A folder to write in, whose files appear in ``out`` together once all are written.

    With ``overwrite``, files in ``out`` that match ``replacing`` are the earlier result and go.
    """
    out = Path(out).resolve()
    if out.exists() and not out.is_dir():
        raise Problem(out.name, "is a file", "choose a folder to write to")
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise Problem(out.name, "is not empty", "choose another folder, or overwrite it knowingly")
    out.parent.mkdir(parents=True, exist_ok=True)
    making = out.parent / f".{out.name}-{secrets.token_hex(4)}"
    making.mkdir()
    try:
        yield making
        if out.exists():
            _take_the_place(making, out, replacing)
        else:
            making.rename(out)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _take_the_place(making: Path, out: Path, replacing: str) -> None:
    """Put ``making`` where ``out`` is, with what ``out`` holds beside the earlier result.

    Folders change their names, files are not copied: an exception leaves the old or the new. No
    call exchanges two folders on every system, so a process killed between the two renames leaves
    no ``out``: the earlier result lies beside it in ``.out-…-old``, the new one, whole, in
    ``.out-…``, and every other file in one of these.
    """
    earlier = making.with_name(f"{making.name}-old")
    out.rename(earlier)
    moved: list[str] = []
    try:
        gone = set(earlier.glob(replacing)) if replacing else set()
        for file in earlier.iterdir():
            if file not in gone and not (making / file.name).exists():
                moved.append(file.name)
                file.rename(making / file.name)
        making.rename(out)
    except BaseException:
        for name in moved:
            if (making / name).exists():
                (making / name).rename(earlier / name)
        earlier.rename(out)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
