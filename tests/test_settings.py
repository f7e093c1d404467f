"""Where things live, told by the environment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ctdenoise.settings import ROOT, settings


@pytest.fixture(autouse=True)
def read_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("HOME", "DATABASE", "ENGINE", "ENGINE_CERTIFICATES", "S3"):
        monkeypatch.delenv(f"CTDENOISE_{name}", raising=False)
    settings.cache_clear()
    yield
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
