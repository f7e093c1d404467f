"""Structure in removed noise: none in noise alone, much in what a blur takes away."""

from pathlib import Path

import numpy as np
import pytest
from phantoms import disc_phantom
from scipy.ndimage import gaussian_filter

from ctdenoise.dose.insertion import insert_noise
from ctdenoise.quality.residue import WARNING, edge_ratio, sentence
from ctdenoise.scans.reading import read


def test_noise_alone_is_as_strong_at_edges_as_beside_them() -> None:
    truth = disc_phantom(256)[0]
    noise = np.random.default_rng(0).normal(0, 30, truth.shape)
    assert edge_ratio(truth + noise, noise) == pytest.approx(1, abs=0.05)
    assert edge_ratio(truth + noise, 0.4 * noise) == pytest.approx(
        edge_ratio(truth + noise, noise)  # type: ignore[arg-type]
    )


def test_noise_that_is_stronger_in_one_half_is_no_structure() -> None:
    truth = disc_phantom(256)[0]
    noise = np.random.default_rng(1).normal(0, 30, truth.shape)
    noise *= np.linspace(0.5, 2, 256)
    assert edge_ratio(truth + noise, noise) == pytest.approx(1, abs=0.1)


def test_a_known_share_of_edges_is_told() -> None:
    """Removed noise that is three times as strong within 3 pixels of the disc's edge."""
    truth = disc_phantom(256)[0]
    noise = np.random.default_rng(2).normal(0, 10, truth.shape)
    rows, columns = np.mgrid[:256, :256] - 127.5
    rim = np.abs(np.hypot(rows, columns) - 0.4 * 256) < 2
    assert edge_ratio(truth + noise, noise * np.where(rim, 3, 1)) > 1.5  # type: ignore[operator]


@pytest.mark.parametrize("unit", ["HU", ""])
def test_a_blur_leaves_its_edges_in_what_it_removes(unit: str) -> None:
    truth = disc_phantom(256)[0] + (0 if unit else 2000)
    image = truth + np.random.default_rng(3).normal(0, 20, truth.shape)
    removed = image - gaussian_filter(image, 2)
    assert edge_ratio(image, removed, unit) > 3  # type: ignore[operator]


def test_without_edges_nothing_is_told() -> None:
    even = np.random.default_rng(4).normal(40, 10, (128, 128))
    assert edge_ratio(even, even) is None
    assert edge_ratio(np.full((64, 64), -1000.0), np.zeros((64, 64))) is None
    assert edge_ratio(disc_phantom(128)[0], np.zeros((128, 128))) is None
    assert "too few edges" in sentence(None)


def test_the_sentence_warns_from_the_threshold_on() -> None:
    assert sentence(WARNING).startswith("Anatomy shows")
    assert sentence(WARNING - 0.01).startswith("No anatomy shows")


@pytest.mark.parametrize("file", [
    "kits_00072/1-004.dcm", "lung_pet_ct_dx_A0002/1-21.dcm", "rider_pilot_0117/1-034.dcm",
    "totalseg_example_ct_j2k/10.dcm", "covid19_ny_sbu_axial/A056642_19001229-053.dcm",
])  # fmt: skip
def test_real_slices_warn_of_a_heavy_blur_and_not_of_inserted_noise(
    shared_data: Path, file: str
) -> None:
    (scan,) = read([shared_data / "ct" / file]).scans
    assert scan.spacing is not None
    full = np.array(scan.values)
    for dose in (0.5, 0.1):
        low = insert_noise(full, scan.spacing, dose, seed=2)[0, 0]
        assert edge_ratio(low, low - full[0]) < WARNING  # type: ignore[operator]
        blurred = gaussian_filter(low, 3)
        assert edge_ratio(low, low - blurred) >= WARNING  # type: ignore[operator]
