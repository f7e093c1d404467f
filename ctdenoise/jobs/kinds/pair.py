"""Two scans kept as a pair, as they were matched on the page."""

from ctdenoise.errors import telling_disk_problems
from ctdenoise.jobs.kind import KINDS, Arguments, Kind, Running
from ctdenoise.scans.matching import match, refuse_equal
from ctdenoise.workspace.library import library_of


class MakePair(Arguments):
    """A low-dose and a full-dose scan of the workspace, by their ids."""

    low: str
    full: str


@telling_disk_problems
def _pair(running: Running[MakePair]) -> str:
    """Add the pair to the workspace, unless a killed worker had; its id."""
    library, asked = library_of(running.job.workspace), running.arguments
    for pair in library.pairs():
        if (pair.low_scan, pair.full_scan) == (asked.low, asked.full):
            return pair.id
    running.tell(0.1, "Matching the slices")
    low, full = library.scan(asked.low), library.scan(asked.full)
    matched = match(low, full)
    refuse_equal(matched, low.name, full.name)
    running.tell(0.5, "Keeping the pair")
    return library.add_pair(
        matched.pair, low_scan=asked.low, full_scan=asked.full, matched=matched.record
    ).id


PAIR = KINDS.register(Kind("pair", "The pair", "files", MakePair, _pair, stays=True))
