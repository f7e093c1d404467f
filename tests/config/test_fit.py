"""What a run cannot be done with is told before it begins, with the true reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdenoise.config.config import Config, parse
from ctdenoise.config.cost import run_cost
from ctdenoise.config.fit import check_memory, check_pictures, size, smaller
from ctdenoise.config.split import Outline, split
from ctdenoise.errors import Problem


def checked(patch: int, slices: int, rows: int, columns: int) -> None:
    found = split([Outline("a", slices, rows, columns)], 1)
    check_pictures(Config(patch=patch), found, [(rows, columns)])


def test_the_band_is_explained() -> None:
    with pytest.raises(Problem) as told:
        checked(32, 1, 128, 128)
    sentence = str(told.value)
    assert "22 x 128 pixels" in sentence and "slices are too few" in sentence
    assert "bands of rows" in sentence and "22 or fewer" in sentence and "more slices" in sentence
    checked(22, 1, 128, 128)
    checked(32, 6, 128, 128)


def test_without_bands_none_is_spoken_of() -> None:
    with pytest.raises(Problem) as told:
        checked(64, 9, 50, 128)
    assert "50 x 128 pixels" in str(told.value) and "band" not in str(told.value)


@pytest.mark.parametrize(("slices", "rows", "columns"), [(5, 10, 40), (5, 40, 10), (1, 50, 50)])
def test_pictures_too_small_for_ssim_are_told(slices, rows, columns) -> None:
    with pytest.raises(Problem, match="SSIM needs 11 x 11"):
        checked(8, slices, rows, columns)


@given(
    st.integers(8, 40), st.integers(1, 5), st.integers(8, 90), st.integers(8, 90), st.integers(0, 3)
)
def test_what_is_told_to_be_small_enough_is(patch, slices, rows, columns, seed) -> None:
    found = split([Outline("a", slices, rows, columns)], seed)
    try:
        check_pictures(Config(patch=patch), found, [(rows, columns)])
    except Problem as problem:
        if "patch size" in problem.subject:
            number = problem.hint.split()[1]
            if number.isdigit():
                fits = int(number)
                assert 8 <= fits < patch
                found = split([Outline("a", slices, rows, columns)], seed)
                sides = [min(size(part, [(rows, columns)])) for part in found.train]
                assert max(sides) >= fits


MUCH = [
    ({"patches": 100_000, "patch": 128}, "patch collection"),
    ({"validation_patches": 10_000, "patch": 128}, "validation patches"),
    ({"batch": 256, "patch": 128}, "smaller batch"),
    ({"filters": 256, "layers": 30, "kernel_size": 11, "batch": 1}, "fewer filters"),
    ({"patch": 256, "batch": 1, "filters": 4, "loss": {"adversarial": 10}}, "critic"),
]


@pytest.mark.parametrize(("values", "words"), MUCH)
def test_what_takes_most_is_named(values, words) -> None:
    config = parse(values)
    assert words in smaller(config)
    needed = run_cost(config).memory_bytes
    check_memory(config, needed, "this computer")
    with pytest.raises(Problem, match=r"would need about .* GB of memory") as told:
        check_memory(config, needed // 4, "this computer")
    assert words in told.value.hint


def test_what_fits_with_half_its_batch_may_begin() -> None:
    config = parse({"batch": 256, "patch": 128})
    needed = run_cost(config).memory_bytes
    check_memory(config, int(0.6 * needed), "this computer")
    with pytest.raises(Problem, match="even with half its batch"):
        check_memory(config, int(0.4 * needed), "this computer")
