"""Two real CT slices that come with the PyPI package pydicom-data, with a simulated low dose."""

import importlib.util
from dataclasses import replace
from pathlib import Path

from ctdenoise.errors import Problem, Progress
from ctdenoise.scans.scan import Pair, Scan, SliceSource

DOSE_FRACTION = 0.25
DRAWS = 4
"""Noise realisations of every slice of a simulated pair, here and wherever nothing else is said."""
SEED = 1
ATTRIBUTION = (
    "Abdomen: Roth H, et al. Data from Pancreas-CT. The Cancer Imaging Archive, 2016. "
    "doi:10.7937/K9/TCIA.2016.TNB1KQBU (CC BY 3.0). "
    "Thoracic spine: test file of pydicom-data, the pydicom project."
)
_FILES = {"explicit_VR-UN.dcm": "Abdomen", "bad_sequence.dcm": "Thoracic spine"}


def sample_scans() -> list[Scan]:
    """The full-dose slices, one scan each."""
    from ctdenoise.scans.reading import read  # pydicom, which the dashboard's server does without

    scans = []
    for file, name in _FILES.items():
        reading = read([_path(file)])
        if reading.problems:
            raise reading.problems[0]
        facts = replace(reading.scans[0].facts, patient=f"Sample: {name}", series=name)
        scans.append(replace(reading.scans[0], name=name, facts=facts))
    return scans


def sample_sources() -> list[list[SliceSource]]:
    """The files of :func:`sample_pairs`' slices, from which derived DICOM can be written."""
    return [[SliceSource(_path(file))] for file in _FILES]


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


def _path(name: str) -> Path:
    spec = importlib.util.find_spec("data_store")  # what pydicom-data installs
    path = Path(spec.origin).parent / "data" / name if spec and spec.origin else Path(name)
    if not path.exists():
        raise Problem(
            name, "is missing, the sample's file", "run pip install pydicom-data and try again"
        )
    return path
