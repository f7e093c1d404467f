"""Which slices of two scans belong together, and what is to be said of such a pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Facts, Pair, Scan
from ctdenoise.units import counted

SPACING_TOLERANCE = 0.01
"""Relative difference of pixel spacing up to which two scans share a grid."""
SETTING_TOLERANCE = 0.05
"""The same of voltages and slice thicknesses, which vendors round."""
SAME_HU = 0.5
"""HU by which rounding alone makes two scans differ."""
CLEARLY = 0.9
"""Times the unlikeness (1 - correlation) of slices from which on others fit clearly better."""
BY_POSITION, BY_NUMBER, IN_ORDER = "by position", "by number", "in order"


@dataclass(frozen=True)
class Matched:
    """A pair, the slices of each scan that went into it, and those that found no partner.

    ``how`` they were found: "by position", "by number" or, where it is only hoped, "in order".
    ``doubt`` and ``differences`` are sentences, or "": whether the slices belong together, and in
    what the scans differ beside the dose.
    """

    pair: Pair
    low_slices: list[int]
    full_slices: list[int]
    low_alone: list[int]
    full_alone: list[int]
    how: str
    doubt: str = ""
    differences: str = ""

    @property
    def sentence(self) -> str:
        """How the slices were paired, for people."""
        told = f"{counted(len(self.low_slices), 'slice')} matched {self.how}"
        rest = [
            f"{len(alone)} only at {dose} dose"
            for alone, dose in ((self.low_alone, "low"), (self.full_alone, "full"))
            if alone
        ]
        return "; ".join([told, *rest]) + "."

    @property
    def warnings(self) -> list[str]:
        """What a person should know before a network learns from the pair."""
        return [each for each in (self.doubt, self.differences) if each]

    @property
    def record(self) -> str:
        """The sentence and the warnings, as they are kept with the pair."""
        return " ".join([self.sentence, *self.warnings])


def match(low: Scan, full: Scan, *, name: str = "") -> Matched:
    """Pair the slices of two scans by position, where there is none by number, and where there is
    neither in order, if both have equally many; raises :class:`Problem` where none match."""
    matching = matching_slices(low, full)
    if isinstance(matching, Problem):
        raise matching
    low_slices, full_slices, how = matching
    positions = np.asarray(full.positions if full.located or not full.numbers else full.numbers)
    pair = Pair(
        name=name or _common_name(low, full),
        low=_taken(low.values, low_slices)[None],
        full=_taken(full.values, full_slices),
        spacing=full.spacing,
        positions=positions[full_slices].astype(np.float64),
        orientation=full.orientation,
        unit=full.unit,
        patient=full.facts.patient or low.facts.patient,
        dose_fraction=exposure_fraction(low, full),
        located=full.located,
    )
    return Matched(
        pair,
        low_slices,
        full_slices,
        [i for i in range(len(low.values)) if i not in set(low_slices)],
        [i for i in range(len(full.values)) if i not in set(full_slices)],
        how,
        doubt=_doubt(low, full, low_slices, full_slices, how),
        differences=differences(low.facts, full.facts),
    )


def refuse_equal(matched: Matched, low: str, full: str) -> None:
    """Raise :class:`Problem` where the two scans of a pair, of these names, are one scan."""
    if _equal(matched.pair):
        raise Problem(
            f"{low} and {full}",
            "are the same to the pixel, so that there is no noise to learn",
            "choose the low dose and the full dose of a scan",
        )


def matching_slices(low: Scan, full: Scan) -> tuple[list[int], list[int], str] | Problem:
    """Indices of the slices that show the same and how they were found, or why there are none."""
    both = f"{low.name} and {full.name}"
    if low.unit != full.unit:
        return Problem(both, "have different units", "choose two scans of one kind")
    if low.values.shape[1:] != full.values.shape[1:]:
        sizes = [f"{s.values.shape[1]}×{s.values.shape[2]}" for s in (low, full)]
        return Problem(both, f"differ in size ({sizes[0]} and {sizes[1]})", "choose equal ones")
    if low.spacing and full.spacing:
        if not np.allclose(low.spacing, full.spacing, rtol=SPACING_TOLERANCE):
            return Problem(
                both, "differ in pixel spacing", "choose reconstructions of one field of view"
            )
        if not np.allclose(low.orientation, full.orientation, atol=0.01):
            return Problem(both, "lie in different directions", "choose two with equal slices")
    if low.located and full.located:
        return _at_the_same_place(low, full)
    # The number in a file's name and an InstanceNumber do not count the same.
    alike = (low.facts.modality == "image") == (full.facts.modality == "image")
    if low.numbers and full.numbers and alike:
        place = {number: i for i, number in enumerate(low.numbers)}
        both_have = [(place[n], j) for j, n in enumerate(full.numbers) if n in place]
        if not both_have:
            return Problem(
                both, "have no slice of the same number", "choose two scans of the same slices"
            )
        return [i for i, _ in both_have], [j for _, j in both_have], BY_NUMBER
    counts = len(low.values), len(full.values)
    if counts[0] != counts[1]:
        return Problem(
            both,
            "do not both say where their slices lie or how they are numbered, and have "
            f"{counts[0]} and {counted(counts[1], 'slice')}",
            "export them with their positions, or choose two of equally many slices",
        )
    return list(range(counts[0])), list(range(counts[0])), IN_ORDER


def _at_the_same_place(low: Scan, full: Scan) -> tuple[list[int], list[int], str] | Problem:
    both = f"{low.name} and {full.name}"
    ours, theirs = nearest(low.positions, full.positions)
    if not ours:
        return Problem(
            both, "have no slice at the same position", "choose two scans of the same slices"
        )
    if full.spacing:
        offset = np.abs(low.origins[ours] - full.origins[theirs]).max()
        if offset > _tolerance(low.positions, full.positions) + 0.5 * max(full.spacing):
            return Problem(
                both,
                f"are shifted by {offset:.1f} mm against each other",
                "choose reconstructions of one field of view",
            )
    return ours, theirs, BY_POSITION


def _tolerance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """mm: half a millimetre, or a quarter of the slice distance where that is less."""
    steps = np.concatenate([np.diff(np.sort(a)), np.diff(np.sort(b))])
    return float(min([0.5, *(0.25 * steps[steps > 0])]))


def nearest(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """Pairs of indices that are each other's nearest and within tolerance, in order of ``b``."""
    distance = np.abs(a[:, None] - b[None, :])
    tolerance = _tolerance(a, b)
    to_b, to_a = distance.argmin(1), distance.argmin(0)
    chosen = [
        (int(to_a[j]), j)
        for j in range(len(b))
        if to_b[to_a[j]] == j and distance[to_a[j], j] <= tolerance
    ]
    return [i for i, _ in chosen], [j for _, j in chosen]


