"""Real CT of three patients that comes with the program, with a simulated low dose."""

from dataclasses import replace
from pathlib import Path

from ctdenoise.errors import Problem, Progress
from ctdenoise.scans.scan import Pair, Scan, SliceSource

DOSE_FRACTION = 0.25
DRAWS = 4
"""Noise realisations of every slice of a simulated pair, here and wherever nothing else is said."""
SEED = 1
FOLDER = Path(__file__).with_name("sample_data")
ATTRIBUTION = (
    "Abdomen: TotalSegmentator, example data (Apache-2.0). "
    "Liver and heart: Heller N, et al. C4KC KiTS Challenge Kidney Tumor Segmentation Dataset. "
    "The Cancer Imaging Archive, 2019. doi:10.7937/TCIA.2019.IX49E8NX (CC BY 3.0). "
    "Chest: RIDER Pilot. The Cancer Imaging Archive. doi:10.7937/m87f-mz83 (CC BY 4.0). "
    "Clark K, et al. The Cancer Imaging Archive (TCIA). "
    "J Digit Imaging 2013;26(6):1045-57. doi:10.1007/s10278-013-9622-7."
)
_SERIES = {"abdomen": "Abdomen", "heart": "Liver and heart", "chest": "Chest"}


def sample_scans() -> list[Scan]:
    """The full-dose slices in HU, a scan of eight a patient.

    Raises :class:`Problem` where one of the files is missing or damaged.
    """
    from ctdenoise.scans.reading import read  # pydicom, which the dashboard's server does without

    scans = []
    for prefix, name in _SERIES.items():
        files = _files(prefix)
        reading = read(files)
        if reading.problems:
            raise reading.problems[0]
        if not files or len(reading.scans) != 1:
            raise Problem(f"The sample's {name.lower()}", "is missing", "install CT Denoise again")
        facts = replace(reading.scans[0].facts, patient=f"Sample: {name}", series=name)
        scans.append(replace(reading.scans[0], name=name, facts=facts))
    return scans


def sample_sources() -> list[list[SliceSource]]:
    """The files of :func:`sample_pairs`' slices, from which derived DICOM can be written."""
    return [[SliceSource(file) for file in _files(prefix)] for prefix in _SERIES]


def sample_pairs(progress: Progress | None = None) -> list[Pair]:
    """Full dose with several noise draws of a simulated quarter dose; the same every time."""
    from ctdenoise.dose.insertion import insert_noise

    pairs = []
    scans = sample_scans()
    for n, scan in enumerate(scans):
        if progress:
            progress(n / len(scans), f"Making the low dose of {scan.name}")
        assert scan.spacing is not None
        low = insert_noise(scan.values, scan.spacing, DOSE_FRACTION, seed=SEED + n, draws=DRAWS)
        pairs.append(scan.simulated_pair(low, DOSE_FRACTION))
    if progress:
        progress(1.0, "The sample is ready")
    return pairs


def _files(prefix: str) -> list[Path]:
    """Of one patient, by position."""
    return sorted(FOLDER.glob(f"{prefix}-*.dcm"))
