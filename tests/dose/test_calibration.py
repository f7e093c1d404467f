from pathlib import Path

import numpy as np
import pydicom
import pytest
from independent import Ellipse, image, scan

from ctdenoise.dose.calibration import calibrate, noise_variance, uniform_region
from ctdenoise.dose.insertion import Physics, insert_noise
from ctdenoise.errors import Problem
from ctdenoise.metrics.metric import Region
from ctdenoise.metrics.noise import statistics

SIZE, PIXEL = 200, 1.0
BODY = [Ellipse(90, 90)]
MIDDLE = Region(60, 60, 80, 80)


@pytest.mark.parametrize(("photons", "f50"), [(3e5, 0.4), (3e4, 0.25)])
def test_it_finds_the_scanner_that_an_independent_simulation_had(
    photons: float, f50: float
) -> None:
    slice_ = scan(BODY, SIZE, PIXEL, photons=photons, electrons=10, f50=f50, seed=1)
    found, shown = calibrate(slice_, (PIXEL, PIXEL), MIDDLE)
    assert found.f50 == pytest.approx(f50, rel=0.06)
    assert found.photons == pytest.approx(photons, rel=0.2)
    assert shown.sd == pytest.approx(statistics(slice_, MIDDLE).sd, rel=0.02)
    predicted = noise_variance(slice_, (PIXEL, PIXEL), found)[60:140, 60:140].mean()
    assert np.sqrt(predicted) == pytest.approx(shown.sd, rel=0.01)


def test_predicted_variance_agrees_with_an_independent_simulation() -> None:
    physics = Physics(1e5, 10, 0.4)
    scans = [
        scan(BODY, SIZE, PIXEL, photons=1e5, electrons=10, f50=0.4, seed=s, shown=120)
        for s in range(6)
    ]
    measured = np.var(scans, axis=0, ddof=1).mean()
    expected = noise_variance(image(BODY, SIZE, PIXEL), (PIXEL, PIXEL), physics)[40:160, 40:160]
    assert np.sqrt(expected.mean()) == pytest.approx(np.sqrt(measured), rel=0.02)


def test_a_uniform_region_is_found_away_from_structure() -> None:
    body = [*BODY, Ellipse(20, 20, 0.6, 40, 40), Ellipse(30, 30, -0.8, -40, -20)]
    hu = image(body, SIZE, PIXEL) + np.random.default_rng(0).normal(0, 15, (SIZE, SIZE))
    region = uniform_region(hu.astype(np.float32))
    clean = region.of(image(body, SIZE, PIXEL))
    assert np.ptp(clean) == 0
    assert clean[0, 0] > -200


def test_what_cannot_be_calibrated_is_told() -> None:
    hu = image(BODY, SIZE, PIXEL)
    with pytest.raises(Problem, match="holds no noise"):
        calibrate(hu, (PIXEL, PIXEL), MIDDLE)
    with pytest.raises(Problem, match="no square of 16 x 16 pixels of soft tissue"):
        uniform_region(np.full((100, 100), -1000, np.float32))
    quiet = hu + np.random.default_rng(0).normal(0, 0.05, hu.shape).astype(np.float32)
    with pytest.raises(Problem, match="photons per ray"):
        calibrate(quiet, (PIXEL, PIXEL), MIDDLE)


@pytest.mark.parametrize(
    "name",
    ["lung_pet_ct_dx_A0002/1-12.dcm", "rider_pilot_0117/1-032.dcm", "kits_00072/1-002.dcm"],
)
def test_a_real_slice_at_quarter_dose_is_twice_as_noisy(shared_data: Path, name: str) -> None:
    dataset = pydicom.dcmread(shared_data / "ct" / name)
    hu = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    hu = np.maximum(hu, -1024).astype(np.float32)
    down, across = map(float, dataset.PixelSpacing)
    physics, shown = calibrate(hu, (down, across))
    assert 1e5 < physics.photons < 5e6
    assert 0.2 < physics.f50 < 0.7
    low = insert_noise(hu[None], (down, across), 0.25, physics=physics)[0, 0]
    region = shown.region
    assert statistics(low, region).sd == pytest.approx(2 * shown.sd, rel=0.12)


def test_the_fda_phantom_at_lower_doses(shared_data: Path) -> None:
    """Ten scans simulated by others at full dose, thinned here, against theirs at less dose."""

    def theirs(dose: str) -> np.ndarray:
        files = (shared_data / "phantom/didsr_lcd_fbp_CC0" / dose / "signal_absent").glob("*.raw")
        each = [np.fromfile(file, np.int16).reshape(256, 256) for file in sorted(files)]
        return np.stack(each).astype(np.float32) - 1000

    def sd(images: np.ndarray) -> float:
        return float(np.sqrt(Region(80, 80, 96, 96).of(images).var(axis=0, ddof=1).mean()))

    spacing = (0.8, 0.8)  # not in the files
    full = theirs("dose_100")
    found = [calibrate(slice_, spacing, Region(88, 88, 80, 80))[0] for slice_ in full[:4]]
    physics = Physics(
        photons=float(np.mean([each.photons for each in found])),
        electrons=0.0,
        f50=float(np.mean([each.f50 for each in found])),
    )
    for dose, folder in ((0.55, "dose_055"), (0.1, "dose_010")):
        low = insert_noise(full, spacing, dose, physics=physics)[0]
        assert sd(low) == pytest.approx(sd(theirs(folder)), rel=0.03), folder


def test_memory_that_it_cannot_have_is_a_sentence(monkeypatch) -> None:
    def full(*given: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes")

    monkeypatch.setattr("ctdenoise.dose.calibration.image_beam", full)
    noise = np.random.default_rng(1).normal(0, 20, (SIZE, SIZE)).astype(np.float32)
    with pytest.raises(Problem, match=r"more memory than there is: .* fewer pixels"):
        calibrate(np.ones((SIZE, SIZE), np.float32) + noise, (PIXEL, PIXEL), MIDDLE)
