"""The sample as a workspace that everybody may look at and learn from."""

from pathlib import Path

from ctdenoise.errors import Problem, Progress, telling_disk_problems
from ctdenoise.scans.sample import DOSE_FRACTION, DRAWS, SERIES, sample_pair
from ctdenoise.workspace.library import Library, PairRecord

WORKSPACE = "sample"
"""The workspace that everybody sees."""
IDS = tuple(series.pair for series in SERIES)
"""Of the sample's pairs."""
MATCHED = f"Simulated {DOSE_FRACTION:.0%} dose, {DRAWS} noise draws."


def sample_records(library_root: Path) -> list[PairRecord]:
    """What of the sample is there, in its own order; behind it the pairs of an earlier version's
    sample, which runs of that time learned from."""
    known = Library(Path(library_root) / WORKSPACE).pairs()
    return sorted(known, key=lambda record: [*IDS, record.id].index(record.id))


def sample_is_there(library_root: Path) -> bool:
    """Whether all of it is made."""
    return set(IDS) <= {record.id for record in sample_records(library_root)}


@telling_disk_problems
def ensure_sample(library_root: Path, progress: Progress | None = None) -> list[PairRecord]:
    """The sample's pairs in ``library_root/sample``; those that are not there yet are made, and
    each may be used as soon as it is.

    Several processes may ask at once: each makes whole pairs and the first rename wins. A pair
    that cannot be read any more is made anew.
    """
    library = Library(Path(library_root) / WORKSPACE)
    there = {record.id for record in library.pairs()}
    missing = [series for series in SERIES if series.pair not in there]
    for series in missing:
        pair = sample_pair(series, progress, missing)
        if (library.root / "pairs" / series.pair).exists() and not _known(library, series.pair):
            library.remove(series.pair)
        try:
            library.add_pair(pair, matched=f"{MATCHED} {series.source}.", id=series.pair)
        except Problem:
            if not _known(library, series.pair):
                raise
    if progress:
        progress(1.0, "The sample is ready")
    return [library.pair_record(id) for id in IDS]


def _known(library: Library, id: str) -> bool:
    return id in {record.id for record in library.pairs()}
