"""Real low-dose pairs: the Mayo Clinic's LDCT-and-Projection-data, from the public archive.

McCollough C, et al. Low Dose CT Image and Projection Data. The Cancer Imaging Archive, 2020,
doi:10.7937/9npb-2637: 100 patients with images at routine dose and at a fraction of it. The NCI
Imaging Data Commons serves them without a login, one folder of a bucket a series and one object a
slice. Which there are stands in ``ldct.csv`` (see :mod:`ctdenoise.scans.ldct_table`).
"""

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ctdenoise.errors import Problem, Progress, telling_disk_problems
from ctdenoise.scans.bucket import Bucket, Stored, in_parallel
from ctdenoise.scans.matching import nearest
from ctdenoise.units import counted

TABLE = Path(__file__).with_name("ldct.csv")
COLLECTION = "LDCT-and-Projection-data"
ARCHIVE = "The Imaging Data Commons"
DOI = "10.7937/9npb-2637"
ATTRIBUTION = (
    "McCollough C, Chen B, Holmes III DR, Duan X, Yu Z, Yu L, Leng S, Fletcher J. Low Dose CT "
    f"Image and Projection Data ({COLLECTION}). The Cancer Imaging Archive, 2020. "
    f"doi:{DOI} (CC BY 4.0)."
)
DOSES = ("low", "full")
HEADER_BYTES = (16 << 10, 1 << 20)
"""How much of a slice is read for its position: enough for these scanners, then for any other."""


@dataclass(frozen=True)
class ArchiveSeries:
    """One dose of a patient: ``size_mb`` in 10⁶ bytes, ``url`` as s3://bucket/folder/."""

    uid: str
    slices: int
    size_mb: float
    url: str


@dataclass(frozen=True)
class Patient:
    """``fraction``: what the low dose is of the routine dose."""

    id: str
    region: str
    fraction: float
    licence: str
    low: ArchiveSeries
    full: ArchiveSeries

    @property
    def name(self) -> str:
        """For lists: the archive, the patient and the region."""
        return f"Mayo {self.id}, {self.region}"

    def download_mb(self, every: int = 1) -> float:
        """10⁶ bytes of every n-th slice at both doses; the positions of all come on top."""
        series = (self.low, self.full)
        return sum(each.size_mb * -(-each.slices // every) / each.slices for each in series)


@cache
def patients() -> Mapping[str, Patient]:
    """All patients with both doses, by their ID in the collection."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = {(row["patient"], row["dose"]): row for row in csv.DictReader(file)}

    def series(row: Mapping[str, str]) -> ArchiveSeries:
        return ArchiveSeries(
            row["series"], int(row["instances"]), float(row["size_mb"]), row["url"]
        )

    return {
        id: Patient(
            id,
            low["region"],
            float(low["fraction"]),
            low["licence"],
            series(low),
            series(rows[id, "full"]),
        )
        for (id, dose), low in rows.items()
        if dose == "low"
    }


def patient(id: str) -> Patient:
    """One patient; raises :class:`Problem` for an ID that there is not."""
    try:
        return patients()[id]
    except KeyError:
        known = list(patients())
        raise Problem(
            f'Patient "{id}"',
            f"is not in {COLLECTION}",
            f"choose one of the {len(known)} from {known[0]} to {known[-1]} in its list",
        ) from None


@telling_disk_problems
def download(
    patient: Patient, folder: Path, *, every: int = 1, progress: Progress | None = None
) -> None:
    """Fill ``folder/low`` and ``folder/full`` with the slices that lie at the same positions.

    Of these, ordered by position, every n-th. What ``folder`` holds already is checked and kept, so
    a download that was cut off goes on. Nothing is made before the archive has answered.
    """
    if every < 1:
        raise Problem(f"Every {every}th slice", "cannot be chosen", "give a whole number from 1 up")
    tell = progress or (lambda fraction, sentence: None)
    tell(0.0, f"{patient.id}: asking the archive")
    bucket = Bucket(patient.low.url.split("/")[2], ARCHIVE)
    low, full = (
        _listed(bucket, f"{patient.id} at {dose} dose", series)
        for dose, series in zip(DOSES, (patient.low, patient.full), strict=True)
    )
    chosen = _same_places(bucket, low, full, every, patient, tell)
    for dose in DOSES:
        (folder / dose).mkdir(parents=True, exist_ok=True)
    wanted = [
        (stored, folder / dose / Path(stored.key).name)
        for both in chosen
        for dose, stored in zip(DOSES, both, strict=True)
    ]
    os.utime(folder)

    def arrived(n: int) -> None:
        os.utime(folder)  # its own time stands still: a sweep would take it for a left-over
        tell(0.1 + 0.9 * n / len(wanted), f"{patient.id}: downloading slice {n} of {len(wanted)}")

    in_parallel(lambda item: bucket.download(*item), wanted, arrived)


def _listed(bucket: Bucket, name: str, series: ArchiveSeries) -> list[Stored]:
    """The objects of a series, as many as the table says."""
    objects = bucket.objects(series.url.split("/", 3)[3])
    if len(objects) != series.slices:
        raise Problem(
            name,
            f"has {counted(len(objects), 'slice')} in the archive instead of {series.slices}",
            "try again later or choose another patient",
        )
    return objects


def _same_places(
    bucket: Bucket,
    low: list[Stored],
    full: list[Stored],
    every: int,
    patient: Patient,
    tell: Progress,
) -> list[tuple[Stored, Stored]]:
    """Every n-th of the positions that both doses have, in order, told from the headers alone."""
    both = low + full
    places = in_parallel(
        lambda stored: _position(bucket, stored),
        both,
        lambda n: tell(0.1 * n / len(both), f"{patient.id}: reading position {n} of {len(both)}"),
    )
    heights = np.array(places[: len(low)]), np.array(places[len(low) :])
    order = np.argsort(heights[1])
    in_low, in_order = nearest(heights[0], heights[1][order])
    if not in_low:
        raise Problem(patient.id, "has no slice at both doses", "choose another patient")
    pairs = [(low[i], full[order[j]]) for i, j in zip(in_low, in_order, strict=True)]
    return pairs[::every]


def _position(bucket: Bucket, stored: Stored) -> float:
    """mm along the normal of a slice."""
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_partial

    from ctdenoise.scans.facts import vector
    from ctdenoise.scans.geometry import normal

    for length in HEADER_BYTES:
        try:
            header = read_partial(
                io.BytesIO(bucket.start(stored, length)), lambda tag, vr, size: tag > 0x00200037
            )
        except (InvalidDicomError, EOFError, OSError, ValueError):
            continue
        origin = vector(header, "ImagePositionPatient", 3)
        orientation = vector(header, "ImageOrientationPatient", 6)
        if origin and orientation:
            return float(np.dot(origin, normal(orientation)))
    raise Problem(stored.key, "is no CT slice with a position", "choose another patient")
