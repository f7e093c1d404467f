"""Opening the database, and bringing a home of the version before up to date without loss."""

import json
import os
import sqlite3
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from homes import forget
from sqlalchemy import event, inspect

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.settings import settings
from ctdenoise.workspace import database as module
from ctdenoise.workspace import migrations, networks, results
from ctdenoise.workspace.database import database, open_database
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import create_run, find_run, last_epoch, runs_of
from ctdenoise.workspace.tables import metadata

PAIRS = [("ann", "abc")]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    forget()
    yield tmp_path
    database().dispose()
    forget()


@pytest.fixture
def yesterday(empty: Path) -> Path:
    """A home as version 0.1.0 left it when the power failed."""
    archive = Path(__file__).parent / "data" / "home-of-0.1.0.zip"
    with zipfile.ZipFile(archive) as home:
        home.extractall(empty)
    return empty


def test_the_newest_migration_makes_the_tables_that_the_program_knows(store: str) -> None:
    look = inspect(database())
    for table in metadata.sorted_tables:
        there = {column["name"]: column for column in look.get_columns(table.name)}
        assert set(there) == {column.name for column in table.c}
        for column in table.c:
            assert there[column.name]["nullable"] == column.nullable, column
        indexes = {index["name"] for index in look.get_indexes(table.name)}
        assert indexes == {index.name for index in table.indexes}


