"""No patient, slice, neighbour of a slice or row is both trained on and tested on."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ctdenoise.cli.train import load_pairs
from ctdenoise.config.split import GAP_MM, NAME, Outline, Part, Split, held, outline, read, split
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Pair

ROWS = 64


@st.composite
def pairs_of_a_patient(draw: st.DrawFn) -> list[Outline]:
    """Up to four stacks through one patient, which may overlap, coincide or be far apart."""
    patient, located = draw(st.sampled_from(["", *"abcd"])), draw(st.booleans())
    made = []
    for _ in range(draw(st.integers(1, 4))):
        step = draw(st.sampled_from([0.7, 1.0, 3.0, 5.0])) if located else 1.0
        first = draw(st.integers(-5, 15)) * (1.5 if located else 1)
        count = draw(st.one_of(st.integers(1, 12), st.integers(20, 60)))
        lost = draw(st.sets(st.integers(0, count - 1), max_size=min(3, count - 1)))
        places = tuple(first + step * i for i in range(count) if i not in lost)
        made.append(Outline(patient, len(places), ROWS, ROWS, places, located))
    return made


OUTLINES = st.lists(pairs_of_a_patient(), min_size=1, max_size=6).map(
    lambda several: [each for pairs in several for each in pairs]
)


def sides(found: Split) -> tuple[tuple[Part, ...], ...]:
    return found.train, found.validation, found.test


def used(found: Split, outlines: list[Outline]) -> Iterator[tuple[int, int, Outline, float, range]]:
    """The side, pair, outline, place and rows of everything that is used."""
    for side, parts in enumerate(sides(found)):
        for part in parts:
            o = outlines[part.pair]
            for i in part.slices:
                yield side, part.pair, o, o.places[i], range(*(part.rows or (0, o.rows)))


def pixels(parts: tuple[Part, ...]) -> list[tuple[int, int, int]]:
    return [
        (part.pair, i, row)
        for part in parts
        for i in part.slices
        for row in range(*(part.rows or (0, ROWS)))
    ]


def apart(one: range, other: range) -> bool:
    return one.stop <= other.start or other.stop <= one.start


@settings(deadline=None, max_examples=200)
@given(OUTLINES, st.integers(0, 5))
def test_nothing_is_seen_from_two_sides(outlines: list[Outline], seed: int) -> None:
    """Over all pairs: no patient where there are three, else no slice and no neighbour of one."""
    found = split(outlines, seed)
    sets = [pixels(parts) for parts in sides(found)]
    assert all(sets) and found == split(outlines, seed)
    together = [pixel for each in sets for pixel in each]
    assert len(together) == len(set(together))
    people = [{outlines[part.pair].patient for part in parts} for parts in sides(found)]
    named = {o.patient for o in outlines}
    if len(named) >= 3 and "" not in named:
        assert not found.flatters
        assert all(a.isdisjoint(b) for a, b in combinations(people, 2))
        return
    assert found.flatters and "look better" in found.sentence
    everything = sorted(used(found, outlines), key=lambda each: each[3])
    assert ("blocks" in found.sentence) == any(len(rows) == ROWS for *_, rows in everything)
    assert ("bands" in found.sentence) == any(len(rows) < ROWS for *_, rows in everything)
    for group in [named] if "" in named else [{name} for name in named]:
        own = [o for o in outlines if o.patient in group]
        here = [each for each in everything if each[2].patient in group]
        known = sorted({x for o in own for x in o.places})
        gap = min(GAP_MM, (known[-1] - known[0]) / 10) if own[0].located else 0
        if len(own) > 1 and not all(o.located for o in own):
            assert all(len(rows) < ROWS for *_, rows in here)
        order = {place: n for n, place in enumerate(known)}
        for one, other in combinations(here, 2):
            if one[0] == other[0]:
                continue
            if len(one[4]) < ROWS or len(other[4]) < ROWS:
                assert apart(one[4], other[4])
            else:
                assert abs(one[3] - other[3]) >= gap - 1e-9
                assert abs(order[one[3]] - order[other[3]]) >= 2


@settings(deadline=None)
@given(st.integers(7, 40), st.integers(1, 4), st.sampled_from([0.6, 1.0, 2.0, 3.0, 5.0]), st.data())
def test_a_stack_with_room_is_divided_in_fifths(slices, pairs, step, data) -> None:
    """All of it but the gaps is used, most of it for training."""
    places = tuple(step * i for i in range(slices))
    found = split([Outline("a", slices, ROWS, ROWS, places, True)] * pairs, 1)
    counts = [len(parts[0].slices) for parts in sides(found)]
    assert all(len(parts) == pairs and not parts[0].rows for parts in sides(found))
    assert counts[1] == counts[2] == max(1, round(sum(counts) / 5))
    lost = slices - sum(counts)
    assert 2 <= lost <= 2 * max(2, 5 / step) + 1


def slices_of(*numbers: int) -> Pair:
    """A pair of which each slice shows its number; noise tells one pair from another."""
    full = np.zeros((len(numbers), 16, 16), np.float32)
    full[:, 3] = np.array(numbers)[:, None]
    low = full[None] + np.random.default_rng(len(numbers)).normal(0, 9, full.shape)
    return Pair("p", low.astype(np.float32), full, (1.0, 1.0), np.array(numbers, float) * 3)


def shown(found: Split, pairs: list[Pair]) -> list[set[float]]:
    """The numbers that are seen on each side, where whole slices are."""
    return [
        {float(pairs[part.pair].full[i, 3, 0]) for part in parts for i in part.slices}
        for parts in sides(found)
        if not any(part.rows for part in parts)
    ]


@pytest.mark.parametrize("change", [{"patient": "b"}, {"located": False}, {}])
def test_the_same_pixels_are_the_same_slice_whatever_else_is_said(change: dict) -> None:
    """Under another name, without its positions, or at others: of another frame of reference."""
    one = replace(slices_of(*range(1, 13)), patient="a")
    other = replace(slices_of(*range(4, 16)), patient="a")
    other = replace(other, positions=other.positions + 1000 * (not change), **change)
    third = replace(slices_of(*range(41, 53)), patient="c")
    pairs = [one, other, third]
    found = split([outline(pair) for pair in pairs], 1)
    assert found.flatters  # two patients at most, not three
    assert all(a.isdisjoint(b) for a, b in combinations(shown(found, pairs), 2))
    bands = [
        [range(*(part.rows or (0, 16))) for part in parts if part.pair < 2]
        for parts in sides(found)
    ]
    if len(bands[0][0]) < 16:
        for one_side, other_side in combinations(bands, 2):
            assert all(apart(a, b) for a in one_side for b in other_side)


def test_blank_slices_are_nobodys() -> None:
    blank = np.zeros((8, 16, 16), np.float32)
    low = np.random.default_rng(0).normal(0, 9, (1, 8, 16, 16)).astype(np.float32)
    pairs = [Pair("p", low, blank, None, np.arange(8.0), patient=name) for name in "abc"]
    assert not split([outline(pair) for pair in pairs], 1).flatters


def test_two_pairs_that_share_slices(shared_cases: Path) -> None:
    """The slices at 9, 12 and 15 mm are in both."""
    pairs = [
        pair for name in "ab" for pair in load_pairs(shared_cases / "two_pairs_share_slices" / name)
    ]
    found = split([outline(pair) for pair in pairs], 1)
    places = [
        {float(pairs[part.pair].positions[i]) for part in parts for i in part.slices}
        for parts in sides(found)
    ]
    assert places == [{0, 3, 6, 9, 12}, {18}, {24}]
    assert "separate blocks of slices" in found.sentence


def test_another_dose_of_the_same_scan_takes_the_same_bands() -> None:
    one = slices_of(1, 2)
    pairs = [one, replace(one, low=one.low + np.float32(5))]
    found = split([outline(pair) for pair in pairs], 1)
    for parts in sides(found):
        bands = [{part.rows for part in parts if part.pair == pair} for pair in (0, 1)]
        assert bands[0] == bands[1] and None not in bands[0]


def test_blocks_of_slices_have_a_gap_between_them() -> None:
    found = split([Outline("a", 20, 512, 512)], 1)
    kept = [s for parts in sides(found) for s in parts[0].slices]
    assert kept == sorted(kept)
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


def test_a_pair_of_an_unknown_patient_may_be_of_any_of_them() -> None:
    known = [Outline(name, 60, 64, 64, tuple(range(60)), True) for name in "abc"]
    assert not split(known, 1).flatters
    found = split([*known, replace(known[1], patient="")], 1)
    assert found.flatters and "from what may be one patient" in found.sentence
    assert found.sentence.endswith("and no unknown one, give an honest test.")
    assert {part.slices for part in found.test} == {found.test[0].slices}
    assert "from one patient" in split([replace(known[1], patient="")], 1).sentence


@pytest.mark.parametrize("located", [[True, False], [False, False], [False, True, True]])
def test_what_cannot_be_compared_by_position_is_split_by_the_same_bands(located) -> None:
    """Other pixels of the same slices, as another reconstruction has them."""
    pairs = [
        replace(slices_of(*range(first, first + 12)), patient="a", located=each)
        for first, each in zip((1, 21, 41), located, strict=False)
    ]
    found = split([outline(pair) for pair in pairs], 1)
    for parts in sides(found):
        bands = [{part.rows for part in parts if part.pair == n} for n in range(len(pairs))]
        assert all(each == bands[0] for each in bands) and None not in bands[0]


def test_nothing_to_split() -> None:
    with pytest.raises(Problem, match="at least one pair"):
        split([], 1)


def test_the_fingerprint_is_of_what_is_learned_from() -> None:
    one = slices_of(1, 2, 3, 4, 5)
    print_of = outline(one).fingerprint
    assert outline(replace(one, name="renamed", patient="b")).fingerprint == print_of
    full, low = one.full.copy(), one.low.copy()
    full[4, 5, 5] += 1
    low[0, 4] += 1
    for change in ({"full": full}, {"low": low}, {"positions": one.positions + 1},
                   {"full": one.full[:4], "low": one.low[:, :4], "positions": one.positions[:4]},
                   {"low": np.concatenate([one.low, one.low])}):  # fmt: skip
        assert outline(replace(one, **change)).fingerprint != print_of


def test_a_run_keeps_to_its_split_and_its_pairs(tmp_path: Path) -> None:
    outlines = [outline(slices_of(*range(n, n + 9))) for n in (1, 21, 41)]
    assert held(tmp_path, outlines) is None
    made = split(outlines, 1)
    (tmp_path / NAME).write_bytes(TypeAdapter(Split).dump_json(made))
    assert held(tmp_path, outlines) == made == read(tmp_path)
    for others in (outlines[:2], outlines[::-1], [*outlines, outlines[0]]):
        with pytest.raises(Problem, match="not those that the run began with"):
            held(tmp_path, others)


def test_the_split_of_an_older_run_is_kept_to(tmp_path: Path) -> None:
    """It knows no fingerprints, and is taken for that of any pairs that have its slices."""
    older = asdict(split([Outline("a", 9, ROWS, ROWS, located=True)] * 2, 1))
    del older["pairs"]
    (tmp_path / NAME).write_bytes(TypeAdapter(dict).dump_json(older))
    pair = outline(slices_of(*range(9)))
    known = held(tmp_path, [pair, pair])
    assert known and known.pairs == (pair.fingerprint, pair.fingerprint)
    assert asdict(known) == older | {"pairs": known.pairs}
    for others in ([pair], [pair] * 3, [pair, outline(slices_of(*range(8)))]):
        with pytest.raises(Problem, match="not those that the run began with"):
            held(tmp_path, others)
