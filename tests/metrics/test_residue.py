"""Structure in removed noise: none in noise alone, much in what a blur takes away."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from phantoms import disc_phantom
from scipy.ndimage import gaussian_filter

from ctdenoise.dose.insertion import insert_noise
from ctdenoise.metrics.residue import WARNING, edge_share, sentence
from ctdenoise.scans.reading import read

TRUTH = disc_phantom(256)[0]
ROWS, COLUMNS = np.mgrid[:256, :256] - 127.5
RADIUS = np.hypot(ROWS, COLUMNS)
RIM = np.abs(RADIUS - 0.4 * 256) <= 2.5


def noise(seed: int, sd: float = 30) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, sd, TRUTH.shape)


def share(image: NDArray[np.floating], removed: NDArray[np.floating], unit: str = "HU") -> float:
    found = edge_share(image, removed, unit)
    assert found is not None
    return found


def test_noise_alone_has_no_share_that_runs_along_edges() -> None:
    for seed in range(5):
        assert share(TRUTH + noise(seed), noise(seed)) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("spared", [0.2, 1.0, 3.0])
def test_how_much_noise_was_removed_at_edges_does_not_matter(spared: float) -> None:
    """Filters that keep edges remove less noise there than elsewhere."""
    removed = noise(1) * np.where(RIM, spared, 1) * np.linspace(0.5, 2, 256)
    assert share(TRUTH + noise(1), removed) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("part", [0.1, 0.3, 0.6])
def test_a_known_share_is_found(part: float) -> None:
    """A wave across the disc's rim, all the way around it, in noise of known power there."""
    disc = np.where(RADIUS < 0.4 * 256, 40.0, -700.0)
    wave = np.sin((RADIUS - 0.4 * 256) * np.pi / 6) * (np.abs(RADIUS - 0.4 * 256) <= 6)
    around = np.abs(RADIUS - 0.4 * 256) <= 5  # edges are about 4 pixels wide, and 3 beside them
    sd = 30 * np.sqrt((1 - part) / part * np.mean(wave[around] ** 2))
    removed = 30 * wave + noise(2, 1) * sd
    assert share(disc + noise(3, 10), removed) == pytest.approx(part, abs=0.12)


def test_a_shift_of_the_ct_number_is_no_structure() -> None:
    removed = noise(4) + np.where(ROWS > 0, 40.0, 80.0)
    assert share(TRUTH + noise(4), removed) < WARNING


@pytest.mark.parametrize("unit", ["HU", ""])
def test_a_blur_leaves_its_edges_in_what_it_removes(unit: str) -> None:
    image = TRUTH + noise(3, 20) + (0 if unit else 2000)
    assert share(image, image - gaussian_filter(image, 2), unit) > 0.5


def test_without_edges_nothing_is_told() -> None:
    even = np.random.default_rng(4).normal(40, 10, (128, 128))
    assert edge_share(even, even) is None
    assert edge_share(np.full((64, 64), -1000.0), np.zeros((64, 64))) is None
    assert edge_share(disc_phantom(128)[0], np.zeros((128, 128))) is None
    assert "too few edges" in sentence(None)


def test_the_sentence_warns_from_the_threshold_on() -> None:
    assert sentence(WARNING).startswith("Anatomy shows")
    assert sentence(WARNING - 0.01).startswith("Edges were not smoothed away: 9%")


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
        assert share(low, low - full[0]) < WARNING
        assert share(low, low - gaussian_filter(low, 3)) >= WARNING
