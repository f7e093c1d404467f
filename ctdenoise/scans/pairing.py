"""Which scan is the low dose of which."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from ctdenoise.errors import Problem
from ctdenoise.scans.dose_words import without_dose
from ctdenoise.scans.matching import Matched, differences, exposure_fraction, match, matching_slices
from ctdenoise.scans.scan import Scan


@dataclass(frozen=True)
class Recognised:
    """Scans ``low`` and ``full`` (indices) belong together, for the reason in ``why``."""

    low: int
    full: int
    why: str


def recognise(scans: Sequence[Scan]) -> list[Recognised]:
    """Find low-dose and full-dose scans of the same slices among these.

    What the tags say (dose words, then exposure) goes before measured noise, and noise is only
    asked where kernel and slice thickness are the same, since both change it. Each scan is used
    once; scans whose tags are clear are served first, and of those the ones that fit best.
    """
    found: list[tuple[int, tuple[bool, int, bool], Recognised]] = []
    for a, b in combinations(range(len(scans)), 2):
        one_patient = scans[a].facts.patient == scans[b].facts.patient
        matching = matching_slices(scans[a], scans[b])
        if isinstance(matching, Problem) or not one_patient:
            continue
        # Images have no patient, but names; two images alone need not even be named alike.
        if len(scans) > 2 and not _kin(scans[a], scans[b]):
            continue
        told = _told(scans[a], scans[b], *matching[:2])
        if told:
            rank, first_is_low, why = told
            low, full = (a, b) if first_is_low else (b, a)
            fit = _fit(scans[low], scans[full], len(matching[0]))
            found.append((rank, fit, Recognised(low, full, why)))
    used: set[int] = set()
    pairs: list[Recognised] = []
    found.sort(key=lambda item: item[1], reverse=True)
    for _, _, pair in sorted(found, key=lambda item: item[0]):
        if not used & {pair.low, pair.full}:
            used |= {pair.low, pair.full}
            pairs.append(pair)
    return pairs


def match_all(lows: Sequence[Scan], fulls: Sequence[Scan]) -> list[Matched]:
    """Pair every low-dose scan with the full-dose scan that fits it best: alike but for the dose,
    then of most slices, then named alike.

    For two folders that say which dose a scan has. Where there are several scans, a pair shares
    its patient (DICOM) or its name (images). Raises :class:`Problem` for a scan without a partner,
    and where nothing tells which of several is the partner.
    """
    fits: dict[tuple[int, int], tuple[bool, int, bool]] = {}
    problems: dict[int, Problem] = {}
    for (i, low), (j, full) in product(enumerate(lows), enumerate(fulls)):
        if max(len(lows), len(fulls)) > 1 and not _kin(low, full):
            continue
        matching = matching_slices(low, full)
        if isinstance(matching, Problem):
            problems[i] = matching
        else:
            fits[i, j] = _fit(low, full, len(matching[0]))
    chosen: dict[int, int] = {}
    while fits:
        i, j = _surest(fits, lows, fulls)
        chosen[i] = j
        fits = {(a, b): fit for (a, b), fit in fits.items() if a != i and b != j}
    for i, low in enumerate(lows):
        if i not in chosen:
            raise problems.get(i) or Problem(
                low.name, "has no full-dose scan of the same slices", "give as many of both"
            )
    for j, full in enumerate(fulls):
        if j not in chosen.values():
            raise Problem(full.name, "has no low-dose scan", "give as many of both")
    return [match(low, fulls[chosen[i]]) for i, low in enumerate(lows)]


def _fit(low: Scan, full: Scan, slices: int) -> tuple[bool, int, bool]:
    """How well two scans of which so many slices match fit each other; more is better."""
    named = [without_dose(scan.facts.series or scan.name) for scan in (low, full)]
    return not differences(low.facts, full.facts), slices, named[0] == named[1]


def _surest(
    fits: dict[tuple[int, int], tuple[bool, int, bool]], lows: Sequence[Scan], fulls: Sequence[Scan]
) -> tuple[int, int]:
    """Of low and full doses (indices) the best fit that has no equal, or the one where nothing
    else is left for one of the two; raises :class:`Problem` where there is neither."""
    best = max(fits.values())
    equals = [pair for pair, fit in fits.items() if fit == best]
    for i, j in equals:
        if sum(a == i or b == j for a, b in equals) == 1:
            return i, j
    for i, j in fits:
        if 1 in (sum(a == i for a, _ in fits), sum(b == j for _, b in fits)):
            return i, j
    i, j = equals[0]
    ours = [fulls[b].name for a, b in equals if a == i]
    theirs = [lows[a].name for a, b in equals if b == j]
    several, one = (ours, lows[i].name) if len(ours) > 1 else (theirs, fulls[j].name)
    raise Problem(
        " and ".join(several),
        f"fit {one} equally well, so that nothing tells which of them belongs to it",
        "put each low dose and its full dose into folders of their own",
    )


def _kin(a: Scan, b: Scan) -> bool:
    """Whether both are of one patient or, for plain images, named alike but for the dose."""
    alike = a.facts.modality != "image" or a.facts.series == b.facts.series
    return alike and a.facts.patient == b.facts.patient


def _told(
    a: Scan, b: Scan, in_a: Sequence[int], in_b: Sequence[int]
) -> tuple[int, bool, str] | None:
    """How clearly it is known (0 is clearest), whether ``a`` is the low dose, and from what; None
    for what is no pair, such as one series that came twice."""
    words = (a.facts.dose_word, b.facts.dose_word)
    first_is_low = words[0] == "low" or words[1] == "full"
    # One word alone, "LD" in another sense for one, does not stand against the exposure.
    denied = not all(words) and exposure_fraction(*((b, a) if first_is_low else (a, b)))
    if words[0] != words[1] and not denied:
        said = " and ".join(f'"{word} dose"' for word in words if word)
        return (0 if all(words) else 1), first_is_low, f"The description says {said}."
    middle = len(in_a) // 2
    seen = a.values[in_a[middle]], b.values[in_b[middle]]
    if np.array_equal(*seen):
        return None
    kinds = [(s.facts.kernel, s.facts.thickness_mm, s.facts.tube_kv) for s in (a, b)]
    if kinds[0] != kinds[1]:
        return None
    for first_is_low, low, full in ((True, a, b), (False, b, a)):
        fraction = exposure_fraction(low, full)
        if fraction:
            return 2, first_is_low, f"Its exposure is {fraction:.0%} of the other's."
    # torch-free, but heavy enough (scipy, scikit-image) to load only when asked
    from ctdenoise.metrics.noise import noise_level

    noise = [noise_level(image) for image in seen]
    if max(noise) <= 1.1 * min(noise):
        return None
    unit = f" {a.unit}" if a.unit else ""
    why = f"Its noise is {max(noise):.3g}{unit} against {min(noise):.3g}{unit}."
    return 3, noise[0] > noise[1], why
