"""The sample in everybody's workspace: made once, mended, and put beside an older version's."""

from pathlib import Path

import numpy as np
import pytest
from samples import sample_of_before, small_sample

from ctdenoise.config.split import outline, split
from ctdenoise.errors import Problem, Progress
from ctdenoise.scans.sample import SERIES, Series
from ctdenoise.scans.scan import Pair
from ctdenoise.workspace import sample
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.sample import IDS, ensure_sample, sample_is_there, sample_records


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Small stand-ins for the sample's pairs; the names of those that were made."""
    names: list[str] = []

    def quickly(series: Series, progress: Progress | None, among: list[Series]) -> Pair:
        names.append(series.name)
        return small_sample(SERIES.index(series))

    monkeypatch.setattr(sample, "sample_pair", quickly)
    return names


def test_it_is_made_once_and_only_what_is_lost_is_made_again(
    made: list[str], tmp_path: Path
) -> None:
    told: list[float] = []
    first = ensure_sample(tmp_path, lambda done, _: told.append(done))
    assert [record.id for record in first] == list(IDS) and told[-1] == 1
    assert first == ensure_sample(tmp_path) == sample_records(tmp_path) and len(made) == 3
    for number in (2, 0):
        (tmp_path / "sample" / "pairs" / IDS[number] / "full.npy").write_bytes(b"")
    assert not sample_is_there(tmp_path) and len(sample_records(tmp_path)) == 1
    again = ensure_sample(tmp_path)
    assert made[3:] == ["Abdomen", "Chest"] and sample_is_there(tmp_path)
    assert [(r.id, r.name) for r in again] == [(r.id, r.name) for r in first]


def test_who_makes_it_at_the_same_time_gets_the_other_ones(
    made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly, add = sample.sample_pair, Library.add_pair
    others: list[object] = []

    def overtaken(series: Series, *told: object) -> Pair:
        others.append(add(Library(tmp_path / "sample"), quickly(series, *told), id=series.pair))
        return quickly(series, *told)

    monkeypatch.setattr(sample, "sample_pair", overtaken)
    assert ensure_sample(tmp_path) == others
    monkeypatch.setattr(sample, "sample_pair", quickly)
    monkeypatch.setattr(Library, "add_pair", lambda *_, **__: full_disk())
    (tmp_path / "sample" / "pairs" / IDS[1] / "low.npy").unlink()
    with pytest.raises(Problem, match="disk is full"):
        ensure_sample(tmp_path)


def full_disk() -> None:
    raise Problem("The pair", "could not be written because the disk is full", "free some space")


def test_pairs_of_an_older_sample_stay_behind_the_new_ones(made: list[str], tmp_path: Path) -> None:
    library = Library(tmp_path / "sample")
    yesterday = [record.id for record in sample_of_before(library)]
    before = {id: library.pair(id).low.copy() for id in yesterday}
    assert not sample_is_there(tmp_path)
    ensure_sample(tmp_path)
    assert [record.id for record in sample_records(tmp_path)] == [*IDS, *reversed(yesterday)]
    for id, low in before.items():
        np.testing.assert_array_equal(library.pair(id).low, low)
    # Whoever learns from all five learns from five patients.
    five = split([outline(library.pair(r.id)) for r in sample_records(tmp_path)], seed=1)
    assert five.sentence.startswith("3 patients to train on") and not five.flatters
