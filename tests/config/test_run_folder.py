"""Which epochs' networks a run keeps."""

from itertools import pairwise
from pathlib import Path

from ctdenoise.config import run_folder


def test_a_long_run_keeps_evenly_spread_epochs_and_the_latest(tmp_path: Path) -> None:
    (tmp_path / run_folder.FOLDER).mkdir()
    for epoch in range(301):
        run_folder.file(tmp_path, epoch).touch()
        run_folder.thin(tmp_path)
        there = run_folder.kept(tmp_path)
        assert there[0] == 0
        assert there[-10:] == list(range(max(0, epoch - 9), epoch + 1))
        assert len(there) <= run_folder.KEPT + run_folder.LATEST + 1
    steps = {b - a for a, b in pairwise(there)}
    assert max(steps) == 8  # 300 / 8 are fewer than 64, 300 / 4 are not


def test_a_short_run_keeps_every_epoch(tmp_path: Path) -> None:
    (tmp_path / run_folder.FOLDER).mkdir()
    for epoch in range(49):
        run_folder.file(tmp_path, epoch).touch()
        run_folder.thin(tmp_path)
    assert run_folder.kept(tmp_path) == list(range(49))
    assert run_folder.kept(tmp_path / "nothing") == []
