import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ctdenoise.errors import Problem
from ctdenoise.metrics.metric import (
    CONVENTIONS,
    Convention,
    Sample,
    mean_over_slices,
    measure,
    spanning,
    viewing,
)
from ctdenoise.units import Window

FLAT = np.full((32, 32), 50.0, np.float32)


def fidelity(
    image: np.ndarray, reference: np.ndarray, convention: Convention
) -> dict[str, float | None]:
    return measure(Sample(image, convention, reference))


@pytest.mark.parametrize(("width", "decibel"), [(400, 32.04), (4096, 52.25)])
def test_ten_hu_read_differently_in_every_range(width: float, decibel: float) -> None:
    measured = fidelity(FLAT + 10, FLAT, viewing(Window(50, width)))
    assert (measured["mse"], measured["rmse"]) == (100, 10)
    assert measured["psnr"] == pytest.approx(decibel, abs=0.005)


def test_ssim_of_flat_images_by_hand() -> None:
    measured = fidelity(FLAT + 10, FLAT, CONVENTIONS["abdomen"])  # window starts at -150 HU
    first, second, constant = 210.0, 200.0, (0.01 * 400) ** 2
    by_hand = (2 * first * second + constant) / (first**2 + second**2 + constant)
    assert measured["ssim"] == pytest.approx(by_hand, abs=1e-9)


def test_ssim_of_a_textured_image_by_its_definition() -> None:
    """Wang 2004 written out for one 11 x 11 image, where a single window remains."""
    rng = np.random.default_rng(0)
    one, two = rng.uniform(0, 100, (2, 11, 11))
    offset = np.arange(11) - 5
    weights = np.exp(-(offset[:, None] ** 2 + offset**2) / (2 * 1.5**2))
    weights /= weights.sum()
    mean_1, mean_2 = (weights * one).sum(), (weights * two).sum()
    variance_1, variance_2 = (
        (weights * one**2).sum() - mean_1**2,
        (weights * two**2).sum() - mean_2**2,
    )
    covariance = (weights * one * two).sum() - mean_1 * mean_2
    c1, c2 = 1.0, 9.0
    expected = ((2 * mean_1 * mean_2 + c1) * (2 * covariance + c2)) / (
        (mean_1**2 + mean_2**2 + c1) * (variance_1 + variance_2 + c2)
    )
    assert fidelity(one, two, viewing(Window(50, 100)))["ssim"] == pytest.approx(expected, rel=1e-9)


def test_clipping_counts_for_psnr_and_ssim_only() -> None:
    image = FLAT.copy()
    image[0, 0] = 3000
    reference = FLAT.copy()
    reference[0, 0] = 1000  # both above the window
    measured = fidelity(image, reference, CONVENTIONS["abdomen"])
    assert measured["mse"] == pytest.approx(2000**2 / 1024)
    assert measured["psnr"] is None
    assert measured["ssim"] == pytest.approx(1)


def test_identical_images_have_no_psnr() -> None:
    measured = fidelity(FLAT, FLAT, CONVENTIONS["full"])
    assert (measured["mse"], measured["psnr"], measured["ssim"]) == (0, None, 1)


def test_the_conventions_are_those_of_the_literature() -> None:
    edges = {name: (c.window.lower, c.window.upper) for name, c in CONVENTIONS.items()}
    assert edges == {
        "chest": (-1350, 150),
        "abdomen": (-150, 250),
        "neuro": (0, 80),
        "ldct-chest": (-1350, 149),
        "ldct-abdomen": (-150, 249),
        "ldct-neuro": (0, 79),
        "red-cnn": (-160, 240),
        "full": (-1024, 3071),
    }
    assert "-160 to 240" in CONVENTIONS["red-cnn"].sentence


def dicom_window(x: np.ndarray, center: float, width: float) -> np.ndarray:
    """The linear VOI LUT function of PS3.3 C.11.2.1.2.1 on 0 to 1."""
    scaled = (x - (center - 0.5)) / (width - 1) + 0.5
    scaled[x <= center - 0.5 - (width - 1) / 2] = 0
    scaled[x > center - 0.5 + (width - 1) / 2] = 1
    return scaled


@pytest.mark.parametrize(
    ("name", "center", "width"),
    [("ldct-chest", -600, 1500), ("ldct-abdomen", 50, 400), ("ldct-neuro", 40, 80)],
)
def test_the_ldct_benchmark_by_its_own_recipe(name: str, center: float, width: float) -> None:
    """Eulig et al. put both images through the DICOM window and take scikit-image's defaults."""
    rng = np.random.default_rng(4)
    full = rng.uniform(-1500, 400, (40, 50))
    image = full + rng.normal(0, 30, full.shape)
    one, two = dicom_window(full, center, width), dicom_window(image, center, width)
    measured = fidelity(image, full, CONVENTIONS[name])
    assert measured["ssim"] == pytest.approx(structural_similarity(one, two, data_range=1.0))
    assert measured["psnr"] == pytest.approx(peak_signal_noise_ratio(one, two, data_range=1.0))
    plain = fidelity(image, full, CONVENTIONS[name.removeprefix("ldct-")])
    assert measured["ssim"] != pytest.approx(plain["ssim"], rel=1e-6)


@pytest.mark.parametrize("convention", [*CONVENTIONS.values(), viewing(Window(40, 400))])
def test_a_convention_names_everything_that_ssim_depends_on(convention: Convention) -> None:
    uniform = convention.name.startswith("ldct-")
    words = ["uniform", "7 x 7"] if uniform else ["Gaussian", "sigma 1.5", "11 x 11"]
    for word in [*words, f"data range {convention.data_range:g}", convention.name]:
        assert word in convention.how and word in convention.sentence


def test_a_series_is_the_mean_of_its_slices() -> None:
    references = np.stack([FLAT, FLAT, FLAT])
    images = references + np.array([0, 10, 20], np.float32)[:, None, None]
    both = zip(images, references, strict=True)
    measured = mean_over_slices([fidelity(*pair, CONVENTIONS["full"]) for pair in both])
    assert measured["mse"] == pytest.approx(500 / 3)
    assert measured["rmse"] == pytest.approx(10)
    each = [fidelity(i, FLAT, CONVENTIONS["full"])["psnr"] for i in images[1:]]
    assert measured["psnr"] == pytest.approx(np.mean([value for value in each if value]))


def test_other_units_span_their_own_range() -> None:
    values = np.linspace(3, 11, 400).reshape(20, 20)
    convention = spanning(values)
    assert (convention.window.lower, convention.data_range) == (3, 8)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((32, 31)), "cannot be compared"),
        (np.full((32, 32), np.nan), "not numbers"),
    ],
)
def test_what_cannot_be_compared_is_told(image: np.ndarray, reason: str) -> None:
    with pytest.raises(Problem, match=reason):
        fidelity(image, FLAT, CONVENTIONS["full"])


def test_too_small_pictures_are_told() -> None:
    with pytest.raises(Problem, match="fewer than 11"):
        fidelity(FLAT[:8], FLAT[:8], CONVENTIONS["full"])
    assert fidelity(FLAT[:8], FLAT[:8], CONVENTIONS["ldct-abdomen"])["ssim"] == pytest.approx(1)
    with pytest.raises(Problem, match="fewer than 7"):
        fidelity(FLAT[:6], FLAT[:6], CONVENTIONS["ldct-abdomen"])
