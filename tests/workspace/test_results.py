"""The folder of a denoised scan: whole, readable while it grows, gone when it is removed."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.jobs.kinds.denoise import DENOISE, Denoise
from ctdenoise.metrics.removal import Removal
from ctdenoise.settings import settings
from ctdenoise.workspace import results
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library, sweep
from ctdenoise.workspace.results import Result, SliceFigures, Source

METHOD = ClassicalFilter(name="gaussian", strength=1)


@pytest.fixture
def made(home: Path, pair_id: str) -> Result:
    return results.create("ann", Source(owner="ann", kind="pair", id=pair_id), METHOD)


def figures(index: int) -> SliceFigures:
    return SliceFigures(index=index, seconds=1, removal=Removal((9, 6, 3), None, {}))


def test_a_new_one_is_found(made: Result) -> None:
    assert made.job is None and not made.live
    assert made.figures == {}
    record = results.find("ann", made.record.id).record
    assert record == made.record
    assert (record.name, record.title) == ("tiny", "Gaussian 1 px")
    assert (record.slices, record.unit) == (5, "HU")
    assert results.every("ann")[0].record == record
    assert results.every("bob") == []


def test_finished_slices_can_be_read_and_others_not(made: Result) -> None:
    image = np.random.default_rng(0).normal(0, 30, (64, 64)).astype(np.float32)
    made.keep(image, figures(1))
    np.testing.assert_array_equal(made.output(1), image)
    assert list(made.figures) == [1] and made.figures[1] == figures(1)
    with pytest.raises(Problem, match="Slice 1 of tiny has not been denoised"):
        made.output(0)
    whole = np.load(made.folder / "output.npy")
    assert whole.shape == (5, 64, 64) and not whole[[0, 2, 3, 4]].any()


def test_half_a_line_is_not_read(made: Result) -> None:
    made.keep(np.zeros((64, 64), np.float32), figures(2))
    with (made.folder / "slices.jsonl").open("ab") as file:
        file.write(b'{"index": 0, "sec')
    assert list(made.figures) == [2]


@pytest.mark.parametrize("cut", [1, 20])
def test_a_line_cut_short_by_a_full_disk_does_not_spoil_the_next(made: Result, cut: int) -> None:
    for index in (1, 2):
        made.keep(np.zeros((64, 64), np.float32), figures(index))
    lines = made.folder / "slices.jsonl"
    lines.write_bytes(lines.read_bytes()[:-cut])
    assert list(made.figures) == [1]
    made.keep(np.ones((64, 64), np.float32), figures(0))
    assert list(made.figures) == [1, 0]
    assert made.figures[0] == figures(0)


def test_a_line_that_cannot_be_read_costs_its_slice_alone(made: Result) -> None:
    made.keep(np.zeros((64, 64), np.float32), figures(1))
    with (made.folder / "slices.jsonl").open("ab") as file:
        file.write(b'{"index": 0, "sec{"index": 0}\n')
    made.keep(np.zeros((64, 64), np.float32), figures(2))
    assert list(made.figures) == [1, 2]


def test_how_it_stands_is_told_by_its_job(made: Result) -> None:
    queue.add(DENOISE, Denoise(), "ann", id=made.record.id)
    assert made.live and made.job and made.job.state == "queued"
    queue.stop(made.record.id)
    assert not made.live and made.job and made.job.state == "stopped"


def test_one_that_is_removed_is_gone(made: Result) -> None:
    queue.add(DENOISE, Denoise(), "ann", id=made.record.id)
    made.remove()
    with pytest.raises(Problem, match="not in the workspace any more"):
        results.find("ann", made.record.id)
    assert made.job is None
    sweep(settings().workspaces, older_than=0)
    assert not list((settings().workspaces / "ann").glob(".*"))


@pytest.mark.parametrize("id", ["", "../scans/xyz", "/etc/passwd00", "0123456789ab"])
def test_an_id_that_is_none(home: Path, id: str) -> None:
    with pytest.raises(Problem, match="not in the workspace any more"):
        results.find("ann", id)


def test_a_damaged_one_is_left_out_of_the_list(made: Result) -> None:
    copy = made.folder.with_name("0" * 12)
    shutil.copytree(made.folder, copy)
    (copy / "record.json").write_text("{")
    assert [each.record.id for each in results.every("ann")].count(made.record.id) == 1


def test_a_source_that_is_gone_is_told_and_leaves_nothing(home: Path) -> None:
    before = results.every("ann")
    with pytest.raises(Problem, match="is not in the workspace"):
        results.create("ann", Source(owner="ann", kind="scan", id="0123456789ab"), METHOD)
    assert results.every("ann") == before
    assert Library(settings().workspaces / "ann").root.exists()
