"""No patient, slice or row is both trained on and tested on."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdenoise.config.split import Outline, Part, split
from ctdenoise.errors import Problem

OUTLINES = st.lists(
    st.builds(Outline, st.sampled_from("abcdef"), st.integers(1, 40), st.just(64), st.just(64)),
    min_size=1,
    max_size=12,
)


def pixels(parts: tuple[Part, ...], rows: int = 64) -> set[tuple[int, int, int]]:
    return {
        (part.pair, i, row)
        for part in parts
        for i in part.slices
        for row in range(*(part.rows or (0, rows)))
    }


@settings(deadline=None)
@given(OUTLINES, st.integers(0, 5))
def test_the_three_sets_are_apart_and_none_is_empty(outlines, seed) -> None:
    found = split(outlines, seed)
    sets = [pixels(parts) for parts in (found.train, found.validation, found.test)]
    assert all(sets)
    assert all(a.isdisjoint(b) for a, b in combinations(sets, 2))
    assert found == split(outlines, seed)
    patients = [
        {outlines[part.pair].patient for part in parts}
        for parts in (found.train, found.validation, found.test)
    ]
    if len({o.patient for o in outlines}) >= 3:
        assert not found.flatters
        assert all(a.isdisjoint(b) for a, b in combinations(patients, 2))
    else:
        assert found.flatters and "look better" in found.sentence


def test_blocks_of_slices_have_a_gap_between_them() -> None:
    found = split([Outline("a", 20, 512, 512)], 1)
    used = [s for parts in (found.train, found.validation, found.test) for s in parts[0].slices]
    assert used == sorted(used)
    assert found.validation[0].slices[0] - found.train[0].slices[-1] == 3
    assert found.test[0].slices[0] - found.validation[0].slices[-1] == 3
    assert found.test[0].slices[-1] == 19


def test_one_slice_is_split_by_bands_with_gaps() -> None:
    found = split([Outline("a", 1, 512, 512)], 1)
    bands = sorted(
        p.rows for parts in (found.train, found.validation, found.test) for p in parts if p.rows
    )
    assert len(bands) == 4 and bands[0][0] == 0 and bands[-1][1] == 512
    assert all(b[0] - a[1] == 16 for a, b in pairwise(bands))
    assert found.progress.rows == found.test[0].rows


def test_the_progress_slice_is_the_middle_of_the_test_block() -> None:
    found = split([Outline("a", 40, 512, 512)], 1)
    slices = found.test[0].slices
    assert found.progress == Part(0, (slices[len(slices) // 2],))


def test_pairs_of_unknown_patients_may_be_one_patient() -> None:
    assert split([Outline("", 5, 64, 64)] * 4, 1).flatters


def test_nothing_to_split() -> None:
    with pytest.raises(Problem, match="at least one pair"):
        split([], 1)
