"""The local engine's file, damaged: a new engine, and never two of them."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from damage import DAMAGES
from homes import forget

from ctdenoise.jobs import local


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    forget()
    local.folder().mkdir()
    file = local.folder() / local.STATE
    said = {"address": "tls://127.0.0.1:1", "pid": psutil.Process().pid, "fingerprint": "x"}
    file.write_text(json.dumps(said))
    return file


@pytest.mark.parametrize("how", list(DAMAGES))
def test_a_damaged_announcement_is_none(announced: Path, how: str) -> None:
    assert local.announced() is not None
    DAMAGES[how](announced)
    assert local.announced() is None and local.find() is None


def test_an_engine_whose_workers_hold_another_limit_is_another(
    announced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = local.fingerprint()
    assert local.fingerprint() == before
    monkeypatch.setenv("CTDENOISE_RUN_MINUTES", "5")
    forget()
    assert local.fingerprint() != before


@pytest.mark.parametrize("pid", [0, -1, 2**70, "1", None, 1.5])
def test_a_number_that_is_no_process(announced: Path, pid: object) -> None:
    said = json.loads(announced.read_text()) | {"pid": pid}
    announced.write_text(json.dumps(said))
    assert local.find() is None


def test_an_engine_that_is_announced_no_more_is_ended_before_another_starts(
    announced: Path,
) -> None:
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)", local.SCHEDULER]
    lost = subprocess.Popen([*sleeping, str(announced.parents[1])])
    others = subprocess.Popen([*sleeping, "/another/home"])
    try:
        local._end_lost()
        assert lost.wait(30) is not None and others.poll() is None
    finally:
        for process in (lost, others):
            process.kill()
            process.wait()