def test_a_database_that_is_up_to_date_is_opened_without_alembic(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database()
    monkeypatch.setattr(migrations, "upgrade", lambda connection: pytest.fail("again"))
    open_database(settings().database)


def test_every_run_of_yesterday_is_there(yesterday: Path) -> None:
    told = {
        run.name: (run.state, run.job.message if run.job else None, last_epoch(run))
        for who in ("ann", "bob")
        for run in runs_of(who)
    }
    assert told == {
        "Finished one": ("finished", "Finished after 2 epochs.", 2),
        "Stopped one": (
            "stopped",
            "Stopped in epoch 3; what was trained is kept and can be continued.",
            2,
        ),
        "Failed one": ("failed", "scan7 cannot be learned from: take another.", 0),
        "Cut off one": ("running", "Is being trained.", 1),
        "Waiting one": ("queued", "Waits for its turn.", 0),
    }
    (finished,) = (run for run in runs_of("ann") if run.name == "Finished one")
    assert finished.starred and finished.config.layers == 2 and finished.config.epochs == 2
    (stopped,) = (run for run in runs_of("ann") if run.name == "Stopped one")
    assert stopped.sweep == "aabbccddeeff"
    (child,) = (run for run in runs_of("bob") if run.name == "Waiting one")
    assert (child.parent, child.parent_epoch) == (finished.id, 1)
    assert child.start and child.start.exists()
    assert child.config == Config(**{**finished.config.model_dump(), "epochs": 3})


def test_what_waited_or_was_cut_off_goes_on(yesterday: Path) -> None:
    leases.put_back_lost([])
    names = {find_run(job.id).name for job in queue.waiting("train")}
    assert names == {"Cut off one", "Waiting one"}
    first = leases.claim("train", "w")
    assert first and find_run(first.id).name == "Cut off one"  # what was interrupted goes first


def test_every_result_of_yesterday_is_there(yesterday: Path) -> None:
    found = {result.job.state: result for result in results.every("ann") if result.job}
    assert set(found) == {"finished", "stopped", "running", "failed"}
    done = {state: len(result.figures) for state, result in found.items()}
    assert done == {"finished": 3, "stopped": 1, "running": 2, "failed": 1}
    assert found["stopped"].job.message == "Stopped after 1 of 3 slices."
    assert "disk is full" in found["failed"].job.message
    assert np.isfinite(found["finished"].output(0)).all()
    leases.put_back_lost([])
    assert found["running"].job.state == "queued"


def test_scans_pairs_and_networks_of_yesterday_are_there(yesterday: Path) -> None:
    library = Library(settings().workspaces / "ann")
    (scan,), (pair,) = library.scans(), library.pairs()
    assert (scan.name, pair.name) == ("chest", "tiny")
    assert library.scan(scan.id).values.shape == library.pair(pair.id).full.shape == (3, 32, 32)
    (network,) = networks.networks("ann")
    assert network.name == "From a friend" and networks.weights("ann", network.id).exists()


def test_the_earliest_databases_are_completed_too(yesterday: Path) -> None:
    with sqlite3.connect(yesterday / "runs.sqlite") as old:
        old.execute("DROP INDEX ix_runs_sweep")
        for column in ("number", "sweep", "parent", "parent_epoch", "starred"):
            old.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    assert {run.name for run in runs_of("ann")} == {"Finished one", "Stopped one", "Cut off one"}
    assert not any(run.starred or run.sweep or run.parent for run in runs_of("ann"))


def test_what_waited_before_turns_were_charged_goes_on(empty: Path) -> None:
    waits, runs, ended = (queue.add(TRAIN, Train(), who).id for who in ("ann", "bob", "cid"))
    held = leases.take(ended, "w")
    assert held and leases.end(held, "finished", 1.0, "Done.") and leases.take(runs, "w")
    database().dispose()
    with sqlite3.connect(empty / "runs.sqlite") as old:
        for column in ("served", "used", "expected", "first", "left"):
            old.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
        for table in ("devices", "classes", "members", "answers", "places", "shares"):
            old.execute(f"DROP TABLE {table}")
        old.execute("UPDATE alembic_version SET version_num = '0003'")
    forget()
    assert [queue.job(id).state for id in (waits, runs, ended)] == ["queued", "running", "finished"]
    found = queue.job(runs)
    assert (found.served, found.used, found.expected, found.left) == (0.0, 0.0, None, None)
    assert leases.beat(found, 0.5, "", seconds=2.0)
    taken = leases.claim("train", "other")
    assert taken and taken.id == waits
    assert queue.job(queue.add(TRAIN, Train(), "dan").id).served == 0.0


def test_a_migration_that_fails_changes_nothing(
    yesterday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(yesterday / "runs.sqlite") as old:
        before = old.execute("SELECT * FROM runs ORDER BY id").fetchall()
        old.execute("UPDATE runs SET config = '{' WHERE name = 'Failed one'")
    with pytest.raises(ValueError):
        database()
    with sqlite3.connect(yesterday / "runs.sqlite") as old:
        old.execute(
            "UPDATE runs SET config = ? WHERE name = 'Failed one'", (json.dumps({"layers": 2}),)
        )
        assert len(old.execute("SELECT * FROM runs").fetchall()) == len(before)
    assert len(runs_of("ann")) == 3


def test_what_a_database_cannot_do_is_told_in_a_sentence(tmp_path: Path) -> None:
    for url in ("nonsense", "postgresql+nodriver://x/y", f"sqlite:///{tmp_path}"):
        with pytest.raises(Problem):
            open_database(url)


def test_a_server_that_is_not_there_is_told(closed_port: int) -> None:
    with pytest.raises(Problem, match="did not answer"):
        open_database(f"postgresql://nobody@127.0.0.1:{closed_port}/none")


def test_a_full_disk_is_told_and_loses_nothing(empty: Path) -> None:
    kept = create_run("ann", "x", Config(), PAIRS).id
    database().dispose()

    def small(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(database(), "connect", small)
    with pytest.raises(Problem, match="disk is full"):
        for _ in range(500):
            queue.add(TRAIN, Train(), "w" * 64, subject="x" * 100)
    assert find_run(kept).name == "x"


def test_readers_do_not_wait_for_writers(empty: Path) -> None:
    database()
    mode = sqlite3.connect(empty / "runs.sqlite").execute("PRAGMA journal_mode")
    assert mode.fetchone() == ("wal",)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
def test_the_database_is_for_its_owner_alone_even_where_it_was_not(empty: Path) -> None:
    database()
    file = empty / "runs.sqlite"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    module.open_database(settings().database)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
