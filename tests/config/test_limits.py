"""What a training may cost: the product of its settings counts, not each of them."""

import random
from collections.abc import Iterator

import pytest

from ctdenoise.config import limits
from ctdenoise.config.config import Config, parse, settings
from ctdenoise.config.cost import run_cost
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.sweep import Axis, grid
from ctdenoise.errors import Problem
from ctdenoise.settings import settings as machine

HIGHEST = {
    "layers": 30, "filters": 256, "kernel_size": 11, "batch": 256, "patch": 256,
    "validation_patches": 10_000, "epochs": 1000, "steps_per_epoch": 10_000,
}  # fmt: skip


@pytest.fixture(autouse=True)
def small_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CTDENOISE_WORKER_MEMORY_MB", "6000")
    machine.cache_clear()
    yield
    machine.cache_clear()


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_and_its_sweep_are_affordable_and_measured(name: str) -> None:
    limits.refuse_unaffordable(PRESETS[name])
    assert limits.is_measurable(PRESETS[name])
    if not PRESETS[name].loss.dial:
        assert grid(PRESETS[name], [Axis("texture", (50, 100))])


def test_every_field_is_in_its_limits_and_their_product_is_refused() -> None:
    for name, value in HIGHEST.items():
        Config(**{name: value, "residual": False})
    with pytest.raises(Problem, match=r"would take about \d+ GB of memory .* may take 5.9 GB: "):
        limits.refuse_unaffordable(Config(**HIGHEST))


def test_a_run_that_no_machine_ends_is_refused() -> None:
    long = Config(layers=30, filters=256, batch=4, epochs=1000, steps_per_epoch=10_000, patch=64)
    with pytest.raises(Problem, match=r"more than .* days even on the fastest .* 72 hours: "):
        limits.refuse_unaffordable(long)
    limits.refuse_unaffordable(long.model_copy(update={"time_budget_s": 3600.0}))
    limits.refuse_unaffordable(long.model_copy(update={"epochs": 1, "steps_per_epoch": 10}))


def test_a_time_budget_and_a_measured_time_have_the_same_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CTDENOISE_RUN_HOURS", "2")
    machine.cache_clear()
    with pytest.raises(Problem, match="would take 3 hours and may take 2 here"):
        limits.refuse_unaffordable(Config(time_budget_s=10_800))
    with pytest.raises(Problem, match="would take 3 hours and may take 2 here"):
        limits.refuse_too_long(10_800)
    limits.refuse_too_long(7200)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_allowed_fits(seed: int) -> None:
    """Random settings, each anywhere within its limits, small ones as likely as large ones."""
    draw = random.Random(seed)
    whole = {
        key: int(1.0001 * 2 ** draw.uniform(0, 17))
        for key, each in settings().items()
        if each.kind is int and key != "seed"
    }
    try:
        config = parse({key: value for key, value in whole.items() if "." not in key})
    except Problem:
        return  # out of a field's own limits
    cost = run_cost(config)
    fits = cost.memory_bytes <= 6000 << 20 and cost.operations <= limits.FASTEST * 72 * 3600
    try:
        limits.refuse_unaffordable(config)
    except Problem as problem:
        assert not fits and str(problem).startswith("These settings would take ")
    else:
        assert fits


def test_a_sweep_beyond_the_limits_is_refused_as_a_whole() -> None:
    base = Config(**{**HIGHEST, "epochs": 1})
    with pytest.raises(Problem, match="GB of memory"):
        grid(base, [Axis("texture", (50, 100))])
