"""``ctdenoise backup`` and ``ctdenoise restore``."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from homes import forget

from ctdenoise.cli import main
from ctdenoise.config.config import Config
from ctdenoise.workspace.runs import create_run, runs_of


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path / "one"))
    monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    forget()
    yield tmp_path
    forget()


def test_there_and_back(
    homes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create_run("ann", "First", Config(), [("ann", "0" * 12)])
    file = str(homes / "copy.tar.gz")
    assert main(["backup", file]) == 0
    assert "copy.tar.gz holds 2 files" in capsys.readouterr().err
    assert main(["backup", file]) == 1
    assert "exists already: choose another name or add --overwrite" in capsys.readouterr().err
    assert main(["backup", file, "--overwrite"]) == 0
    assert main(["restore", file]) == 1
    assert "is not empty" in capsys.readouterr().err
    monkeypatch.setenv("CTDENOISE_HOME", str(homes / "two"))
    forget()
    assert main(["restore", file]) == 0
    assert "2 files of copy.tar.gz are in their place." in capsys.readouterr().err
    assert [run.name for run in runs_of("ann")] == ["First"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["backup", "{}/no/copy.tar"], "no is no folder: make it first"),
        (["backup", "{}/copy.tar"], "The home folder has no database yet"),
        (["restore", "{}/copy.tar"], "copy.tar does not exist: name a file"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    homes: Path, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    assert main([each.format(homes) for each in argv]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_an_engine_that_runs_keeps_its_home(
    homes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (homes / "copy.tar").touch()
    monkeypatch.setattr("ctdenoise.jobs.local.find", lambda: SimpleNamespace(pid=77))
    assert main(["restore", str(homes / "copy.tar")]) == 1
    assert (
        "The engine of this home is running: stop the server, then end the process 77"
        in capsys.readouterr().err
    )
