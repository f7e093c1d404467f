"""Runs as what a workspace owns: made, found, renamed, removed."""

import json
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from ctdenoise.config import events
from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.settings import settings
from ctdenoise.workspace import quota
from ctdenoise.workspace.database import transaction
from ctdenoise.workspace.runs import (
    Run,
    create_run,
    damaged,
    find_run,
    last_epoch,
    remove_run,
    rename_run,
    runs_of,
    star_run,
)
from ctdenoise.workspace.tables import runs as table

pytestmark = pytest.mark.usefixtures("store")
PAIRS = [("ann", "abc")]


def new(workspace: str, name: str = "a run", **settings: object) -> Run:
    return create_run(workspace, name, Config(**settings), PAIRS)


def test_a_run_comes_back_as_it_was_made() -> None:
    config = Config(layers=3, loss={"mse": 1, "vgg": 2})
    made = create_run("ann", "  My \n first ", config, [("ann", "abc"), ("sample", "def")])
    again = find_run(made.id)
    assert again == made
    assert again.config == config and again.pairs == (("ann", "abc"), ("sample", "def"))
    assert (again.name, again.sweep, again.parent, again.starred) == ("My first", "", "", False)
    assert again.folder == settings().home / "runs" / made.id


def test_its_settings_stand_in_its_folder_alone() -> None:
    run = new("ann", layers=3)
    file = run.folder / "config.json"
    changed = json.loads(file.read_text()) | {"layers": 5}
    file.write_text(json.dumps(changed))
    assert find_run(run.id).config == Config(layers=5)


def test_how_it_stands_is_told_by_its_job() -> None:
    run = new("ann")
    assert (run.job, run.state, run.live) == (None, "stopped", False)
    queue.add(TRAIN, Train(), "ann", id=run.id)
    assert find_run(run.id).state == "queued" and find_run(run.id).live
    job = leases.claim("train", "w")
    assert job and job.id == run.id
    assert find_run(run.id).state == "running"
    leases.end(job, "finished", 1.0, "Finished after 3 epochs.")
    ended = find_run(run.id).job
    assert ended and (ended.state, ended.message) == ("finished", "Finished after 3 epochs.")


def test_a_workspace_sees_its_own_runs_newest_first_and_counts_them() -> None:
    first, other, third = (new(who) for who in ("ann", "bob", "ann"))
    assert [run.id for run in runs_of("ann")] == [third.id, first.id]
    assert [run.number for run in (first, other, third)] == [0, 0, 1]
    remove_run(first.id)
    assert new("ann").number == 2


def test_a_damaged_run_does_not_hide_the_others() -> None:
    damaged, fine = new("ann", "Cut off"), new("ann")
    (damaged.folder / "config.json").write_text('{"layers"')
    assert [run.id for run in runs_of("ann")] == [fine.id]
    with pytest.raises(Problem, match="Cut off has no readable settings"):
        find_run(damaged.id)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("runs", "pairs", "'null'"),
        ("runs", "pairs", "'[1, 2]'"),
        ("runs", "pairs", "'[[\"ann\"]]'"),
        ("runs", "pairs", "'{'"),
        ("runs", "created", "'yesterday'"),
        ("runs", "number", "'first'"),
        ("runs", "name", "CAST(x'41ff' AS TEXT)"),
        ("jobs", "arguments", "'{'"),
        ("jobs", "state", "'asleep'"),
    ],
)
def test_a_row_that_cannot_be_read_hides_no_other(
    store: str, table: str, column: str, value: str
) -> None:
    if store.startswith("postgresql") and value in ("'{'", "'yesterday'", "'first'"):
        pytest.skip("PostgreSQL refuses such a value itself")
    if store.startswith("postgresql") and "CAST" in value:
        pytest.skip("PostgreSQL refuses such text itself")
    damaged, fine = new("ann", "Cut off"), new("ann")
    queue.add(TRAIN, Train(), "ann", id=damaged.id)
    with transaction() as connection:
        changed = f"UPDATE {table} SET {column} = {value} WHERE id = '{damaged.id}'"
        connection.execute(text(changed))
    if table == "jobs":
        assert find_run(damaged.id).state == "failed"
    elif column != "name":
        assert [run.id for run in runs_of("ann")] == [fine.id]
        with pytest.raises(Problem, match="Cut off has a record that cannot be read any more"):
            find_run(damaged.id)
    assert fine.id in [run.id for run in runs_of("ann")]
    assert new("ann").state == "stopped"
    remove_run(damaged.id)
    assert not damaged.folder.exists()


