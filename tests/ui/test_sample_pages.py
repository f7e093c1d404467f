"""The first seconds and the first run of whoever has nothing but the sample."""

from pathlib import Path

import pytest
from apptest import OnTheSpot, labelled, opened
from samples import sample_of_before, small_sample

from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds import ingest
from ctdenoise.workspace.library import Library, library_of
from ctdenoise.workspace.sample import IDS, WORKSPACE


@pytest.fixture
def library(home: Path) -> Library:
    return library_of(WORKSPACE)


def add(library: Library, number: int) -> None:
    library.add_pair(small_sample(number), id=IDS[number])


def test_pages_wait_for_the_sample_with_a_bar_and_look_opens_with_its_first_pair(
    library: Library, on_the_spot: OnTheSpot
) -> None:
    job = queue.add(ingest.SAMPLE, ingest.Sample(), WORKSPACE)
    for name in ("Start", "Look", "Train", "Sweep", "Dial", "Scans"):
        (bar,) = opened(name).get("progress")
        assert "The sample is being made of real CT." in bar.proto.text
    taken = leases.take(job.id, "test")
    assert taken
    leases.beat(taken, 0.34, "Low dose: slice 2 of 8, liver and heart")
    add(library, 0)
    look, train = opened("Look"), opened("Train")
    for app in (look, train):
        (bar,) = app.get("progress")
        assert bar.proto.value == 34 and bar.proto.text.endswith("slice 2 of 8, liver and heart")
    assert labelled(look.selectbox, "Scan").options == [
        "Sample: Abdomen (8 slices, 25% dose simulated)"
    ]
    assert any("TotalSegmentator, example data (Apache-2.0)" in c.value for c in look.caption)
    assert not train.multiselect
    leases.end(taken, "failed", 0.4, "The disk is full.")
    train = opened("Train")
    assert any("The disk is full." in error.value for error in train.error) and train.multiselect


def test_the_first_run_learns_from_three_patients_without_a_warning(
    library: Library, on_the_spot: OnTheSpot
) -> None:
    sample_of_before(library)
    for number in range(3):
        add(library, number)
    way = opened("Look").get("page_link")[-1].proto
    assert way.page.endswith("train") and not way.query_string  # not from the one that is shown
    train = opened("Train")
    assert not train.get("progress") and not train.warning
    assert any(
        "1 patient to train on, 1 other for validation and 1 for the test." in each.value
        for each in train.info
    )
    for app in (train, opened("Dial"), opened("Sweep")):
        chosen = labelled(app.multiselect, "Learn from")
        assert [key[1] for key in chosen.value] == list(IDS)
        assert len(chosen.options) == 5
        assert chosen.proto.wrap or app is not train  # in a column, else only two are seen
    scans = " ".join(each.value for each in opened("Scans").markdown)
    assert scans.count("Sample: ") == 5 and scans.index("Chest") < scans.index("Thoracic spine")
