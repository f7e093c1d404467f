"""Real CT of three patients that comes with the program, with a simulated low dose.

The slices lie in ``sample_data``, whose README.md says where each is from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ctdenoise.errors import Problem, Progress
from ctdenoise.scans.scan import Pair, Scan, SliceSource

DOSE_FRACTION = 0.25
DRAWS = 4
"""Noise realisations of every slice of a simulated pair, here and wherever nothing else is said."""
SEED = 1
FOLDER = Path(__file__).with_name("sample_data")


@dataclass(frozen=True)
class Series:
    """Slices of one patient. ``prefix``: how the names of its files begin. ``pair``: the id of its
    pair, the same on every computer, so that a link to it works for a whole class; another one is
    due as soon as its numbers are others. ``photons`` per ray and ``f50`` of the kernel in lp/mm:
    what :func:`ctdenoise.dose.calibration.calibrate` finds in uniform regions of the slices, so
    that a quarter of the dose has twice their own noise. ``source``: whose it is, under which
    licence."""

    name: str
    prefix: str
    pair: str
    photons: float
    f50: float
    source: str

    @property
    def files(self) -> list[Path]:
        """By position."""
        return sorted(FOLDER.glob(f"{self.prefix}-*.dcm"))


SERIES = (
    Series(
        "Abdomen",
        "abdomen",
        "5a3b1e000001",
        4_500_000,
        0.32,
        "TotalSegmentator, example data (Apache-2.0)",
    ),
    Series(
        "Liver and heart",
        "heart",
        "5a3b1e000002",
        650_000,
        0.34,
        "Heller N, et al. C4KC-KiTS, The Cancer Imaging Archive, 2019, "
        "doi:10.7937/TCIA.2019.IX49E8NX (CC BY 3.0)",
    ),
    Series(
        "Chest",
        "chest",
        "5a3b1e000003",
        450_000,
        0.42,
        "RIDER Pilot, The Cancer Imaging Archive, doi:10.7937/m87f-mz83 (CC BY 4.0)",
    ),
)
"""The default seed draws the first patient for the test, the last for validation, and learns from
the one in between, who has the most to learn from."""
ATTRIBUTION = (
    " ".join(f"{each.name}: {each.source}." for each in SERIES)
    + " Clark K, et al. The Cancer Imaging Archive (TCIA). J Digit Imaging 2013;26(6):1045-57, "
    "doi:10.1007/s10278-013-9622-7."
)


def sample_scans() -> list[Scan]:
    """The full-dose slices in HU, a scan of eight a patient.

    Raises :class:`Problem` where one of the files is missing or damaged.
    """
    return [_scan(number) for number in range(len(SERIES))]


def sample_sources() -> list[list[SliceSource]]:
    """The files of :func:`sample_pairs`' slices, from which derived DICOM can be written."""
    return [[SliceSource(file) for file in series.files] for series in SERIES]


def sample_pairs(progress: Progress | None = None) -> list[Pair]:
    """Full dose with several noise draws of a simulated quarter dose; the same every time."""
    return [sample_pair(series, progress) for series in SERIES]


def sample_pair(
    series: Series, progress: Progress | None = None, among: Sequence[Series] = SERIES
) -> Pair:
    """One of :func:`sample_pairs`; how far it is, is told as how far all of ``among`` are."""
    from ctdenoise.dose.insertion import Physics, insert_noise

    number = SERIES.index(series)

    def tell(fraction: float, message: str) -> None:
        if progress:
            done = (among.index(series) + fraction) / len(among)
            progress(done, f"{message}, {series.name.lower()}")

    tell(0.0, "Reading the slices")
    scan = _scan(number)
    assert scan.spacing is not None
    physics = Physics(photons=series.photons, f50=series.f50)
    low = insert_noise(
        scan.values,
        scan.spacing,
        DOSE_FRACTION,
        physics=physics,
        seed=SEED + number,
        draws=DRAWS,
        progress=tell,
    )
    return scan.simulated_pair(low, DOSE_FRACTION)


def _scan(number: int) -> Scan:
    from ctdenoise.scans.reading import read  # pydicom, which the dashboard's server does without

    series = SERIES[number]
    reading = read(series.files)
    if reading.problems:
        raise reading.problems[0]
    if not series.files or len(reading.scans) != 1:
        raise Problem(
            f"The sample's {series.name.lower()}", "is missing", "install CT Denoise again"
        )
    scan = reading.scans[0]
    facts = replace(scan.facts, patient=f"Sample: patient {number + 1}", series=series.name)
    return replace(scan, name=series.name, facts=facts)
