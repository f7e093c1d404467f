"""Where things live, told by the environment."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from phantoms import disc_phantom, write_ct_series

from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, scheduler, worker
from ctdenoise.settings import ROOT, private_home, python_path, settings


@pytest.fixture(autouse=True)
def read_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("HOME", "DATABASE", "ENGINE", "ENGINE_CERTIFICATES", "S3", "WORKER_MEMORY_MB"):
        monkeypatch.delenv(f"CTDENOISE_{name}", raising=False)
    settings.cache_clear()
    umask = os.umask(0o022)
    yield
    os.umask(umask)
    settings.cache_clear()


def test_without_environment_everything_is_below_the_project() -> None:
    assert settings().home == ROOT / "workspace"
    assert settings().workspaces == ROOT / "workspace" / "workspaces"
    assert settings().database == f"sqlite:///{ROOT / 'workspace' / 'runs.sqlite'}"
    assert (settings().engine, settings().engine_certificates) == (None, None)
    assert settings().s3 is None


def test_the_environment_moves_home_and_the_database_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    assert settings().home == tmp_path
    assert settings().database == f"sqlite:///{tmp_path / 'runs.sqlite'}"


def test_the_environment_names_a_database_and_a_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CTDENOISE_DATABASE", "postgresql://server/runs")
    monkeypatch.setenv("CTDENOISE_ENGINE", "tls://cluster:8786")
    monkeypatch.setenv("CTDENOISE_ENGINE_CERTIFICATES", str(tmp_path))
    monkeypatch.setenv("CTDENOISE_S3", "https://mirror")
    read = settings()
    assert read.database == "postgresql://server/runs"
    assert (read.engine, read.engine_certificates) == ("tls://cluster:8786", tmp_path)
    assert read.s3 == "https://mirror"


def test_limits_come_from_the_environment_or_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    total = psutil.virtual_memory().total >> 20
    assert 0 < settings().worker_memory_mb <= total * 3 // 4
    for text, told in (("0", "0"), ("-1", "-1"), ("much", "much"), ("1e3", "1e3")):
        monkeypatch.setenv("CTDENOISE_WORKER_MEMORY_MB", text)
        settings.cache_clear()
        with pytest.raises(Problem, match=rf"CTDENOISE_WORKER_MEMORY_MB is no .*\({told}\)"):
            settings()
    monkeypatch.setenv("CTDENOISE_WORKER_MEMORY_MB", "512")
    settings.cache_clear()
    assert settings().worker_memory_mb == 512


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
def test_the_home_and_what_is_made_in_it_are_for_their_owner_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, already_there in (("new/home", False), ("old", True)):
        home = tmp_path / name
        if already_there:
            home.mkdir(mode=0o755)
        monkeypatch.setenv("CTDENOISE_HOME", str(home))
        settings.cache_clear()
        assert private_home() == home
        (home / "scan.npy").touch()
        (home / "runs").mkdir()
        assert [permissions(path) for path in (home, home / "runs")] == [0o700, 0o700]
        assert permissions(home / "scan.npy") == 0o600


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
def test_a_folder_that_everybody_may_write_to_stays_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o1777)
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    private_home()
    assert permissions(tmp_path) == 0o1777


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
def test_what_a_command_writes_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_ct_series(tmp_path / "scan", disc_phantom(32, slices=2))
    command = [sys.executable, "-m", "ctdenoise.cli", "low-dose", str(tmp_path / "scan"), "--pairs"]
    command += ["--dose", "0.25", "--out", str(tmp_path / "pairs")]
    subprocess.run(command, check=True, capture_output=True)
    made = list((tmp_path / "pairs").rglob("*"))
    assert len(made) > 10 and {permissions(path) & 0o077 for path in made} == {0}


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
def test_so_is_what_scheduler_and_workers_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def scheduling() -> None:
        (tmp_path / "scheduler").touch()

    monkeypatch.setattr(os, "_exit", lambda _: None)
    scheduler.run(scheduling())
    os.umask(0o022)
    monkeypatch.setattr(worker, "_worker", lambda: "a worker that Dask's own command started")
    monkeypatch.setattr(leases, "release", lambda _: None)
    worker._enter()
    (tmp_path / "worker").touch()
    assert {permissions(path) for path in tmp_path.iterdir()} == {0o600}


def test_a_process_of_ours_finds_the_package_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert python_path() == str(ROOT)
    monkeypatch.setenv("PYTHONPATH", "others")
    assert python_path() == os.pathsep.join([str(ROOT), "others"])
