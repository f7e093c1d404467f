from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phantoms import disc_phantom

from ctdenoise.errors import Problem
from ctdenoise.scans.matching import match, refuse_equal
from ctdenoise.scans.pairing import match_all, recognise
from ctdenoise.scans.reading import read
from ctdenoise.scans.scan import Facts, Scan

FACTS = Facts(patient="P", kernel="B30f", thickness_mm=2.0, tube_kv=120.0)


def scan(positions, *, noise=0.0, name="scan", facts=FACTS, seed=0, **changes):
    positions = np.array(positions, float)
    values = disc_phantom(64, slices=len(positions), noise=noise, seed=seed)
    values += positions[:, None, None].astype(np.float32)  # a slice tells where it was
    origins = np.column_stack([np.zeros((len(positions), 2)), positions])
    made = Scan(name, values, (0.7, 0.7), positions, origins, facts=facts)
    return replace(made, **changes)


@given(
    st.sets(st.integers(-20, 20), min_size=1),
    st.sets(st.integers(-20, 20), min_size=1),
    st.floats(-0.2, 0.2),
)
def test_slices_pair_where_they_lie(low, full, shift):
    common = sorted(low & full)
    ours = scan(np.array(sorted(low)) + shift)
    theirs = scan(sorted(full))
    if not common:
        with pytest.raises(Problem, match="no slice at the same position"):
            match(ours, theirs)
        return
    matched = match(ours, theirs)
    np.testing.assert_array_equal(matched.pair.positions, common)
    np.testing.assert_allclose(matched.pair.low[0] - matched.pair.full, shift, atol=1e-3)
    assert len(matched.low_alone) == len(low) - len(common)
    assert len(matched.full_alone) == len(full) - len(common)


def test_the_sentence_counts():
    matched = match(scan([0, 2, 4]), scan([2, 4, 6, 8]))
    assert matched.sentence == (
        "2 slices matched by position; 1 only at low dose; 2 only at full dose."
    )
    assert matched.pair.low.shape == (1, 2, 64, 64)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": np.zeros((3, 32, 32), np.float32)}, "differ in size"),
        ({"spacing": (0.8, 0.8)}, "pixel spacing"),
        ({"orientation": (0, 1, 0, 0, 0, -1)}, "different directions"),
        ({"unit": ""}, "different units"),
        ({"origins": np.array([[5.0, 0, 0], [5, 0, 2], [5, 0, 4]])}, "shifted by 5.0 mm"),
    ],
)
def test_what_does_not_fit_is_told(change, words):
    with pytest.raises(Problem, match=words):
        match(scan([0, 2, 4]), scan([0, 2, 4], **change))


def test_tags_go_before_noise():
    quiet = scan([0, 2], noise=5, facts=replace(FACTS, dose_word="low"))
    loud = scan([0, 2], noise=50, facts=replace(FACTS, dose_word="full"))
    [found] = recognise([loud, quiet])
    assert (found.low, found.full) == (1, 0) and "description" in found.why


def test_exposure_goes_before_noise_and_gives_the_fraction():
    quarter = scan([0, 2], noise=5, facts=replace(FACTS, exposure_mas=25.0))
    whole = scan([0, 2], noise=50, facts=replace(FACTS, exposure_mas=100.0))
    [found] = recognise([whole, quarter])
    assert (found.low, found.full, found.why) == (1, 0, "Its exposure is 25% of the other's.")
    assert match(quarter, whole).pair.dose_fraction == 0.25


def test_a_series_that_came_twice_is_no_pair_of_its_own():
    """Its mean exposure may differ: the tube current follows the body."""
    part = scan([0, 2], noise=20, facts=replace(FACTS, exposure_mas=87.0))
    whole = scan([0, 2, 4], noise=20, facts=replace(FACTS, exposure_mas=100.0))
    whole.values[:2] = part.values
    assert recognise([part, whole]) == []


@pytest.mark.parametrize("swap", [False, True])
def test_noise_decides_where_tags_are_silent(swap):
    scans = [scan([0, 2], noise=40), scan([0, 2], noise=20, seed=1)][:: -1 if swap else 1]
    [found] = recognise(scans)
    assert found.low == int(swap) and "noise" in found.why


@pytest.mark.parametrize(
    "other",
    [
        {"facts": replace(FACTS, kernel="B70f")},
        {"facts": replace(FACTS, thickness_mm=1.0)},
        {"facts": replace(FACTS, patient="Q")},
        {"noise": 20.0},
    ],
)
def test_noise_is_not_asked_where_it_cannot_tell(other):
    assert (
        recognise([scan([0, 2], noise=20), scan([0, 2], seed=1, **{"noise": 40.0, **other})]) == []
    )


