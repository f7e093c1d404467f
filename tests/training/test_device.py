"""Which number format is taken: a rule, so that a seed means something."""

from types import SimpleNamespace

import pytest
import torch

from ctdenoise.errors import Problem
from ctdenoise.training.device import FEWEST_FILTERS, choose, crowded


@pytest.mark.parametrize("able", [True, False])
def test_the_same_network_always_gets_the_same_format(
    able: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctdenoise.training.device.multiplies_bfloat16", lambda device: able)
    wide = torch.bfloat16 if able else torch.float32
    for _ in range(20):
        assert choose("cpu", "auto", FEWEST_FILTERS).hidden == wide
        assert choose("cpu", "auto", FEWEST_FILTERS - 1).hidden == torch.float32


def test_what_a_config_asks_for_is_taken() -> None:
    assert choose("cpu", "float32", 64).hidden == torch.float32
    assert choose("cpu", "bfloat16", 1).hidden == torch.bfloat16


def test_a_device_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Problem, match=r"this kind \(cuda\) is not available"):
        choose("cuda", "auto", 64)


@pytest.mark.parametrize(("free", "full"), [(5, False), (3, True)])
def test_a_graphics_processor_is_crowded_when_less_than_half_of_it_is_left(
    monkeypatch: pytest.MonkeyPatch, free: int, full: bool
) -> None:
    for name, found in (
        ("mem_get_info", (free, 8)),
        ("memory_reserved", 1),
        ("memory_allocated", 1),
        ("get_device_properties", SimpleNamespace(total_memory=8)),
    ):
        monkeypatch.setattr(torch.cuda, name, lambda device, found=found: found)
    assert crowded(torch.device("cuda")) is full
    assert not crowded(torch.device("cpu"))
