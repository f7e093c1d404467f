"""Whatever happens to our own files: a sentence that names the thing, and the others are there."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from damage import DAMAGES, damaged
from homes import forget

from ctdenoise.config import events, progress_slice, run_folder, split
from ctdenoise.config.config import Config
from ctdenoise.denoising.filters import FILTERS
from ctdenoise.errors import Problem
from ctdenoise.metrics.removal import judge
from ctdenoise.scans.scan import Pair, Scan, SliceSource
from ctdenoise.settings import settings
from ctdenoise.training.trainer import train
from ctdenoise.workspace import database, networks, results, runs, tables
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.ingest import take_back
from ctdenoise.workspace.library import Library, library_of
from ctdenoise.workspace.results import SliceFigures, Source

ANN = "ann"


@pytest.fixture(scope="module")
def full_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two scans, two pairs, two results, two networks and two runs of "ann"; the first of each is
    called "First"."""
    folder = tmp_path_factory.mktemp("full")
    patch = pytest.MonkeyPatch()
    patch.setenv("CTDENOISE_HOME", str(folder))
    patch.delenv("CTDENOISE_DATABASE", raising=False)
    forget()
    mine = library_of(ANN)
    values = np.random.default_rng(0).normal(0, 30, (3, 64, 64)).astype(np.float32)
    source = folder / "source.dcm"
    source.write_bytes(b"a header")
    config = Config(layers=2, filters=4, patch=8, epochs=1, steps_per_epoch=1, validation_patches=4)
    for name in ("First", "Second"):
        scan = Scan(name, values, (1.0, 1.0), np.arange(3.0), np.zeros((3, 3)))
        kept = mine.add_scan(scan, [SliceSource(source, i) for i in range(3)])
        pair = Pair(name, values[None] + 1, values, (1.0, 1.0), np.arange(3.0))
        pair_id = mine.add_pair(pair).id
        method = ClassicalFilter(name=next(iter(FILTERS)), strength=1.0)
        result = results.create(ANN, Source(owner=ANN, kind="scan", id=kept.id), method)
        for index in range(3):
            removal = judge(values[index], values[index] + 1, "HU", None)
            result.keep(values[index], SliceFigures(index=index, seconds=1.0, removal=removal))
        run = runs.create_run(ANN, name, config, [(ANN, pair_id)])
        train(config, [mine.pair(pair_id)], run.folder)
        networks.add_network(ANN, run.folder / run_folder.NAME, name)
    yield folder
    patch.undo()
    forget()


def first(place: str) -> Path:
    """The folder of what is called "First" in a place of ann's workspace."""
    return next(
        path.parent
        for path in (settings().workspaces / ANN / place).glob("*/record.json")
        if json.loads(path.read_text())["name"] == "First"
    )


def run_of(name: str) -> runs.Run:
    return next(run for run in runs.runs_of(ANN) if run.name == name)


def names(workspace: str) -> dict[str, list[str]]:
    mine = library_of(workspace)
    return {
        "scans": [each.name for each in mine.scans()],
        "pairs": [each.name for each in mine.pairs()],
        "denoisings": [each.record.name for each in results.every(workspace)],
        "networks": [each.name for each in networks.networks(workspace)],
    }


def told(problem: Problem) -> str:
    sentence = str(problem)
    assert str(settings().home) not in sentence and "Error" not in sentence, sentence
    return sentence


PARTS = [
    ("scans", "record.json"), ("scans", "values.npy"), ("scans", "geometry.npz"),
    ("pairs", "record.json"), ("pairs", "low.npy"), ("pairs", "full.npy"),
    ("pairs", "geometry.npz"), ("denoisings", "record.json"), ("denoisings", "output.npy"),
    ("networks", "record.json"), ("networks", "checkpoint.safetensors"),
]  # fmt: skip


def readers(place: str, id: str) -> list[Callable[[], object]]:
    mine = library_of(ANN)
    return {
        "scans": [lambda: mine.scan(id), lambda: mine.scan_record(id)],
        "pairs": [lambda: mine.pair(id), lambda: mine.pair_record(id)],
        "denoisings": [lambda: results.find(ANN, id)],
        "networks": [lambda: networks.find(ANN, id)],
    }[place]


@pytest.mark.parametrize("how", list(DAMAGES))
def test_what_is_damaged_is_named_and_the_others_are_listed(full_home: Path, how: str) -> None:
    whole = names(ANN)
    for place, part in PARTS:
        folder = first(place)
        with damaged(folder / part, how):
            found = names(ANN)
            assert found == whole | {place: ["Second"]}, (place, part)
            lists = [library_of(ANN).damaged(), results.damaged(ANN), networks.damaged(ANN)]
            (only,) = (each for found in lists for each in found)
            assert only.id == folder.name
            sentence = told(only.problem)
            assert part == "record.json" or "First" in sentence
            for read in readers(place, folder.name):
                with pytest.raises(Problem) as caught:
                    read()
                told(caught.value)
        assert names(ANN) == whole