def test_several_patients_at_once():
    scans = [
        scan([0, 2], facts=replace(FACTS, patient=p, dose_word=w), name=p + w)
        for p in "PQ"
        for w in ("full", "low")
    ]
    assert {(f.low, f.full) for f in recognise(scans)} == {(1, 0), (3, 2)}
    pairs = match_all([scans[3], scans[1]], [scans[0], scans[2]])
    assert [m.pair.patient for m in pairs] == ["Q", "P"]
    with pytest.raises(Problem, match="Plow has no full-dose scan"):
        match_all([scans[3], scans[1]], [scans[2]])
    with pytest.raises(Problem, match="Pfull has no low-dose scan"):
        match_all([scans[3]], [scans[2], scans[0]])


NAMED = replace(FACTS, series="Thorax")


def kernels(word, order="abc"):
    """Scans of one patient at the same positions, each with a kernel of its own."""
    return [scan([0, 2], name=f"{word} {k}", facts=replace(FACTS, kernel=k)) for k in order]


@given(st.permutations("abc"), st.permutations("abc"))
def test_of_several_reconstructions_each_finds_its_own(lows, fulls):
    for matched in match_all(kernels("low", lows), kernels("full", fulls)):
        low, full = matched.pair.name.split(" with ")
        assert low[-1] == full[-1] and not matched.differences
    for series in (lows, fulls):
        scans = kernels("low", series) + kernels("full")
        scans = [
            replace(each, facts=replace(each.facts, dose_word=each.name.split()[0]))
            for each in scans
        ]
        found = recognise(scans)
        assert [scans[f.low].name[-1] for f in found] == [scans[f.full].name[-1] for f in found]
        assert len(found) == 3


@given(st.permutations([0, 1]), st.permutations([0, 1]))
def test_series_named_alike_belong_together_where_all_else_is_equal(lows, fulls):
    def of(order, word):
        return [
            scan([0, 2], name=word, facts=replace(FACTS, series=f"Visit {n}, {word} dose"))
            for n in order
        ]

    ours, theirs = of(lows, "low"), of(fulls, "full")
    for i, matched in enumerate(match_all(ours, theirs)):
        assert np.shares_memory(matched.pair.full, theirs[fulls.index(lows[i])].values)


def test_where_nothing_tells_which_scan_belongs_to_which_none_is_taken():
    lows, fulls = (
        [scan([0, 2], name=f"{w}{n}", facts=NAMED) for n in "12"] for w in ("low", "full")
    )
    with pytest.raises(Problem, match=r"full1 and full2 fit low1 equally well.*folders"):
        match_all(lows, fulls)


def test_the_only_partner_that_is_left_decides_between_equals():
    lows = [scan(at, name=f"low{n}", facts=NAMED) for n, at in ((1, [0, 2]), (2, [4, 6]))]
    fulls = [scan(at, name=f"full{n}", facts=NAMED) for n, at in ((1, [0, 2, 4, 6]), (2, [0, 2]))]
    names = [matched.pair.name for matched in match_all(lows, fulls)]
    assert names == ["full2 with low1", "full1 with low2"]


def test_images_pair_by_name():
    def image(name, word, noise):
        facts = Facts(series=name, modality="image", dose_word=word)
        return scan([0], noise=noise, facts=facts, name=name, spacing=None)

    scans = [image(n, w, 20) for n in ("a", "b") for w in ("low", "full")]
    assert {(f.low, f.full) for f in recognise(scans)} == {(0, 1), (2, 3)}
    assert recognise([image("x", "", 40), image("y", "", 20)])[0].low == 0


def unplaced(numbers, *, word="", modality="CT", **changes):
    """A scan whose slices have no position; each shows ten times its number in HU."""
    numbers = list(numbers)
    made = scan(range(len(numbers)), facts=replace(FACTS, dose_word=word, modality=modality))
    values = np.zeros((len(numbers), 32, 32), np.float32)
    values += 10 * np.array(numbers, np.float32)[:, None, None]
    told = {"values": values, "origins": np.zeros((len(numbers), 3)), "located": False}
    return replace(made, **{**told, "numbers": tuple(numbers), **changes})


NUMBERS = st.lists(st.integers(-5, 40), min_size=1, max_size=12, unique=True)


@given(NUMBERS, NUMBERS)
def test_without_positions_slices_pair_by_number(low, full):
    """Whatever is missing, at the front, within or at the end."""
    common = [number for number in full if number in low]
    if not common:
        with pytest.raises(Problem, match="no slice of the same number"):
            match(unplaced(low), unplaced(full))
        return
    matched = match(unplaced(low), unplaced(full))
    np.testing.assert_array_equal(matched.pair.low[0], matched.pair.full)
    np.testing.assert_array_equal(matched.pair.positions, common)
    assert matched.how == "by number" and not matched.pair.located
    assert ("not every number is in both" in matched.doubt) == (set(low) != set(full))


