"""What a training may cost: the product of its settings counts, not each of them."""

import random
from collections.abc import Iterator

import pytest

from ctdenoise.config import limits
from ctdenoise.config.config import Config, Misfit, parse, settings
from ctdenoise.config.cost import run_cost
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.sweep import Axis, grid
from ctdenoise.errors import Problem
from ctdenoise.settings import settings as machine

HIGHEST = {
    "layers": 30, "filters": 256, "kernel_size": 11, "batch": 256, "patch": 256,
    "validation_patches": 10_000, "epochs": 1000, "steps_per_epoch": 10_000,
}  # fmt: skip

DAYS = 72 * 3600


@pytest.fixture(autouse=True)
def small_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CTDENOISE_WORKER_MEMORY_MB", "6000")
    machine.cache_clear()
    yield
    machine.cache_clear()


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_and_its_sweep_are_affordable_and_measured(name: str) -> None:
    limits.refuse_unaffordable(PRESETS[name], DAYS)
    assert limits.is_measurable(PRESETS[name])
    if not PRESETS[name].loss.dial:
        for _, config in grid(PRESETS[name], [Axis("texture", (50, 100))]):
            limits.refuse_unaffordable(config, DAYS)


def test_every_field_is_in_its_limits_and_their_product_is_refused() -> None:
    for name, value in HIGHEST.items():
        Config(**{name: value, "residual": False})
    with pytest.raises(Problem, match=r"would take about \d+ GB of memory .* may take 5.9 GB: "):
        limits.refuse_unaffordable(Config(**HIGHEST), DAYS)


def test_a_run_that_no_machine_ends_is_refused() -> None:
    long = Config(layers=30, filters=256, batch=4, epochs=1000, steps_per_epoch=10_000, patch=64)
    with pytest.raises(Problem, match=r"more than .* days even on the fastest .* 72 hours: "):
        limits.refuse_unaffordable(long, DAYS)
    limits.refuse_unaffordable(long.model_copy(update={"time_budget_s": 3600.0}), DAYS)
    limits.refuse_unaffordable(long.model_copy(update={"epochs": 1, "steps_per_epoch": 10}), DAYS)


def test_a_time_budget_and_a_measured_time_have_the_same_limit() -> None:
    with pytest.raises(
        Misfit, match=r"is 3 hours and a training may take 5 minutes here.* 300 s"
    ) as e:
        limits.refuse_unaffordable(Config(time_budget_s=10_800), 300)
    assert e.value.key == "time_budget_s"
    limits.refuse_unaffordable(Config(time_budget_s=300), 300)
    with pytest.raises(Problem, match=r"would take 301 seconds and may take 5 minutes here: "):
        limits.refuse_too_long(300.2, 300)
    limits.refuse_too_long(300, 300)


def test_what_may_be_cut_short_says_where_and_what_becomes_of_it() -> None:
    config = Config(epochs=10)
    assert limits.cut_short(config, 100, 100) == ""
    told = limits.cut_short(config, 100, 45)
    assert "at about epoch 5 of 10" in told and "can be continued" in told
    assert "at about epoch 1 of 10" in limits.cut_short(config, 100, 1)
    budget = config.model_copy(update={"time_budget_s": 100})
    assert limits.cut_short(budget, 100, 45) == ""  # which is refused


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
        limits.refuse_unaffordable(config, DAYS)
    except Problem as problem:
        assert not fits and str(problem).startswith("These settings would take ")
    else:
        assert fits
