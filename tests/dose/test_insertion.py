from dataclasses import replace

import numpy as np
import pytest
import torch
from independent import Ellipse, image, scan
from numpy.typing import NDArray

from ctdenoise.dose.calibration import noise_variance
from ctdenoise.dose.insertion import Physics, insert_noise, insertion
from ctdenoise.errors import Problem
from ctdenoise.metrics.noise_power import noise_power_spectrum

SIZE, PIXEL = 256, 0.9
CLEAN = Physics(photons=1e6, electrons=0.0)


def disc(radius: float, size: int = SIZE, pixel: float = PIXEL) -> NDArray[np.bool_]:
    place = (np.arange(size) - (size - 1) / 2) * pixel
    return np.hypot(place[:, None], place) < radius


def added(
    hu: NDArray[np.float32], dose: float, physics: Physics, *, draws: int = 4, seed: int = 0
) -> NDArray[np.float32]:
    low = insert_noise(hu[None], (PIXEL, PIXEL), dose, physics=physics, draws=draws, seed=seed)
    return low[:, 0] - hu


def test_added_sd_follows_the_dose_where_photons_are_many() -> None:
    hu, roi = image([Ellipse(95, 95)], SIZE, PIXEL), disc(70)
    full = np.sqrt(noise_variance(hu, (PIXEL, PIXEL), CLEAN)[roi].mean())
    for dose in (0.1, 0.2, 0.3, 0.4, 0.5):
        ratio = added(hu, dose, CLEAN, seed=round(100 * dose))[:, roi].std() / full
        assert ratio == pytest.approx(np.sqrt(1 / dose - 1), rel=0.02), dose


@pytest.mark.parametrize(
    ("body", "photons", "electrons", "dose"),
    [
        ([Ellipse(95, 95)], 3e5, 10.0, 0.25),
        ([Ellipse(110, 70), Ellipse(12, 12, 0.6, 50), Ellipse(12, 12, 0.6, -50)], 1e4, 10.0, 0.25),
        ([Ellipse(100, 100)], 5e3, 10.0, 0.1),  # some 10 counts in the longest rays
    ],
)
def test_total_sd_agrees_with_an_independent_simulation(
    body: list[Ellipse], photons: float, electrons: float, dose: float
) -> None:
    physics, shown = Physics(photons, electrons), 128
    common = {"electrons": electrons, "f50": physics.f50}
    full = np.stack([scan(body, SIZE, PIXEL, photons=photons, seed=s, **common) for s in range(3)])
    true = np.stack(
        [
            scan(body, SIZE, PIXEL, photons=dose * photons, seed=100 + s, shown=shown, **common)
            for s in range(5)
        ]
    )
    low = insert_noise(full, (PIXEL, PIXEL), dose, physics=physics, draws=3, seed=1)
    low = low[..., 64:192, 64:192]
    roi = disc(55, shown)

    def sd(images: NDArray[np.float32]) -> float:
        return float(np.sqrt(images.var(axis=0, ddof=1)[roi].mean()))

    inserted = np.sqrt(np.mean([sd(draw) ** 2 for draw in low]))
    assert inserted == pytest.approx(sd(true), rel=0.02)


@pytest.mark.parametrize("f50", [0.25, 0.4])
def test_noise_power_peaks_where_ramp_times_kernel_does(f50: float) -> None:
    hu = image([Ellipse(95, 95)], SIZE, PIXEL)
    noise = added(hu, 0.25, replace(CLEAN, f50=f50), draws=8)
    power = noise_power_spectrum(noise[:, 64:192, 64:192], (PIXEL, PIXEL))
    f = power.frequencies
    expected = f * np.exp(-2 * np.log(2) * (f / f50) ** 2)
    expected *= power.radial.sum() / expected.sum()
    inside = (f > 0.05) & (f < 0.45)
    np.testing.assert_allclose(power.radial[inside], expected[inside], atol=0.07 * expected.max())
    parabola = np.polyfit(f[near := expected > 0.8 * expected.max()], power.radial[near], 2)
    peak = -parabola[1] / (2 * parabola[0])
    assert peak == pytest.approx(f50 / np.sqrt(4 * np.log(2)), rel=0.06)


