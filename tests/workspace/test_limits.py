"""What one person may have."""

from collections.abc import Iterator

import pytest

from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.workspace import classes, limits
from ctdenoise.workspace.database import database
from ctdenoise.workspace.limits import limits_of


@pytest.fixture(autouse=True)
def read_anew(store: str) -> Iterator[None]:
    database()  # with which the store ends
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_class_lowers_the_limits_of_its_learners_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTDENOISE_RUNS_AT_ONCE", "3")
    made, _ = classes.create("tess", "A", "article")
    classes.join(made, "ann", "Ann")
    before = limits_of("ann")
    assert before == limits_of("tess") == limits_of("bob")
    classes.change(made.id, run_minutes=5, runs_at_once=9, storage_mb=10)
    assert limits_of("ann") == before  # known for some seconds
    limits.forget()
    lower = limits_of("ann")
    assert (lower.longest_run, lower.runs, lower.storage_bytes) == (300, 3, 10 << 20)
    assert limits_of("tess") == limits_of("bob") == before
    classes.end(made.id)
    limits.forget()
    assert limits_of("ann") == before


@pytest.mark.parametrize(
    ("given", "longest", "runs"),
    [
        ({}, 72 * 3600, 100),
        ({"RUN_HOURS": "2", "WORKSPACE_JOBS": "7"}, 7200, 7),
        ({"RUN_HOURS": "2", "RUN_MINUTES": "5", "RUNS_AT_ONCE": "3"}, 300, 3),
    ],
)
def test_minutes_come_before_hours_and_all_jobs_may_be_runs(
    given: dict[str, str], longest: int, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"CTDENOISE_{name}", value)
    limits = limits_of("ann")
    assert (limits.longest_run, limits.runs) == (longest, runs)


@pytest.mark.parametrize("value", ["0", "five", "-1", "1.5"])
def test_what_is_no_number_is_told(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTDENOISE_RUN_MINUTES", value)
    with pytest.raises(Problem, match=f"RUN_MINUTES is no whole number above 0 .{value}.: "):
        limits_of("ann")
