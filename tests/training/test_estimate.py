"""The estimate is put together from all parts of a training, tried out as a training does them."""

from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ctdenoise.config.config import Config
from ctdenoise.files import MAKING
from ctdenoise.settings import TRAINING_THREADS
from ctdenoise.training import estimate
from ctdenoise.training.estimate import estimate_seconds
from ctdenoise.training.pace import Pace

SMALL = Config(layers=2, filters=2, batch=2, patch=16, epochs=3, steps_per_epoch=5,
               validation_patches=8, device="cpu")  # fmt: skip
TAKES = {"step": 1e6, "look": 1e9, "record": 1e12, "cut": 0.0}
"""Seconds beside which those of starting, which are measured, are nothing."""


def test_every_part_is_counted_as_often_as_it_happens(monkeypatch, tmp_path) -> None:
    threads: set[int] = set()
    others: set[int] = set()

    def seconds(function, machine) -> float:
        function()
        threads.add(torch.get_num_threads())
        other = Thread(target=lambda: others.add(torch.get_num_threads()))
        other.start()
        other.join()
        (folder,) = tmp_path.iterdir()
        assert folder.name.startswith(MAKING)  # swept, where its process dies
        return TAKES[function.__name__]

    monkeypatch.setattr(estimate, "_seconds", seconds)
    monkeypatch.setenv(TRAINING_THREADS, "3")
    monkeypatch.setattr(estimate, "settings", lambda: SimpleNamespace(workspaces=tmp_path))
    before = torch.get_num_threads()

    def parts(**changed: object) -> tuple[int, int, int]:
        """How many records, looks and steps a run has."""
        found = estimate_seconds(SMALL.model_copy(update=changed))
        records, rest = divmod(found, TAKES["record"])
        looks, rest = divmod(rest, TAKES["look"])
        return int(records), int(looks), int(rest // TAKES["step"])

    assert parts() == (4, 3, 15)
    assert parts(residual=False) == (4, 4, 15)  # asked for a picture before the first step
    assert threads == {3}  # as in a training
    assert others == {before} and torch.get_num_threads() == before
    # 256 patches of 256 pixels are tried, and a picture of 138,000; 700 take 1.56 times as long
    assert parts(validation_patches=700)[1] == 4  # of 3, 4.7
    assert not list(tmp_path.iterdir())


def test_what_is_left_follows_the_recent_epochs_and_counts_to_the_end() -> None:
    pace = Pace()
    assert pace.left(60, 3) is None
    pace.kept(2.0)
    pace.stepped(20, 60.0)  # a first epoch is slow
    pace.looked(3.0)
    assert pace.left(60, 3) == pytest.approx(60 * 3.0 + 3 * 3.0 + (3 + 1) * 2.0)
    told: list[float] = []
    for _ in range(10):
        pace.kept(2.0)
        pace.stepped(20, 20.0)
        pace.looked(3.0)
        left = pace.left(60, 3)
        assert left is not None
        told.append(left)
    assert told == sorted(told, reverse=True)  # without a jump
    assert told[-1] == pytest.approx(60 + 3 * 3.0 + (3 + 1) * 2.0)
    assert pace.left(0, 0) == pytest.approx(2.0)  # the last checkpoint is still to be kept


def test_phantoms_are_three_patients_whose_pictures_leave_out_the_air() -> None:
    found = [estimate._phantom(512, number) for number in range(3)]
    assert len({pair.patient for pair in found}) == 3
    assert 0.3 < np.mean(found[0].full > -300) < 0.6
