"""What the operator asks for: whether it answers, whether it is ready, and its figures."""

import sqlite3
from collections.abc import Iterator
from importlib import reload
from pathlib import Path

import pytest
from apptest import OnTheSpot
from sqlalchemy import event, text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from ctdenoise.jobs import executor, leases, queue
from ctdenoise.jobs.kinds.simulate import SIMULATE, Simulate
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.settings import settings
from ctdenoise.ui import addresses, server
from ctdenoise.ui.gate import Gate, Names
from ctdenoise.workspace import database as module
from ctdenoise.workspace import quota
from ctdenoise.workspace.database import database, transaction

OPERATOR = ("127.0.0.1", 50000)
NAMES = Names(frozenset({"localhost", "127.0.0.1"}))


def asked(client: tuple[str, int] = OPERATOR) -> TestClient:
    app = Starlette(routes=server.ROUTES, middleware=[Middleware(Gate, names=NAMES)])
    return TestClient(app, base_url="http://localhost", client=client)


@pytest.fixture
def ready(on_the_spot: OnTheSpot, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine with all its workers."""
    monkeypatch.setattr(type(on_the_spot), "ready", lambda self: True, raising=False)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "token").write_text("s3cret\n")
    monkeypatch.setenv("CTDENOISE_METRICS_TOKEN_FILE", str(tmp_path / "token"))
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_everybody_hears_that_it_answers_and_nobody_else_the_rest() -> None:
    elsewhere = asked(("192.168.1.7", 50000))
    assert elsewhere.get("/healthz").text == "ok\n"
    for path in ("/readyz", "/metrics", "/metrics/"):
        assert elsewhere.get(path).status_code == 403
        proxied = asked().get(path, headers={"X-Forwarded-For": "10.0.0.1"})
        assert proxied.status_code == 403


def test_with_the_token_they_are_told_elsewhere_too(token: None, ready: None) -> None:
    elsewhere = asked(("192.168.1.7", 50000))
    for path in ("/readyz", "/metrics"):
        right = {"Authorization": "Bearer s3cret", "Host": "10.1.2.3:8501"}
        assert elsewhere.get(path, headers=right).status_code == 200
        for wrong in ("Bearer s3cre", "Bearer ", "s3cret", ""):
            assert elsewhere.get(path, headers={"Authorization": wrong}).status_code == 403
    assert elsewhere.get("/healthz", headers=right | {"Host": "evil.example"}).status_code == 403


def test_without_a_token_an_empty_one_opens_nothing() -> None:
    elsewhere = asked(("192.168.1.7", 50000))
    for given in ("Bearer ", "Bearer None"):
        assert elsewhere.get("/metrics", headers={"Authorization": given}).status_code == 403


def test_it_is_ready_where_nothing_is_missing(ready: None) -> None:
    answer = asked().get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_whatever_is_missing_has_a_sentence(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(executor, "_executor", executor.DaskExecutor)
    monkeypatch.setattr(quota, "free_bytes", lambda: 0)
    with transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = asked().get("/readyz")
    assert answer.status_code == 503
    version, engine, disk = answer.text.splitlines()
    assert version.startswith("The database has the tables of another version:")
    assert engine.startswith("The engine does not answer with all its workers:")
    assert disk.startswith("The disk of this server is nearly full")
    assert str(home) not in answer.text


def test_a_database_that_cannot_be_written_is_not_ready(
    ready: None, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    assert asked().get("/readyz").status_code == 200
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.01)
    database.cache_clear()
    database()
    with sqlite3.connect(home / "runs.sqlite") as other:
        other.execute("BEGIN IMMEDIATE")
        held = asked().get("/readyz")
        assert held.status_code == 503 and "is held by another program" in held.text
        other.rollback()
    assert asked().get("/readyz").status_code == 200
    read_only = "PRAGMA query_only = 1"
    event.listen(database(), "connect", lambda connection, _: connection.execute(read_only))
    database().dispose()
    answer = asked().get("/readyz")
    assert answer.status_code == 503 and "could not be opened for writing" in answer.text


def test_asking_changes_nothing(ready: None, home: Path) -> None:
    database()
    before = (home / "runs.sqlite-wal").stat().st_size
    asked().get("/readyz")
    assert (home / "runs.sqlite-wal").stat().st_size == before


def figures(client: TestClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_the_figures_count_jobs_by_queue_kind_and_state(monkeypatch: pytest.MonkeyPatch) -> None:
    for who in ("ann", "bob"):
        queue.add(TRAIN, Train(), who)
    failed = queue.add(SIMULATE, Simulate(scan="0" * 12, doses=(0.5,)), "cid")
    held = leases.take(failed.id, "w")
    assert held and leases.end(held, "failed", 0.1, "Ann's scan7.dcm is damaged.", seconds=2.5)
    with transaction() as connection:
        connection.execute(text("UPDATE jobs SET queued = queued - 60 WHERE workspace = 'ann'"))
    told = figures(asked())
    assert told['ctdenoise_jobs{kind="train",queue="train",state="queued"}'] == 2
    assert told['ctdenoise_jobs{kind="simulate",queue="batch",state="failed"}'] == 1
    assert told['ctdenoise_jobs_failed{kind="simulate"}'] == 1
    assert told['ctdenoise_job_seconds{kind="simulate"}'] == 2.5
    assert 60 <= told['ctdenoise_wait_seconds{queue="train"}'] < 600
    assert told['ctdenoise_wait_seconds{queue="batch"}'] == 0
    assert told["ctdenoise_database_up"] == 1
    assert told['ctdenoise_memory_bytes{process="server"}'] > 1e6
    assert told["ctdenoise_disk_free_bytes"] > 0
    assert told["ctdenoise_sessions"] == 0


def test_no_figure_has_a_name_in_it(home: Path) -> None:
    job = queue.add(TRAIN, Train(), "anna-meyer", subject="scan-of-meyer")
    with transaction() as connection:
        damaged = "UPDATE jobs SET kind = 'meyer', queue = 'meyer', queued = 'meyer' WHERE id = :id"
        connection.execute(text(damaged), {"id": job.id})
    answer = asked().get("/metrics").text
    assert "meyer" not in answer and job.id not in answer and str(home) not in answer
    assert 'kind="other",queue="other",state="queued"' in answer


def test_without_a_database_the_other_figures_are_told(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    (home / "runs.sqlite").write_bytes(b"no database at all" * 100)
    told = figures(asked())
    assert told["ctdenoise_database_up"] == 0 and told["ctdenoise_disk_free_bytes"] > 0


def test_they_lie_below_the_prefix_and_at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(addresses, "prefix", lambda: "/a/b")
        paths = {route.path for route in reload(server).ROUTES}
    reload(server)
    wanted = ("healthz", "readyz", "metrics")
    assert paths >= {*(f"/{name}" for name in wanted), *(f"/a/b/{name}" for name in wanted)}
