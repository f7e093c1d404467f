"""The networks that a run keeps, one checkpoint an epoch (no torch, no arrays)."""

from pathlib import Path

NAME = "checkpoint.safetensors"
"""Of the newest one, in the run's folder itself."""
FOLDER = "epochs"
KEPT = 64
LATEST = 10


def file(run: Path, epoch: int) -> Path:
    """Where a run keeps its network as it was at the end of ``epoch`` (0: before training)."""
    return run / FOLDER / f"{epoch:04d}.safetensors"


def kept(run: Path) -> list[int]:
    """The epochs of a run whose network is there, in order."""
    return sorted(int(path.stem) for path in (run / FOLDER).glob("[0-9]*.safetensors")
                  if path.stem.isdecimal())  # fmt: skip


def thin(run: Path) -> None:
    """Of a long run keep about ``KEPT`` epochs, evenly spread, and the ``LATEST``."""
    there = kept(run)
    spread = 1
    while there[-1] // spread > KEPT:
        spread *= 2
    for epoch in there[:-LATEST]:
        if epoch % spread:
            file(run, epoch).unlink(missing_ok=True)
