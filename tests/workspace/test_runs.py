import os
import sqlite3
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run as execute

import pytest

from ctdenoise.config import events
from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.workspace.runs import DEATHS, Store, store

PAIRS = [("ann", "abc")]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    settings.cache_clear()
    store.cache_clear()
    yield store()
    settings.cache_clear()
    store.cache_clear()


def new(runs: Store, workspace: str, **settings: object) -> str:
    return runs.create_run(workspace, "a run", Config(**settings), PAIRS).id


def epochs_done(runs: Store, run_id: str, *epochs: int) -> None:
    folder = runs.run(run_id).folder
    folder.mkdir(parents=True, exist_ok=True)
    for epoch in epochs:
        events.append(folder, events.Epoch(
            time=0, epoch=epoch, step=0, train_seconds=0, terms={}, validation_mse=1, low_mse=1,
            psnr=None, ssim=1, image="", seconds_left=None,
        ))  # fmt: skip


def test_a_run_comes_back_as_it_was_made(runs: Store) -> None:
    config = Config(layers=3, loss={"mse": 1, "vgg": 2})
    made = runs.create_run("ann", "  My \n first ", config, [("ann", "abc"), ("sample", "def")])
    again = Store(settings().database).run(made.id)
    assert again == made
    assert again.config == config and again.pairs == (("ann", "abc"), ("sample", "def"))
    assert (again.state, again.name, again.started) == ("queued", "My first", None)
    assert again.folder == settings().home / "runs" / made.id


def test_a_workspace_sees_its_own_runs_newest_first(runs: Store) -> None:
    first, _, third = (new(runs, who) for who in ("ann", "bob", "ann"))
    assert [run.id for run in runs.runs("ann")] == [third, first]


def test_workspaces_take_turns(runs: Store) -> None:
    ann = [new(runs, "ann") for _ in range(3)]
    bob = [new(runs, "bob") for _ in range(2)]
    order = [run.id for run in runs.queue()]
    assert order == [ann[0], bob[0], ann[1], bob[1], ann[2]]
    taken = [runs.claim("t").id for _ in range(5)]  # whatever runs counts as the first of its own
    assert taken == order
    assert runs.claim("t") is None


def test_who_was_served_longest_ago_goes_first(runs: Store) -> None:
    for who in ("ann", "bob"):
        new(runs, who)
    for _ in range(2):
        held = runs.claim("t")
        runs.end(held.id, "t", "finished", "")
    bob, ann = new(runs, "bob"), new(runs, "ann")
    assert [run.id for run in runs.queue()] == [ann, bob]


def test_the_position_counts_what_runs_and_what_is_ahead(runs: Store) -> None:
    first, second, third = (new(runs, "ann") for _ in range(3))
    assert [runs.queue_position(i) for i in (first, second, third)] == [0, 1, 2]
    runs.claim("t")
    assert [runs.queue_position(i) for i in (first, second, third)] == [0, 1, 2]


def test_no_run_is_claimed_twice(runs: Store) -> None:
    for number in range(24):
        new(runs, f"workspace{number % 5}")
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda n: runs.claim(f"turn{n}").id, range(24)))
    assert len(set(claimed)) == 24
    assert all(runs.run(i).state == "running" for i in claimed)


def test_many_processes_write_at_once(runs: Store) -> None:
    """Eight fresh processes open the same new database and write without losing anything."""
    code = (
        "from ctdenoise.workspace.runs import store\n"
        "from ctdenoise.config.config import Config\n"
        "for _ in range(20): store().create_run('ann', 'x', Config(), [('ann', 'abc')])\n"
    )
    for leftover in settings().home.glob("runs.sqlite*"):
        leftover.unlink()
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: execute([sys.executable, "-c", code]).returncode, range(4)))
    assert ended == [0] * 4
    fresh = Store(settings().database)
    assert len(fresh.runs("ann")) == 80
    mode = sqlite3.connect(settings().home / "runs.sqlite").execute("PRAGMA journal_mode")
    assert mode.fetchone() == ("wal",)


def test_a_stopped_queued_run_never_starts(runs: Store) -> None:
    run_id = new(runs, "ann")
    assert runs.ask_stop(run_id).state == "stopped"
    assert runs.claim("t") is None


def test_a_running_run_hears_of_the_stop(runs: Store) -> None:
    run_id = new(runs, "ann")
    runs.claim("t")
    assert runs.may_go_on(run_id, "t")
    runs.ask_stop(run_id)
    assert not runs.may_go_on(run_id, "t")
    assert runs.run(run_id).state == "running"  # until its worker says so
    runs.end(run_id, "t", "stopped", "Stopped after epoch 3.")
    ended = runs.run(run_id)
    assert (ended.state, ended.sentence, ended.wanted) == (
        "stopped",
        "Stopped after epoch 3.",
        "run",
    )
    assert ended.created <= ended.started <= ended.ended


