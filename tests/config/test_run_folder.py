"""Which epochs' networks a run keeps."""

from itertools import pairwise
from pathlib import Path

from ctdenoise.config import run_folder as epochs


def test_a_long_run_keeps_evenly_spread_epochs_and_the_latest(tmp_path: Path) -> None:
    (tmp_path / epochs.FOLDER).mkdir()
    for epoch in range(301):
        epochs.file(tmp_path, epoch).touch()
        epochs.thin(tmp_path)
        there = epochs.kept(tmp_path)
        assert there[0] == 0
        assert there[-10:] == list(range(max(0, epoch - 9), epoch + 1))
        assert len(there) <= epochs.KEPT + epochs.LATEST + 1
    steps = {b - a for a, b in pairwise(there)}
    assert max(steps) == 8  # 300 / 8 are fewer than 64, 300 / 4 are not


def test_a_short_run_keeps_every_epoch(tmp_path: Path) -> None:
    (tmp_path / epochs.FOLDER).mkdir()
    for epoch in range(49):
        epochs.file(tmp_path, epoch).touch()
        epochs.thin(tmp_path)
    assert epochs.kept(tmp_path) == list(range(49))
    assert epochs.kept(tmp_path / "nothing") == []
