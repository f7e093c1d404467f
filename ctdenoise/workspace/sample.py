"""The sample as a workspace that everybody may look at and learn from."""

from pathlib import Path

from ctdenoise.errors import Progress, telling_disk_problems
from ctdenoise.files import atomic_folder, remove_folder
from ctdenoise.scans.sample import DOSE_FRACTION, DRAWS, sample_pairs
from ctdenoise.workspace.library import Library, PairRecord

WORKSPACE = "sample"
"""The workspace that everybody sees."""


@telling_disk_problems
def ensure_sample(library_root: Path, progress: Progress | None = None) -> list[PairRecord]:
    """The sample's pairs in ``library_root/sample``, made the first time they are asked for.

    Several processes may ask at once: each makes a whole workspace and the first rename wins. One
    of which no pair can be read any more is made anew.
    """
    home = Path(library_root) / WORKSPACE
    if home.exists() and not Library(home).pairs():
        remove_folder(home)
    if not home.exists():
        try:
            with atomic_folder(home) as making:
                library = Library(making)
                matched = f"Simulated {DOSE_FRACTION:.0%} dose, {DRAWS} noise draws."
                for pair in reversed(sample_pairs(progress)):  # lists show the newest first
                    library.add_pair(pair, matched=matched)
        except OSError:
            if not home.exists():
                raise
    return Library(home).pairs()
