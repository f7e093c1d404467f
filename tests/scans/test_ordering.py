"""Which slices make a scan, from headers alone."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdenoise.scans.dicom import MOMENTS, Slice
from ctdenoise.scans.ordering import in_order
from ctdenoise.scans.scan import Facts, SliceSource


def a_slice(label, number, origin, **said):
    """A slice of the one series; ``said``: moments by keyword, and fields of its record."""
    moments = tuple(said.pop(keyword, None) for keyword in MOMENTS)
    fields = {
        "shape": (16, 16),
        "spacing": (0.7, 0.7),
        "orientation": (1, 0, 0, 0, 1, 0),
        "unit": "HU",
        "facts": Facts(series="Series 1", thickness_mm=3.0),
    }
    return Slice(
        source=SliceSource(Path(label)),
        instance=f"{label} {number}",
        series="1",
        number=number,
        origin=origin if origin is None else (0.0, 0.0, float(origin)),
        moments=moments,
        **fields | said,
    )


def scans_of(*acquisitions, key="AcquisitionNumber"):
    """The scans that slices of one series become, each slice as "acquisition-place"."""
    found = []
    for acquisition, places in acquisitions:
        for place in places:
            label = f"{acquisition}-{place:g}"
            found.append(a_slice(label, len(found), place, **{key: float(acquisition)}))
    return labels(found)


def labels(found):
    return [[str(slice.source.path) for slice in scan] for scan in in_order(found[::-1], [])]


@pytest.mark.parametrize("key", MOMENTS)
def test_a_slice_that_is_missing_is_not_taken_from_another_phase(key):
    for lacking in range(4):
        first = [place for place in range(4) if place != lacking]
        assert scans_of((1, first), (2, range(4)), key=key) == [
            [f"1-{place}" for place in first],
            ["2-0", "2-1", "2-2", "2-3"],
        ]


def test_acquisitions_that_overlap_stay_apart():
    arterial, portal, late = scans_of((3, range(2)), (4, range(4)), (5, [2, 3]))
    assert (arterial, late) == (["3-0", "3-1"], ["5-2", "5-3"])
    assert portal == ["4-0", "4-1", "4-2", "4-3"]


def test_stops_of_the_table_with_a_number_each_are_one_scan_until_it_comes_back():
    assert scans_of((1, [0, 1]), (2, [2, 3])) == [["1-0", "1-1", "2-2", "2-3"]]
    assert scans_of((1, [0, 1]), (2, [2, 3]), (3, [0, 1]), (4, [2, 3])) == [
        ["1-0", "1-1", "2-2", "2-3"],
        ["3-0", "3-1", "4-2", "4-3"],
    ]


@pytest.mark.parametrize("jitter", [0, 0.004])
def test_repeats_within_one_acquisition_are_told_by_their_order(jitter):
    first, second = scans_of((1, [0, 1, 2]), (1, [0 + jitter, 1 - jitter, 2]))
    assert first == ["1-0", "1-1", "1-2"] and len(second) == 3


@pytest.mark.parametrize("key", ["AcquisitionTime", "ContentTime", "TriggerTime"])
@pytest.mark.parametrize("lacking", range(5))
def test_phases_whose_slices_have_a_time_each(key, lacking):
    found, time = [], 100.0
    for phase in (1, 2, 3):
        for place in range(5):
            if (phase, place) == (2, lacking):
                continue
            time += 0.5
            found.append(
                a_slice(f"{phase}-{place}", 0, 3 * place, **{key: time, "AcquisitionNumber": 1.0})
            )
    assert labels(found) == [
        [f"{phase}-{place}" for place in range(5) if (phase, place) != (2, lacking)]
        for phase in (1, 2, 3)
    ]


@settings(max_examples=100, deadline=None)
@given(
    phases=st.integers(2, 5),
    places=st.integers(5, 12),
    key=st.sampled_from(MOMENTS),
    offset=st.floats(0, 0.05),
    data=st.data(),
)
def test_phases_are_never_mixed(phases, places, key, offset, data):
    found, number = [], 0
    for phase in range(phases):
        lacking = data.draw(st.none() | st.integers(0, places - 1))
        for place in range(places):
            number += 1
            if place != lacking:
                z = 2.5 * place + phase * offset / phases
                found.append(a_slice(f"{phase}-{place}", number, z, **{key: float(phase)}))
    data.draw(st.randoms()).shuffle(found)
    for scan in in_order(found, []):
        assert len({str(slice.source.path).split("-")[0] for slice in scan}) == 1
        origins = [slice.origin[2] for slice in scan]
        assert origins == sorted(origins)


@settings(max_examples=100, deadline=None)
@given(
    step=st.sampled_from([0.05, 0.3, 0.75, 3.0, 10.0]),
    gaps=st.lists(st.sampled_from([1, 1, 1, 2, 40]), min_size=2, max_size=30),
    rounding=st.sampled_from([None, 0.01]),
)
def test_slices_of_one_visit_stay_together(step, gaps, rounding):
    places = np.append(0, np.cumsum(gaps)) * step
    if rounding:
        places = np.round(places / rounding) * rounding
    found = [a_slice(str(n), n, place) for n, place in enumerate(places)]
    assert len(labels(found)) == 1


@pytest.mark.parametrize("jitter", [1e-7, 1e-6, 1e-5, 5e-5])
@pytest.mark.parametrize("edge", [0.095, 0.0949995, 0.005, 0.0005, 0.1])
def test_rounding_of_cosines_and_spacing_splits_no_series(jitter, edge):
    found = []
    for n in range(6):
        sine = edge + jitter * (-1) ** n
        found.append(
            a_slice(str(n), n, 3.0 * n, spacing=(edge + 1 + jitter * (-1) ** n, 1.2125),
                    orientation=(np.sqrt(1 - sine**2), sine, 0, -sine, np.sqrt(1 - sine**2), 0))
        )  # fmt: skip
    for order in list(permutations(found))[:60]:
        assert [len(scan) for scan in in_order(list(order), [])] == [6]


@pytest.mark.parametrize(
    "other",
    [{"spacing": (0.8, 0.8)}, {"orientation": (0.99, 0.141, 0, -0.141, 0.99, 0)},
     {"shape": (16, 17)}, {"spacing": None}],
)  # fmt: skip
def test_slices_that_differ_by_more_are_split(other):
    notes = []
    found = [a_slice("a", 1, 0.0), a_slice("b", 2, 3.0), a_slice("c", 3, 6.0, **other)]
    assert sorted(len(scan) for scan in in_order(found, notes)) == [1, 2]
    assert "mixes sizes" in notes[0]


def test_the_same_position_everywhere_is_one_series_in_order_of_the_numbers():
    notes = []
    found = [a_slice(str(n), n, 5.0) for n in (3, 1, 4, 2)]
    [scan] = in_order(found, notes)
    assert [slice.number for slice in scan] == [1, 2, 3, 4]
    assert all(slice.origin is None for slice in scan)
    assert len(notes) == 1 and "the same position" in notes[0]


@pytest.mark.parametrize("tenths", [False, True])
def test_a_missing_slice_is_told_with_its_place(tenths):
    places = [place for place in np.arange(12) * 0.75 if place != 3.75]
    places = np.round(places, 1) if tenths else places
    notes = []
    in_order([a_slice(str(n), n, place) for n, place in enumerate(places)], notes)
    ends = "3.0 and 4.5 mm"
    assert notes == [f"Series 1 lacks 1 slice between {ends}; nothing was put there."]


@pytest.mark.parametrize("step", [0.75, 3.0, 1.25])
def test_even_series_have_no_gap(step):
    notes = []
    places = np.round(np.arange(20) * step, 1)
    in_order([a_slice(str(n), n, place) for n, place in enumerate(places)], notes)
    assert notes == []


def test_what_was_assumed_is_said_once():
    notes = []
    found = [
        a_slice(str(n), n, 3.0 * n, assumed=("gives no slope: 1 was taken",)) for n in range(9)
    ]
    in_order(found, notes)
    assert notes == ["Series 1 gives no slope: 1 was taken."]


def test_files_that_come_twice_count_once():
    notes = []
    found = [a_slice("a", 1, 0.0), a_slice("b", 2, 3.0)]
    [scan] = in_order([*found, found[0]], notes)
    assert len(scan) == 2 and notes == ["1 slice came twice and counts once."]


def test_stops_and_phases_that_share_the_count_of_acquisitions_are_told_by_the_phase():
    """Step and shoot with two phases a stop: an acquisition number each, two rows a stop."""
    found = []
    for stop in range(3):
        for phase in (1, 2):
            for row in (0, 1):
                place = 2 * stop + row
                found.append(
                    a_slice(f"{phase}-{place}", len(found), 3.0 * place,
                            AcquisitionNumber=float(2 * stop + phase),
                            NominalPercentageOfCardiacPhase=40.0 * phase)
                )  # fmt: skip
    assert labels(found) == [[f"{phase}-{place}" for place in range(6)] for phase in (1, 2)]


def test_one_slice_without_an_acquisition_number_stays_with_its_phase():
    found = []
    for phase, lacking in ((1, 1), (2, 3)):
        for place in range(5):
            if place != lacking:
                number = {} if (phase, place) == (2, 1) else {"AcquisitionNumber": float(phase)}
                found.append(a_slice(f"{phase}-{place}", len(found) + 1, 3.0 * place, **number))
    assert labels(found) == [["1-0", "1-2", "1-3", "1-4"], ["2-0", "2-1", "2-2", "2-4"]]


def test_phases_that_nothing_tells_apart_are_said_to_be_mixed():
    notes = []
    found = [a_slice(f"{n}", 0, 3.0 * (n % 4)) for n in range(7)]
    in_order(found, notes)
    assert any("tells its phases apart" in note for note in notes)


def test_thicker_slices_that_follow_thinner_ones_leave_no_gap():
    notes = []
    thin = [
        a_slice(f"a{n}", n, 2.5 * n, facts=Facts(series="S", thickness_mm=2.5)) for n in range(6)
    ]
    thick = [
        a_slice(f"b{n}", 10 + n, 16.25 + 5 * n, facts=Facts(series="S", thickness_mm=5.0))
        for n in range(4)
    ]
    in_order(thin + thick, notes)
    assert not [note for note in notes if "lacks" in note]


def test_slices_of_a_hundredth_of_a_millimetre_have_places_of_their_own():
    notes = []
    facts = Facts(series="S", thickness_mm=0.009)
    found = [a_slice(str(n), n, 0.009 * n, facts=facts) for n in range(8)]
    [scan] = in_order(found, notes)
    assert len(scan) == 8 and scan[0].origin is not None and notes == []
