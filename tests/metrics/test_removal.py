"""The figures of a slice against those of its mixes, computed one by one."""

import numpy as np
import pytest
from phantoms import disc_phantom
from scipy.ndimage import gaussian_filter

from ctdenoise.metrics.noise import noise_level
from ctdenoise.metrics.removal import judge

TRUTH = disc_phantom(256)[0]
NOISY = (TRUTH + np.random.default_rng(0).normal(0, 40, TRUTH.shape)).astype(np.float32)


@pytest.mark.parametrize("strength", [0.0, 0.25, 0.5, 0.8, 1.0])
def test_the_noise_of_a_mix_is_known_without_computing_it(strength: float) -> None:
    for after in (TRUTH + 0.1 * (NOISY - TRUTH), gaussian_filter(NOISY, 1.5)):
        mixed = NOISY + strength * (after - NOISY)
        told = judge(NOISY, after).noise_at(strength)
        assert told == pytest.approx(noise_level(mixed), rel=0.05, abs=0.5)


def test_other_units_have_no_tissues() -> None:
    assert judge(NOISY, TRUTH).shifts.keys() == {"air", "lung", "soft tissue", "bone"}
    assert judge(NOISY, TRUTH, "").shifts == {}


def test_tissues_are_told_by_the_full_dose_where_it_is_known() -> None:
    water = np.full_like(TRUTH, 40)
    assert judge(NOISY, NOISY + 5, "HU", water).shifts.keys() == {"soft tissue"}


def test_a_denoiser_that_does_nothing_removed_nothing() -> None:
    removal = judge(NOISY, NOISY)
    assert removal.noise_at(1) == pytest.approx(removal.noise_at(0))
    assert removal.edges is None
    assert {shift.shift for shift in removal.shifts.values()} == {0.0}