def _equal(pair: Pair) -> bool:
    """Whether low and full dose are the same but for rounding; begins with the middle slice, so
    that two that differ are told apart at once."""
    rounding = SAME_HU if pair.unit == "HU" else 0.0
    middle = pair.slices // 2
    return all(
        float(np.abs(pair.low[0, i] - pair.full[i]).max()) <= rounding
        for i in sorted(range(pair.slices), key=lambda i: abs(i - middle))
    )


def differences(low: Facts, full: Facts) -> str:
    """What the scans differ in beside the dose, as a sentence, if in anything."""
    found = []
    if low.kernel and full.kernel and low.kernel != full.kernel:
        found.append(f"kernel ({low.kernel} and {full.kernel})")
    for what, unit, a, b in (
        ("tube voltage", "kV", low.tube_kv, full.tube_kv),
        ("slice thickness", "mm", low.thickness_mm, full.thickness_mm),
    ):
        if a and b and not np.isclose(a, b, rtol=SETTING_TOLERANCE):
            found.append(f"{what} ({a:g} {unit} and {b:g} {unit})")
    if not found:
        return ""
    listed = " and ".join(filter(None, (", ".join(found[:-1]), found[-1])))
    return f"Low and full dose differ in {listed}: the network would learn that difference, too."


def _doubt(
    low: Scan, full: Scan, low_slices: Sequence[int], full_slices: Sequence[int], how: str
) -> str:
    """Why the slices may not belong together, as a sentence, if anything speaks for it."""
    if how == BY_POSITION:
        return ""
    if _shifted(low.values, full.values, low_slices, full_slices):
        return (
            f"The slices of {low.name} look more like the neighbours of those of {full.name} that "
            "they were paired with: look whether the slices that were paired show the same."
        )
    if how == IN_ORDER and len(low_slices) > 1:
        why = "do not both say where their slices lie or how they are numbered"
    elif how == BY_NUMBER and low.located != full.located:
        why = "do not both say where their slices lie, so that only numbers tell which are the same"
    elif how == BY_NUMBER and {len(low.values), len(full.values)} != {len(low_slices)}:
        why = "do not say where their slices lie, and not every number is in both"
    else:
        return ""
    return (
        f"{low.name} and {full.name} {why}: look whether the slices that were paired show the same."
    )


def _shifted(
    low: NDArray[np.float32],
    full: NDArray[np.float32],
    low_slices: Sequence[int],
    full_slices: Sequence[int],
) -> bool:
    """Whether the full-dose slices one further, or one before, are clearly more like the low dose:
    by their correlation with it at up to three slices of the middle."""
    inner = [(i, j) for i, j in zip(low_slices, full_slices, strict=True) if 0 < j < len(full) - 1]
    middle = len(inner) // 2
    likeness = np.array(
        [
            [_correlation(low[i], full[j + step]) for step in (0, -1, 1)]
            for i, j in inner[max(0, middle - 1) : middle + 2]
        ]
    )
    if not likeness.size:
        return False
    unlike = 1 - likeness
    clearly = unlike.mean(0) < CLEARLY * unlike[:, 0].mean()
    return bool((clearly & (likeness > likeness[:, :1]).all(0)).any())


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Pearson's of two slices, 0 where one is of a single grey."""
    if a.min() == a.max() or b.min() == b.max():
        return 0.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _taken(values: NDArray[np.float32], indices: list[int]) -> NDArray[np.float32]:
    """These slices; the array itself, no copy, where that is all of them."""
    return values if indices == list(range(len(values))) else values[indices]


def exposure_fraction(low: Scan, full: Scan) -> float | None:
    """The exposures' ratio, where both are known and differ."""
    a, b = low.facts.exposure_mas, full.facts.exposure_mas
    same_voltage = low.facts.tube_kv == full.facts.tube_kv
    return a / b if a and b and a < 0.95 * b and same_voltage else None


def _common_name(low: Scan, full: Scan) -> str:
    return full.name if full.name == low.name else f"{full.name} with {low.name}"
