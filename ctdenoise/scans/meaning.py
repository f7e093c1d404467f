"""What the numbers of images mean whose files do not say it, and what their range says of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ctdenoise.errors import Problem
from ctdenoise.units import DENSEST

Meaning = Literal["HU", "HU+1024", "0-1", "own units"]
"""HU as they are; HU with 1024 added, so that air is 0; (HU + 1024) / 4096, as the field's training
sets have it; or anything else, kept as it is."""


@dataclass(frozen=True)
class Scale:
    """How numbers of one meaning become HU (``slope`` × number + ``intercept``), or "" as ``unit``
    where they do not, between which numbers they lie, and what people call them."""

    sentence: str
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = "HU"
    lowest: float = -float("inf")
    highest: float = float("inf")


SCALES: Mapping[Meaning, Scale] = {
    "HU": Scale("CT numbers in HU", lowest=-32768, highest=32767),
    "HU+1024": Scale(
        "CT numbers plus 1024 (no negative numbers)", 1, -1024, lowest=-512, highest=33791
    ),
    "0-1": Scale("0 to 1 for -1024 to 3072 HU", 4096, -1024, lowest=-0.5, highest=8),
    "own units": Scale("something else: keep the numbers as they are", unit=""),
}

NARROW = 10.0
"""HU: what spans less is no picture of a body, unless all of it has one value."""
AIR = (-4096.0, -900.0)
"""Between which HU the lowest of a scan lies that shows air, or padding around it."""


class Unclear(Problem):
    """Nobody said what numbers mean, or what was said cannot be; ``suggestion`` is what fits.
    ``others`` says, in sentences, which files beside them cannot be read at all."""

    others: Sequence[str] = ()

    def __init__(
        self, subject: str, reason: str, hint: str, suggestion: Meaning | None = None
    ) -> None:
        super().__init__(subject, reason, hint)
        self.args = (subject, reason, hint, suggestion)  # so that it pickles
        self.suggestion = suggestion


def suggested(low: float, high: float) -> Meaning | None:
    """What numbers between ``low`` and ``high`` seem to be; None where that could be several.

    >>> suggested(-1024, 1500), suggested(-0.02, 0.97), suggested(0, 2800), suggested(0, 255)
    ('HU', '0-1', 'HU+1024', 'own units')
    >>> suggested(20_000, 40_000), suggested(-160, 240)
    ('own units', None)
    """
    if AIR[0] <= low <= AIR[1] and plausible("HU", low, high):
        return "HU"
    if high <= 1.5 and plausible("0-1", low, high):
        return "0-1"
    if -200 <= low <= 200 and 800 <= high <= 5120:
        return "HU+1024"
    return None if plausible("HU", low, high) else "own units"


def plausible(meaning: Meaning, low: float, high: float) -> bool:
    """Whether numbers between ``low`` and ``high`` can mean that."""
    scale = SCALES[meaning]
    if not scale.unit:
        return True
    lowest = scale.slope * low + scale.intercept
    narrow = 0 < scale.slope * (high - low) < NARROW
    eight_bits = low >= 0 and high == 255
    inside = scale.lowest <= low and high <= scale.highest
    return inside and lowest <= DENSEST and not narrow and not eight_bits


def meant(name: str, said: Meaning | None, low: float, high: float) -> Meaning:
    """What the numbers of ``name``, from ``low`` to ``high``, mean: what a person ``said``, or
    where nobody did what their range says beyond doubt, which is HU alone. Plain HU are HU too
    where those beside them are said to be scaled. Raises :class:`Unclear`."""
    fits = suggested(low, high)
    if said and plausible(said, low, high):
        return said
    if fits == "HU":
        return "HU"
    numbers = f"holds numbers from {low:.4g} to {high:.4g}"
    reason = (
        f'{numbers}, which cannot be "{said}"'
        if said
        else f"{numbers} and does not say what they mean"
    )
    hint = "say what they mean" + (f'; "{fits}" fits ({SCALES[fits].sentence})' if fits else "")
    raise Unclear(name, reason, hint, fits)


def known(meaning: str | None) -> Meaning | None:
    """``meaning`` itself; :class:`Problem` where it is none."""
    for each in get_args(Meaning):
        if meaning == each:
            return each  # type: ignore[no-any-return]
    if meaning is None:
        return None
    hint = f"use one of {', '.join(get_args(Meaning))}"
    raise Problem(f'"{meaning}"', "is no meaning of image values", hint)