def test_an_elongated_body_is_streaked_along_its_long_axis() -> None:
    hu = image([Ellipse(110, 50)], SIZE, PIXEL)
    noise = added(hu, 0.25, Physics())[:, 96:160, 96:160]

    def neighbours(axis: int) -> float:
        return float(np.mean(noise * np.roll(noise, 2, axis)) / noise.var())

    assert neighbours(2) > neighbours(1) + 0.15


def test_starved_rays_add_more_than_the_dose_alone_says() -> None:
    hu, roi = image([Ellipse(110, 110)], SIZE, PIXEL), disc(50)
    starved = Physics(photons=5e3, electrons=10.0)
    few, many = (added(hu, dose, starved)[:, roi].std() for dose in (0.1, 0.5))
    assert few / many > 1.1 * np.sqrt((1 / 0.1 - 1) / (1 / 0.5 - 1))


def test_noise_depends_on_seed_slice_and_draw_alone() -> None:
    hu = np.stack([image([Ellipse(r, 40)], 96, 1.0) for r in (30, 35, 40, 42, 44, 46)])
    whole = insert_noise(hu, (1, 1), 0.25, seed=3, draws=2)
    assert whole.shape == (2, 6, 96, 96)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole, insert_noise(hu, (1, 1), 0.25, seed=3, draws=2))
    one = insert_noise(hu[5:], (1, 1), 0.25, seed=3, draws=1, first=5)
    np.testing.assert_allclose(one[0, 0], whole[0, 5], atol=0.01)
    other = insert_noise(hu[:1], (1, 1), 0.25, seed=4)
    noise = [whole[0, 0] - hu[0], whole[1, 0] - hu[0], whole[0, 1] - hu[1], other[0, 0] - hu[0]]
    correlation = np.corrcoef([each.ravel() for each in noise])
    assert np.abs(correlation - np.eye(4)).max() < 0.1