@pytest.mark.parametrize("settings", ["", "[]", "null", '{"layers": "x"}', "[" * 100_000, "\xff"])
def test_settings_that_cannot_be_read_are_told_and_hide_no_other(settings: str) -> None:
    damaged, fine = new("ann", "Cut off"), new("ann")
    (damaged.folder / "config.json").write_bytes(settings.encode("latin-1"))
    assert [run.id for run in runs_of("ann")] == [fine.id]
    with pytest.raises(Problem, match="Cut off has no readable settings"):
        find_run(damaged.id)
    remove_run(damaged.id)


def test_names_and_stars() -> None:
    run = new("ann")
    rename_run(run.id, "  Another\tname ")
    star_run(run.id, True)
    assert (find_run(run.id).name, find_run(run.id).starred) == ("Another name", True)
    with pytest.raises(Problem, match="does not exist"):
        rename_run("0" * 12, "x")


def test_remove_takes_folder_and_job_along_but_not_under_a_training() -> None:
    run = new("ann")
    queue.add(TRAIN, Train(), "ann", id=run.id)
    events.append(run.folder, events.Notice(time=0, sentence="Begun."))
    job = leases.claim("train", "w")
    assert job
    with pytest.raises(Problem, match="is being trained"):
        remove_run(run.id)
    assert run.folder.exists()
    leases.end(job, "finished", 1.0, "")
    remove_run(run.id)
    assert not run.folder.exists()
    for gone in (find_run, queue.job):
        with pytest.raises(Problem, match="does not exist"):
            gone(run.id)


def test_a_child_keeps_the_network_that_it_goes_on_from(tmp_path: Path) -> None:
    start = tmp_path / "epoch.safetensors"
    start.write_bytes(b"weights")
    run = create_run("ann", "x", Config(), PAIRS, parent=("0" * 12, 4), start=start)
    start.unlink()
    assert run.start and run.start.read_bytes() == b"weights"
    assert (run.parent, run.parent_epoch) == ("0" * 12, 4)


def test_the_last_epoch_is_what_is_on_disk() -> None:
    run = new("ann")
    assert last_epoch(run) == 0
    for epoch in (0, 1, 2):
        events.append(run.folder, events.Epoch(
            time=0, epoch=epoch, step=0, train_seconds=0, terms={}, validation_mse=1, low_mse=1,
            metrics={}, image="", seconds_left=None,
        ))  # fmt: skip
    assert last_epoch(run) == 2


def test_no_pair_no_run() -> None:
    with pytest.raises(Problem, match="no pair to learn from"):
        create_run("ann", "x", Config(), [])
    assert not (settings().home / "runs").exists()


@pytest.mark.parametrize("id", ["", ".", "..", "../pairs", "0" * 11, "A" * 12])
def test_a_row_whose_id_names_no_folder_is_removed_alone(id: str) -> None:
    home = settings().home
    (home / "runs" / "0123456789ab").mkdir(parents=True)
    (home / "workspaces" / "somebody").mkdir(parents=True)
    with transaction() as connection:
        connection.execute(
            insert(table).values(id=id, workspace="w", number=0, name="bad", pairs=[], created=0.0,
                                 sweep="", parent="", parent_epoch=0, starred=False)
        )  # fmt: skip
    assert [each.id for each in damaged("w")] == [id]
    quota.require("w")
    remove_run(id)
    assert damaged("w") == []
    assert (home / "runs" / "0123456789ab").is_dir() and (home / "workspaces" / "somebody").is_dir()
