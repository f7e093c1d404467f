"""Slices are in memory once for all who learn from them, and never another scan's."""

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss
from ctdenoise.config.split import Part
from ctdenoise.scans.scan import Pair
from ctdenoise.training.patches import Patchwork
from ctdenoise.training.slices import bytes_of, resident
from ctdenoise.training.trainer import prepare

CPU = torch.device("cpu")
PARTS = (Part(0, (0, 1)),)


def mapped(folder: Path, value: float = 0.0, size: int = 48) -> Pair:
    folder.mkdir(exist_ok=True)
    full = np.random.default_rng(0).normal(value, 30, (5, size, size)).astype(np.float32)
    for name, values in (("low", full[None] + 5), ("full", full)):
        part = folder / f"{name}.part"
        with part.open("wb") as file:
            np.save(file, values)
        part.replace(folder / f"{name}.npy")
    low, full = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("low", "full"))
    return Pair("noise", low, full, None, np.arange(5.0))


def test_they_are_shared_by_whoever_opens_the_same_files(tmp_path) -> None:
    one, other = mapped(tmp_path / "a"), mapped(tmp_path / "b")
    again = replace(one, low=np.load(tmp_path / "a/low.npy", mmap_mode="r"))
    first = resident([one], PARTS, CPU)
    assert resident([again], PARTS, CPU) is first
    assert resident([other, again], (Part(1, (0, 1)),), CPU) is first  # as another pair of a run
    for pair, parts in ((other, PARTS), (one, (Part(0, (0,)),)), (one, (Part(0, (0, 1), (0, 9)),)),
                        (replace(one, low=one.low[:, ::-1]), PARTS)):  # fmt: skip
        assert resident([pair], parts, CPU) is not first
    assert Patchwork([one], PARTS, 8, CPU).low is Patchwork([one], PARTS, 16, CPU).low


def test_a_pair_that_took_anothers_place_is_another(tmp_path) -> None:
    first = resident([mapped(tmp_path / "a")], PARTS, CPU)
    later = mapped(tmp_path / "a", 1000.0)
    found = resident([later], PARTS, CPU)
    assert found is not first and float(found.full.mean()) > 900
    (tmp_path / "a/full.npy").unlink()
    lost = resident([later], PARTS, CPU)
    assert torch.equal(lost.full, found.full) and lost is not found


def test_they_go_with_the_last_who_uses_them(tmp_path) -> None:
    from ctdenoise.training import slices

    held = resident([mapped(tmp_path / "a")], PARTS, CPU)
    before = len(slices._resident)
    del held
    gc.collect()
    assert len(slices._resident) == before - 1


def test_a_training_knows_what_it_holds(tmp_path) -> None:
    """Beyond its network and optimiser a part of the slices, whose parts add up to all of them."""
    pair = mapped(tmp_path / "pair", size=128)
    config = Config(layers=2, filters=2, batch=2, patch=16, epochs=2, steps_per_epoch=2,
                    validation_patches=4, device="cpu")  # fmt: skip
    one = prepare(config, [pair], tmp_path / "one")
    alone, slices = one.held_bytes, bytes_of([one.source.low, one.source.full])
    assert slices < alone < slices + 3 * 128**2 * 4
    others = [prepare(config, [pair], tmp_path / name) for name in ("two", "three")]
    assert one.held_bytes == pytest.approx(alone - slices * 2 / 3, abs=8)
    del others
    gc.collect()
    assert one.held_bytes == alone
    one.run(lambda: False, lambda between_epochs: True)
    weights = bytes_of(one.learner.parameters)
    assert one.held_bytes >= alone + 3 * weights  # gradients and Adam's two means


def test_frozen_weights_are_there_once(tmp_path) -> None:
    config = Config(layers=2, filters=2, batch=2, patch=16, validation_patches=2, device="cpu",
                    loss=Loss(mse=50, vgg=50))  # fmt: skip
    pair = mapped(tmp_path / "pair")
    one, two = (prepare(config, [pair], tmp_path / name) for name in ("one", "two"))
    for a, b in zip(one.learner.terms.parameters(), two.learner.terms.parameters(), strict=True):
        assert a.data_ptr() == b.data_ptr()
    assert one.held_bytes < bytes_of(one.learner.terms.parameters())
