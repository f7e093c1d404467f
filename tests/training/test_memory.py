"""Memory that a training cannot have is told before it begins, with what to make smaller."""

import numpy as np
import pytest

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem, is_out_of_memory
from ctdenoise.scans.scan import Pair
from ctdenoise.training import estimate, loop, trainer


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried 8 bytes"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_every_device_has_its_own_words_for_it(error: Exception, told: bool) -> None:
    assert is_out_of_memory(error) == told


def pair() -> Pair:
    full = np.random.default_rng(0).normal(0, 30, (5, 48, 48)).astype(np.float32)
    return Pair("noise", full[None] + 5, full, None, np.arange(5.0))


def test_what_can_be_foreseen_is_told_before_anything_is_made(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "available_memory", lambda device: 2**20)
    monkeypatch.setattr(loop, "Learner", lambda *given, **named: pytest.fail("was made"))
    with pytest.raises(Problem, match=r"would need about .* of memory") as told:
        trainer.train(Config(), [pair()], tmp_path / "run")
    assert "smaller batch" in told.value.hint and "fewer filters" in told.value.hint
    monkeypatch.setattr(estimate, "available_memory", lambda device: 2**20)
    with pytest.raises(Problem, match="would need about"):
        estimate.estimate_seconds(Config())


def test_what_could_not_be_foreseen_is_told_as_well(tmp_path, monkeypatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes")

    monkeypatch.setattr(loop, "Learner", full)
    with pytest.raises(Problem, match="does not fit into the memory") as told:
        trainer.train(Config(), [pair()], tmp_path / "run")
    assert "fewer layers" in told.value.hint
