"""Whether a run can be done with what there is, told before anything runs (no torch)."""

from collections.abc import Sequence

from ctdenoise.config.config import Config, settings
from ctdenoise.config.cost import picture_cost, run_cost, step_cost
from ctdenoise.config.split import Part, Split
from ctdenoise.errors import Problem
from ctdenoise.metrics.metric import GAUSSIAN

Sizes = Sequence[tuple[int, int]]
"""Rows and columns of the slices of each pair."""
BANDS = "where slices are too few to keep some aside, each is divided into bands of rows"


def check_pictures(config: Config, found: Split, sizes: Sizes) -> None:
    """Raise :class:`Problem` where no patch fits into what is trained or validated on, or where the
    picture of each epoch is too small for SSIM."""
    for what, parts in (("training", found.train), ("validation", found.validation)):
        if not any(min(size(part, sizes)) >= config.patch for part in parts):
            raise patch_too_large(config.patch, what, parts, sizes)
    shown = found.progress
    rows, columns = size(shown, sizes)
    if min(rows, columns) < GAUSSIAN.side:
        band = f", since {BANDS}" if shown.rows else ""
        raise Problem(
            "The picture of each epoch",
            f"would have {rows} x {columns} pixels{band}, and SSIM needs {GAUSSIAN.side} x "
            f"{GAUSSIAN.side}",
            "choose a pair with larger pictures" + (" or with more slices" if band else ""),
        )


def size(part: Part, sizes: Sizes) -> tuple[int, int]:
    """Rows and columns of what a part holds of each slice."""
    rows, columns = sizes[part.pair]
    first, end = part.rows or (0, rows)
    return end - first, columns


def patch_too_large(patch: int, what: str, parts: Sequence[Part], sizes: Sizes) -> Problem:
    """That a patch of this side fits into none of the ``parts``, which are there for ``what``."""
    largest = max(parts, key=lambda part: min(size(part, sizes)))
    rows, columns = size(largest, sizes)
    pixels = f"{rows} x {columns} pixels that {what} has of each slice"
    larger = "a pair of more slices" if largest.rows else "a pair with larger pictures"
    possible = min(rows, columns) >= (settings()["patch"].lowest or 0)
    return Problem(
        f"The patch size of {patch} pixels",
        f"does not fit into the {pixels}" + (f", since {BANDS}" if largest.rows else ""),
        f"choose {min(rows, columns)} or fewer pixels, or {larger}"
        if possible
        else f"choose {larger}",
    )


class TooLittleMemory(Problem):
    """A run needs more memory than there is."""


def check_memory(config: Config, available: int, where: str) -> None:
    """Raise :class:`TooLittleMemory` where a run needs more than the ``available`` bytes of
    ``where``, even with half its batch, with which it goes on where the whole one does not fit."""
    halved = config.model_copy(update={"batch": max(1, config.batch // 2)})
    needed = run_cost(halved).memory_bytes
    if needed > available:
        even = ", even with half its batch" if halved.batch < config.batch else ""
        raise TooLittleMemory(
            "This training",
            f"would need about {_gigabytes(needed)} of memory{even}, and {where} has "
            f"{_gigabytes(available)} left",
            smaller(config),
        )


def smaller(config: Config) -> str:
    """What of a run has to be made smaller, so that it takes less memory: what takes most."""
    step, network = step_cost(config), step_cost(config.model_copy(update={"batch": 1}))
    judged = max(picture_cost(config).memory_bytes, step.memory_bytes)
    if run_cost(config).memory_bytes > 2 * judged:
        kept = "patch collection" if config.patches else "number of validation patches"
        return f"make the {kept} smaller, or the patch size"
    if step.memory_bytes > 2 * network.memory_bytes:
        return "choose a smaller batch, smaller patches, fewer filters or fewer layers"
    if config.loss.terms.get("adversarial"):
        return "choose smaller patches, or leave out the critic"
    return "choose fewer filters, fewer layers or smaller patches"


def _gigabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GB"