def test_the_steps_are_those_of_the_low_dose() -> None:
    """Line integrals of a disc by their formula: mu times its area in every view, mu times its
    diameter along the middle ray; and what is added is what makes the low dose."""
    radius = 80.0
    hu = image([Ellipse(radius, radius)], SIZE, PIXEL)
    steps = insertion(hu, (PIXEL, PIXEL), 0.25, physics=CLEAN, seed=3, index=5)
    sums = steps.sinogram.sum(1) * steps.ray_spacing
    np.testing.assert_allclose(sums, CLEAN.mu_water * np.pi * radius**2, rtol=0.01)
    middle = steps.sinogram[:, steps.sinogram.shape[1] // 2]
    np.testing.assert_allclose(middle, CLEAN.mu_water * 2 * radius, rtol=0.01)
    low = insert_noise(hu[None], (PIXEL, PIXEL), 0.25, physics=CLEAN, seed=3, first=5)
    np.testing.assert_allclose(hu + steps.noise, low[0, 0], atol=1e-3)
    # of N photons a quarter arrives; what chance adds has the variance (1 - a) / (a N)
    photons = CLEAN.photons * np.exp(-steps.sinogram)
    normal = steps.ray_noise * np.sqrt(0.25 * photons / 0.75)
    assert normal.std() == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize(("rows", "columns"), [(48, 48), (40, 72)])
def test_the_parts_of_a_scan_are_those_of_the_whole(rows: int, columns: int) -> None:
    """To the last bit, in parts of any length: so a simulation may go on where it was."""
    numbers = np.random.default_rng(rows)
    hu = numbers.normal(0, 200, (7, rows, columns)).astype(np.float32)
    hu[:4, :, : columns // 4] = -1000  # some cut off by the edge on one side only
    whole = insert_noise(hu, (0.7, 0.9), 0.2, seed=4, draws=2)
    for length in (1, 2, 3, 4, 5):
        parts = [
            insert_noise(hu[n : n + length], (0.7, 0.9), 0.2, seed=4, draws=2, first=n)
            for n in range(0, len(hu), length)
        ]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


def test_full_dose_changes_nothing() -> None:
    hu = image([Ellipse(40, 40, 20)], 96, 1.0)[None]  # hardly a photon gets through
    low = insert_noise(hu, (1, 1), 1.0, draws=2)
    np.testing.assert_array_equal(low, np.stack([hu, hu]))


def test_the_same_seed_draws_the_same_grain_at_every_dose() -> None:
    hu = image([Ellipse(60, 60)], 128, 1.0)
    half, tenth = (insert_noise(hu[None], (1, 1), dose, seed=5)[0, 0] - hu for dose in (0.5, 0.1))
    assert np.corrcoef(half.ravel(), tenth.ravel())[0, 1] > 0.99
    assert tenth.std() > 2 * half.std()


def test_structure_of_any_sharpness_comes_through_unchanged() -> None:
    """The mean of many draws is the upload itself: a wire, an edge and single pixels stay."""
    hu = image([Ellipse(40, 40)], 128, 1.0)
    hu[60, 60], hu[64:, 70] = 3000, 500
    low = insert_noise(hu[None], (1, 1), 0.5, physics=Physics(photons=1e7), draws=12)
    spread = low[:, 0].std(axis=0).max() / np.sqrt(12)
    assert np.abs(low[:, 0].mean(axis=0) - hu).max() < 6 * spread


@pytest.mark.parametrize(
    ("shape", "spacing"), [((200, 300), (0.9, 0.9)), ((128, 512), (1.8, 0.45))]
)
def test_shape_and_spacing_do_not_change_the_noise(
    shape: tuple[int, int], spacing: tuple[float, float]
) -> None:
    down, across = ((np.arange(n) - (n - 1) / 2) * d for n, d in zip(shape, spacing, strict=True))
    radius = np.hypot(down[:, None], across)
    hu = np.where(radius < 80, 0, -1000).astype(np.float32)
    noise = insert_noise(hu[None], spacing, 0.25, draws=4)[:, 0] - hu
    square = added(image([Ellipse(80, 80)], SIZE, PIXEL), 0.25, Physics())
    assert noise[:, radius < 60].std() == pytest.approx(square[:, disc(60)].std(), rel=0.02)


def test_padding_around_a_round_field_stays_as_it_is() -> None:
    hu = image([Ellipse(60, 45)], 128, 1.0)
    hu += np.random.default_rng(0).normal(0, 5, hu.shape).astype(np.float32)
    outside = ~disc(64, 128, 1.0)
    hu[outside] = -1024
    low = insert_noise(hu[None], (1, 1), 0.25)[0, 0]
    np.testing.assert_array_equal(low[outside], -1024)
    assert (low != hu)[~outside].mean() > 0.99


def test_a_cut_off_body_gets_about_the_noise_of_the_whole_one() -> None:
    whole = image([Ellipse(180, 130)], 400, 1.0)
    part = whole[136:264, 136:264]
    true = (insert_noise(whole[None], (1, 1), 0.25, draws=2)[:, 0] - whole)[:, 170:230, 170:230]
    guess = (insert_noise(part[None], (1, 1), 0.25, draws=2)[:, 0] - part)[:, 34:94, 34:94]
    assert guess.std() == pytest.approx(true.std(), rel=0.05)


def test_progress_is_told() -> None:
    told: list[float] = []
    hu = np.zeros((9, 32, 32), np.float32)
    insert_noise(hu, (1, 1), 0.5, progress=lambda done, _: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dose_fraction": 0.0}, "The dose fraction is 0.0"),
        ({"dose_fraction": float("nan")}, "dose fraction is nan"),
        ({"draws": 0}, "noise draws is 0"),
        ({"spacing": (0.0, 1.0)}, "pixel spacing"),
        ({"hu": np.zeros((32, 32), np.float32)}, "has the shape"),
        ({"hu": np.full((1, 32, 32), np.nan, np.float32)}, "not numbers"),
    ],
)
def test_what_makes_no_sense_is_told(change: dict[str, object], sentence: str) -> None:
    good = {"hu": np.zeros((1, 32, 32), np.float32), "spacing": (1.0, 1.0), "dose_fraction": 0.25}
    with pytest.raises(Problem, match=sentence):
        insert_noise(**(good | change))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["photons", "electrons", "f50", "mu_water"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_impossible_physics_is_told(name: str, value: float) -> None:
    with pytest.raises(Problem, match=f"The setting {name} is"):
        Physics(**{name: value})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_inserts_the_same_noise() -> None:
    hu = image([Ellipse(60, 45)], 128, 1.0)[None]
    cpu, gpu = (insert_noise(hu, (1, 1), 0.25, device=device) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(gpu, cpu, atol=0.5)