@given(st.integers(1, 8), st.integers(1, 8), st.sampled_from(["none", "low", "placed", "file"]))
def test_without_either_only_equally_many_slices_pair_and_it_is_said(low, full, lacking):
    ours, theirs = unplaced(range(1, low + 1)), unplaced(range(1, full + 1))
    if lacking == "file":  # the number in a file's name and an InstanceNumber count other things
        ours = replace(ours, facts=replace(FACTS, modality="image"))
    else:
        ours = replace(ours, numbers=None)
    if lacking == "none":
        theirs = replace(theirs, numbers=None)
    if lacking == "placed":
        theirs = replace(theirs, located=True)
    if low != full:
        with pytest.raises(Problem, match=f"have {low} and {full} slice.*positions"):
            match(ours, theirs)
        return
    matched = match(ours, theirs)
    assert matched.low_slices == matched.full_slices == list(range(low))
    assert ("look whether" in matched.doubt) == (low > 1) and "in order" in matched.sentence
    assert matched.pair.located == (lacking == "placed")


def test_a_scan_that_lost_its_positions_pairs_by_number_with_one_that_has_them():
    placed = replace(unplaced([3, 2, 1]), located=True, positions=np.array([0.0, 2.0, 4.0]))
    matched = match(unplaced([1, 2]), placed)
    np.testing.assert_array_equal(matched.pair.low[0], matched.pair.full)
    assert matched.pair.located and list(matched.pair.positions) == [2.0, 4.0]
    assert "do not both say where their slices lie" in matched.doubt


@pytest.mark.parametrize("shift", [-1, 0, 1])
@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("noise", [0, 20, 200])
def test_slices_that_look_like_the_neighbours_are_doubted(shift, numbered, noise):
    """A low dose whose numbers count from another slice; a disc grows from slice to slice."""
    rows, columns = np.mgrid[:64, :64] - 31.5
    disc = np.array([1000.0 * (np.hypot(rows, columns) < 10 + n) for n in range(10)])
    low = disc[1 + shift : 9 + shift] + np.random.default_rng(1).normal(0, noise, (8, 64, 64))
    ours, theirs = (
        replace(unplaced(range(8)), values=values.astype(np.float32)) for values in (low, disc[1:9])
    )
    doubt = match(ours if numbered else replace(ours, numbers=None), theirs).doubt
    assert ("look more like the neighbours" in doubt) == (shift != 0)
    assert bool(doubt) == (shift != 0 or not numbered)


def test_files_without_positions(shared_cases):
    """The low dose lacks the first slice; row 4 of each holds 100 HU times its number."""
    (full,) = read([shared_cases / "without_positions_full"]).scans
    (low,) = read([shared_cases / "without_positions_low_lacks_the_first"]).scans
    assert [(f.low, f.full) for f in recognise([full, low])] == [(1, 0)]
    matched = match(low, full)
    assert matched.sentence == "4 slices matched by number; 1 only at full dose."
    for dose in (matched.pair.low[0], matched.pair.full):
        np.testing.assert_array_equal(dose[:, 4, 0], [100, 200, 300, 400])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"kernel": "B70f"}, "differ in kernel (B30f and B70f): the network"),
        ({"tube_kv": 80.0}, "differ in tube voltage (120 kV and 80 kV): the network"),
        ({"thickness_mm": 2.5}, "differ in slice thickness (2 mm and 2.5 mm): the network"),
        ({"thickness_mm": 2.05, "tube_kv": 121.0}, ""),
        ({"kernel": "", "tube_kv": None, "thickness_mm": None}, ""),
        ({"kernel": "FC08", "tube_kv": 100.0}, "kernel (B30f and FC08) and tube voltage"),
    ],
)
def test_what_differs_beside_the_dose_is_told(change, told):
    full = scan([0, 2], facts=replace(FACTS, **change))
    matched = match(scan([0, 2], noise=20), full)
    assert told in matched.differences and bool(told) == bool(matched.differences)
    assert matched.record.startswith(matched.sentence) and matched.record.endswith(
        matched.differences or matched.sentence
    )


def test_one_scan_twice_is_refused():
    one, again = scan([0, 2, 4]), scan([0, 2, 4], name="again")
    with pytest.raises(Problem, match="one and again are the same to the pixel"):
        refuse_equal(match(one, again), "one", "again")
    rounded = replace(again, values=again.values + np.float32(0.3))
    with pytest.raises(Problem, match="the same to the pixel"):
        refuse_equal(match(one, rounded), "one", "again")
    again.values[2, 5, 5] += 1
    refuse_equal(match(one, again), "one", "again")


def test_exposure_goes_before_one_word_that_says_the_opposite():
    wordy = scan([0, 2], noise=5, facts=replace(FACTS, dose_word="low", exposure_mas=100.0))
    silent = scan([0, 2], noise=50, facts=replace(FACTS, exposure_mas=25.0))
    [found] = recognise([wordy, silent])
    assert (found.low, found.full) == (1, 0) and "exposure" in found.why
