"""Which slices make a scan, from headers alone."""

import pytest

from ctdenoise.scans.dicom import Slice
from ctdenoise.scans.ordering import in_order
from ctdenoise.scans.scan import Facts, SliceSource


def scans_of(*acquisitions):
    """The scans that slices of one series become, each slice as "acquisition-place"."""
    found = []
    for acquisition, places in acquisitions:
        for place in places:
            number = len(found)
            found.append(
                Slice(
                    source=SliceSource(f"{acquisition}-{place:g}"),
                    instance=str(number),
                    series="1",
                    order=(acquisition, number, 0),
                    shape=(16, 16),
                    spacing=(0.7, 0.7),
                    origin=(0.0, 0.0, float(place)),
                    orientation=(1, 0, 0, 0, 1, 0),
                    unit="HU",
                    facts=Facts(series="Series 1"),
                )
            )
    notes = []
    scans = in_order(found[::-1], notes)
    assert len(notes) == (len(scans) > 1)
    return [[slice.source.path for slice in scan] for scan in scans]


def test_a_slice_that_is_missing_is_not_taken_from_another_acquisition():
    assert scans_of((1, [0, 1, 3]), (2, [0, 1, 2, 3])) == [
        ["1-0", "1-1", "1-3"],
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
