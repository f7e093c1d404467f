"""Small stand-ins for the pairs of the sample."""

from dataclasses import replace

import numpy as np
from phantoms import disc_phantom

from ctdenoise.scans.sample import SERIES
from ctdenoise.scans.scan import Pair
from ctdenoise.workspace.library import Library, PairRecord


def small_pair(name: str, patient: str, slices: int = 8, size: int = 64) -> Pair:
    """A pair of a patient of its own."""
    full = disc_phantom(size, slices=slices) + np.float32(sum(patient.encode()) % 97)
    low = (full + np.random.default_rng(0).normal(0, 30, full.shape))[None].astype(np.float32)
    pair = Pair(name, low, full, (1.0, 1.0), np.arange(float(slices)), patient=patient)
    return replace(pair, dose_fraction=0.25, simulated=True)


def small_sample(number: int) -> Pair:
    """In place of the pair of the sample's series of that number."""
    return small_pair(SERIES[number].name, f"Sample: patient {number + 1}")


def sample_of_before(library: Library) -> list[PairRecord]:
    """What the sample was before it had three patients: a slice of each of two, under ids of that
    computer."""
    matched = "Simulated 25% dose, 4 noise draws."
    names = ("Thoracic spine", "Abdomen")
    return [library.add_pair(small_pair(n, f"Sample: {n}", 1), matched=matched) for n in names]