def test_an_array_of_another_shape_or_kind_is_damaged(full_home: Path) -> None:
    file = first("scans") / "values.npy"
    id, values = file.parent.name, np.load(file)
    for other in (values[:2], values[:, :, :32], values.astype(np.float64), values.astype(">f4"),
                  np.asfortranarray(values), np.array(["x"])):  # fmt: skip
        with damaged(file, "emptied"):
            file.unlink()
            np.save(file, other)
            with pytest.raises(Problem, match="The scan First is damaged"):
                library_of(ANN).scan(id)


@pytest.mark.parametrize("how", list(DAMAGES))
def test_the_files_that_a_scan_came_from(full_home: Path, how: str) -> None:
    folder, mine = first("scans"), library_of(ANN)
    assert len(mine.sources(folder.name)) == 3
    for part in ("sources.json", "sources/00000.dcm"):
        if part.endswith(".dcm") and how not in ("removed",):
            continue  # what is in it is seen by whoever reads it
        with damaged(folder / part, how), pytest.raises(Problem, match="DICOM files of the scan F"):
            mine.sources(folder.name)


@pytest.mark.parametrize("how", list(DAMAGES))
def test_slices_whose_figures_are_lost_are_denoised_again(full_home: Path, how: str) -> None:
    folder = first("denoisings")
    with damaged(folder / "slices.jsonl", how):
        try:
            figures = results.find(ANN, folder.name).figures
        except Problem as problem:
            told(problem)
        else:
            assert len(figures) < 3


@pytest.mark.parametrize("how", list(DAMAGES))
def test_a_run(full_home: Path, how: str) -> None:
    run = run_of("First")
    with damaged(run.folder / "config.json", how):
        assert [each.name for each in runs.runs_of(ANN)] == ["Second"]
        (only,) = runs.damaged(ANN)
        assert only.id == run.id and "First" in told(only.problem)
    reads: dict[str, Callable[[], object]] = {
        "split.json": lambda: split.read(run.folder),
        "slice.json": lambda: progress_slice.facts(run.folder),
        "low.tif": lambda: progress_slice.picture(run.folder / "low.tif"),
        "events.jsonl": lambda: events.start(events.read(run.folder)),
    }
    for name, read in reads.items():
        read()
        with damaged(run.folder / name, how):
            if name == "events.jsonl":
                assert how == "without its end" or events.damaged(run.folder)
            if name in ("events.jsonl", "low.tif") and how in ("cut", "without its end"):
                continue  # the beginning is whole
            with pytest.raises(Problem) as caught:
                read()
            told(caught.value)
    assert len(runs.runs_of(ANN)) == 2 and not runs.damaged(ANN)


def test_strangers_among_the_kept_networks_are_no_epochs(full_home: Path) -> None:
    folder = run_of("First").folder
    before = run_folder.kept(folder)
    for name in ("copy", "1 (1)", "²"):
        (folder / "epochs" / f"{name}.safetensors").touch()
    assert run_folder.kept(folder) == before != []


def test_what_is_damaged_can_be_removed(full_home: Path) -> None:
    run = run_of("Second")
    (run.folder / "config.json").unlink()
    runs.remove_run(run.id)
    assert [each.name for each in runs.runs_of(ANN)] == ["First"] and not runs.damaged(ANN)
    mine = library_of(ANN)
    for place in ("scans", "pairs", "denoisings", "networks"):
        (first(place) / "record.json").write_bytes(b"")
    for each in mine.damaged():
        mine.remove(each.id)
    for each in results.damaged(ANN):
        results.remove_damaged(ANN, each.id)
    for each in networks.damaged(ANN):
        networks.remove(ANN, each.id)
    assert not (mine.damaged() or results.damaged(ANN) or networks.damaged(ANN))
    assert set(map(tuple, names(ANN).values())) == {("Second",)}


@pytest.mark.parametrize("how", list(DAMAGES))
def test_the_journal_of_an_upload(tmp_path: Path, how: str) -> None:
    journal = tmp_path / "upload.stored"
    journal.write_text('["0123456789ab"]')
    DAMAGES[how](journal)
    if how != "a folder":
        take_back(Library(tmp_path), journal)
        assert not journal.exists()


@pytest.mark.parametrize("how", ["cut", "garbage", "a list", "zeros"])
def test_a_damaged_database_is_told_and_left_as_it_is(tmp_path: Path, how: str) -> None:
    file = tmp_path / "runs.sqlite"
    database.open_database(f"sqlite:///{file}").dispose()
    for beside in tmp_path.glob("runs.sqlite-*"):
        beside.unlink()
    DAMAGES[how](file)
    content = file.read_bytes()
    try:
        opened = database.open_database(f"sqlite:///{file}")
        with opened.begin() as connection:  # half a database may look whole until it is used
            list(connection.execute(tables.jobs.select()))
    except Problem as problem:
        assert "runs.sqlite is damaged on the disk: stop CT Denoise" in str(problem)
    except database.exc.DatabaseError as error:
        assert "is damaged on the disk" in str(database._problem(error))
    else:
        pytest.fail("nothing was noticed")
    assert file.read_bytes() == content


def test_a_database_of_a_newer_version_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    opened = database.open_database(url)
    with opened.begin() as connection:
        connection.execute(database.text("UPDATE alembic_version SET version_num = '9999'"))
    opened.dispose()
    with pytest.raises(Problem, match="another version of CT Denoise"):
        database.open_database(url)
