import errno
import os
from dataclasses import replace

import numpy as np
import pytest
from phantoms import disc_phantom, write_ct_series

from ctdenoise.errors import Problem
from ctdenoise.scans.reading import read
from ctdenoise.scans.scan import Facts, Pair
from ctdenoise.workspace import library as module
from ctdenoise.workspace.library import Library, sweep


@pytest.fixture
def result(tmp_path):
    write_ct_series(tmp_path / "in", np.rint(disc_phantom(16, slices=3)), KVP=120)
    return read([tmp_path / "in"])


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "ws")


PAIR = Pair(
    name="pair",
    low=np.ones((4, 2, 8, 8), np.float32),
    full=np.zeros((2, 8, 8), np.float32),
    spacing=(0.5, 0.6),
    positions=np.array([1.0, 2.0]),
    patient="P",
    dose_fraction=0.25,
    simulated=True,
)


def test_a_scan_comes_back_as_it_was(library, result):
    record = library.add_scan(result.scans[0], result.sources[0])
    back = library.scan(record.id)
    np.testing.assert_array_equal(back.values, result.scans[0].values)
    np.testing.assert_array_equal(back.origins, result.scans[0].origins)
    assert isinstance(back.values, np.memmap) and not back.values.flags.writeable
    assert replace(back, values=0, positions=0, origins=0) == replace(
        result.scans[0], values=0, positions=0, origins=0
    )
    assert library.scans() == [record] and record.facts.tube_kv == 120
    sources = library.sources(record.id)
    assert [read([s.path]).scans[0].positions[0] for s in sources] == [0, 2, 4]


def test_a_pair_comes_back_as_it_was(library):
    record = library.add_pair(PAIR, matched="2 slices")
    back = library.pair(record.id)
    np.testing.assert_array_equal(back.low, PAIR.low)
    assert replace(back, low=0, full=0, positions=0) == replace(PAIR, low=0, full=0, positions=0)
    assert (record.draws, record.slices, record.rows, record.matched) == (4, 2, 8, "2 slices")


def test_where_slices_lie_and_how_they_are_numbered_is_kept(library, result):
    (scan,) = result.scans
    assert scan.located and sorted(scan.numbers) == [1, 2, 3]
    for located, numbers in ((True, (7, 3, 9)), (False, (7, 3, 9)), (False, None)):
        kept = library.add_scan(replace(scan, located=located, numbers=numbers), result.sources[0])
        back = library.scan(kept.id)
        assert (back.located, back.numbers) == (located, numbers)
        pair = library.add_pair(replace(PAIR, located=located))
        assert library.pair(pair.id).located == located


@pytest.mark.parametrize(
    ("modality", "origin", "told"),
    [
        ("CT", 5.0, (True, None)),
        ("CT", 0.0, (False, None)),
        ("image", 0.0, (False, (2, 4, 9))),
        ("image", 5.0, (True, None)),
    ],
)
def test_a_scan_kept_before_this_was_kept_tells_it_by_its_geometry(
    library, result, modality, origin, told
):
    kept = library.add_scan(
        replace(result.scans[0], facts=Facts(modality=modality)), result.sources[0]
    )
    geometry = library.root / "scans" / kept.id / "geometry.npz"
    np.savez(geometry, positions=[2.0, 4, 9], origins=np.full((3, 3), origin))
    back = library.scan(kept.id)
    assert (back.located, back.numbers) == told
    pair = library.add_pair(PAIR)
    np.savez(library.root / "pairs" / pair.id / "geometry.npz", positions=[1.0, 2.0])
    assert library.pair(pair.id).located


def test_newest_first_rename_and_remove(library):
    first, second = library.add_pair(PAIR), library.add_pair(PAIR)
    assert [r.id for r in library.pairs()] == [second.id, first.id]
    mapped = library.pair(first.id)
    library.rename(first.id, "  my\n pair ")
    assert library.pair_record(first.id).name == "my pair"
    library.remove(first.id)
    assert [r.id for r in library.pairs()] == [second.id]
    assert mapped.low.sum() == PAIR.low.sum()  # who had it open keeps it
    with pytest.raises(Problem, match="empty"):
        library.rename(second.id, " ")


@pytest.mark.parametrize("id", ["", "../../etc", "0" * 12, "scans/x", "A" * 12, "..", "\0"])
def test_ids_that_are_none_are_told(library, id):
    library.add_pair(PAIR)
    for use in (library.folder, library.scan, library.pair, library.remove, library.sources):
        with pytest.raises(Problem, match="not in the workspace"):
            use(id)


def test_a_pair_is_no_scan(library):
    with pytest.raises(Problem, match="is no scan"):
        library.scan(library.add_pair(PAIR).id)


def test_a_full_disk_leaves_nothing_behind(library, monkeypatch):
    kept = library.add_pair(PAIR)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.np, "save", full)
    with pytest.raises(Problem, match="disk is full"):
        library.add_pair(PAIR)
    assert [r.id for r in library.pairs()] == [kept.id]
    assert not list(library.root.glob(".*"))


def test_a_damaged_record_hides_none_of_the_others(library):
    kept, broken = library.add_pair(PAIR), library.add_pair(PAIR)
    (library.folder(broken.id) / "record.json").write_text("{")
    assert [r.id for r in library.pairs()] == [kept.id]


def test_what_a_dead_process_left_is_swept_and_nothing_else(tmp_path):
    old, young = tmp_path / "ann" / ".making-1", tmp_path / "ann" / ".reading-2"
    upload, kept = tmp_path / "ann" / "uploads" / "3", tmp_path / "ann" / "pairs" / "4"
    for folder in (old, young, upload, kept):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    for folder in (old, upload, kept):
        os.utime(folder, (0, 0))
    sweep(tmp_path)
    assert [folder.exists() for folder in (old, young, upload, kept)] == [False, True, False, True]