def test_only_the_turn_that_holds_a_run_may_end_it(runs: Store) -> None:
    run_id = new(runs, "ann")
    runs.claim("old")
    runs.put_back(runs.run(run_id))
    runs.claim("new")
    assert not runs.may_go_on(run_id, "old")
    runs.end(run_id, "old", "finished", "from the dead")
    assert runs.run(run_id).state == "running"


def test_continue_goes_on_with_more_epochs(runs: Store) -> None:
    run_id = new(runs, "ann", epochs=5, time_budget_s=60)
    runs.claim("t")
    epochs_done(runs, run_id, 0, 1, 2, 3, 4, 5)
    with pytest.raises(Problem, match="has not ended yet: stop it first"):
        runs.requeue(run_id, 9)
    runs.end(run_id, "t", "finished", "")
    for epochs in (None, 5):
        with pytest.raises(Problem, match="has finished its 5 epochs"):
            runs.requeue(run_id, epochs)
    with pytest.raises(Problem, match="epochs"):
        runs.requeue(run_id, 10**9)
    again = runs.requeue(run_id, 9)
    assert (again.state, again.config.epochs, again.config.time_budget_s) == ("queued", 9, None)


def test_an_interrupted_run_goes_first_and_is_given_up_in_the_end(runs: Store) -> None:
    run_id, *_ = new(runs, "ann"), new(runs, "bob"), new(runs, "cid")
    for death in range(DEATHS):
        assert runs.claim("t").id == run_id
        runs.put_back(runs.run(run_id))
        assert runs.run(run_id).state == "queued", death
    runs.claim("t")
    epochs_done(runs, run_id, 0, 1)  # progress: the count begins anew
    runs.put_back(runs.run(run_id))
    for _ in range(DEATHS):
        runs.claim("t")
        runs.put_back(runs.run(run_id))
    failed = runs.run(run_id)
    assert failed.state == "failed"
    assert "given up after epoch 1, since its worker died 3 times" in failed.sentence
    assert runs.requeue(run_id).deaths == 0


def test_a_stop_asked_for_before_the_worker_died_counts(runs: Store) -> None:
    run_id = new(runs, "ann")
    runs.claim("t")
    runs.ask_stop(run_id)
    runs.put_back(runs.run(run_id))
    assert runs.run(run_id).state == "stopped"


def test_remove_takes_the_folder_along_but_not_under_a_training(runs: Store) -> None:
    run_id = new(runs, "ann")
    epochs_done(runs, run_id, 0)
    folder = runs.run(run_id).folder
    runs.claim("t")
    with pytest.raises(Problem, match="is being trained"):
        runs.remove(run_id)
    assert folder.exists()
    runs.end(run_id, "t", "finished", "")
    runs.remove(run_id)
    assert not folder.exists()
    with pytest.raises(Problem, match="does not exist"):
        runs.run(run_id)


def test_what_a_database_cannot_do_is_told_in_a_sentence(tmp_path: Path) -> None:
    for url in ("nonsense", "postgresql+nodriver://x/y", f"sqlite:///{tmp_path}"):
        with pytest.raises(Problem):
            Store(url)


def test_a_full_disk_is_told_and_loses_nothing(runs: Store) -> None:
    kept = new(runs, "ann")
    runs._database.dispose()
    from sqlalchemy import event

    def small(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(runs._database, "connect", small)
    with pytest.raises(Problem, match="disk is full"):
        for _ in range(500):
            runs.create_run("ann", "x" * 200, Config(), PAIRS * 50)
    assert runs.run(kept).state == "queued"


def test_no_pair_no_run(runs: Store) -> None:
    with pytest.raises(Problem, match="no pair to learn from"):
        runs.create_run("ann", "x", Config(), [])


def test_a_database_of_an_earlier_version_is_completed_and_keeps_its_runs(
    runs: Store, tmp_path: Path
) -> None:
    kept = new(runs, "ann", layers=4)
    newer = ("sweep", "parent", "parent_epoch", "starred")
    with sqlite3.connect(tmp_path / "runs.sqlite") as old:
        old.execute("DROP INDEX ix_runs_sweep")
        for column in newer:
            old.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    store.cache_clear()
    again = store().run(kept)
    assert (again.config.layers, again.sweep, again.parent, again.starred) == (4, "", "", False)
    store().star(kept, True)
    assert store().run(kept).starred


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
def test_the_database_is_for_its_owner_alone_even_where_it_was_not(runs: Store) -> None:
    file = settings().home / "runs.sqlite"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    Store(settings().database)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
