"""What is over a teacher's limits is said before anything is launched."""

from collections.abc import Callable
from pathlib import Path

import pytest
from apptest import WORKSPACE, OnTheSpot, labelled, opened
from shipping import ships

from ctdenoise.jobs import queue
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.settings import settings
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.runs import runs_of

AT_ONCE = (
    "You have 2 runs waiting or running, and at most 2 may at once here: wait until one ends, or "
    "stop one."
)
Limit = Callable[[int, int], None]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch, on_the_spot: OnTheSpot) -> Limit:
    """Sets the minutes that a run may take, and runs at once."""

    def limit(minutes: int, at_once: int) -> None:
        monkeypatch.setenv("CTDENOISE_RUN_MINUTES", str(minutes))
        monkeypatch.setenv("CTDENOISE_RUNS_AT_ONCE", str(at_once))
        settings.cache_clear()

    return limit


def busy(count: int) -> list[str]:
    return [queue.add(TRAIN, Train(), WORKSPACE).id for _ in range(count)]


def test_within_the_limits_nothing_is_said(pair: PairRecord, limited: Limit) -> None:
    limited(5, 2)
    busy(1)
    app = opened("Train")
    assert not labelled(app.button, "Train").disabled
    assert not app.error and not any("at a time" in each.value for each in app.warning)
    labelled(app.button, "Train").click().run()
    assert not app.exception and len(runs_of(WORKSPACE)) == 1


def test_train_waits_until_a_run_ends(pair: PairRecord, limited: Limit) -> None:
    limited(5, 2)
    first, _ = busy(2)
    app = opened("Train")
    assert labelled(app.button, "Train").disabled
    assert [each.value for each in app.error] == [AT_ONCE]
    queue.stop(first)
    app.run()
    assert not labelled(app.button, "Train").disabled and not app.error


def test_what_is_known_to_take_too_long_cannot_be_pressed(pair: PairRecord, limited: Limit) -> None:
    limited(1, 2)
    app = opened("Train", set="epochs=900")
    labelled(app.slider, "Layers").set_value(7).run()  # measured to take 75 s, counted 15 minutes
    assert labelled(app.button, "Train").disabled
    (told,) = app.error
    assert "would take 75 seconds and may take 1 minute here" in told.value
    assert not any("at a time" in each.value for each in app.warning)
    labelled(app.number_input, "Time budget (s)").set_value(60.0).run()
    assert not labelled(app.button, "Train").disabled and not app.error


def test_what_was_measured_on_a_busy_machine_stops_nobody(pair: PairRecord, limited: Limit) -> None:
    limited(1, 2)
    app = opened("Train")  # measured to take 75 s, and counted to take less
    (told,) = (each.value for each in app.warning if "at a time" in each.value)
    assert "may be stopped after 1 minute" in told
    assert not labelled(app.button, "Train").disabled and not app.error


def test_what_was_merely_counted_is_cut_off_and_says_so(
    pair: PairRecord, limited: Limit, on_the_spot: OnTheSpot
) -> None:
    limited(1, 2)
    on_the_spot.waiting.add("estimate")
    app = opened("Train", set="epochs=900")  # of a link: nothing is measured
    (told,) = (each.value for each in app.warning if "at a time" in each.value)
    assert "stopped after 1 minute" in told and "of 900. It keeps what it has learned" in told
    labelled(app.button, "Train").click().run()
    assert not app.exception and len(runs_of(WORKSPACE)) == 1


def test_a_longer_time_budget_is_told_at_its_control(pair: PairRecord, limited: Limit) -> None:
    limited(5, 2)
    app = opened("Train")
    labelled(app.number_input, "Time budget (s)").set_value(600.0).run()
    (told,) = app.error
    assert told.value == (
        "Time budget is 10 minutes and a training may take 5 minutes here: give it at most 300 s."
    )
    assert all(button.label != "Train" for button in app.button)


def test_a_sweep_of_more_runs_than_may_be_is_refused_as_a_whole(
    pair: PairRecord, limited: Limit
) -> None:
    limited(5, 3)
    app = opened("Sweep")
    assert labelled(app.button, "Train all 9").disabled
    (told,) = app.error
    assert "These 9 runs are more than may wait or run at once here" in told.value
    labelled(app.selectbox, "The second weight").set_value("nothing else").run()
    assert not app.error
    busy(1)
    app.run()
    assert labelled(app.button, "Train all 3").disabled
    assert "You have 1 run waiting or running, these would be 3 more" in app.error[0].value
    assert not runs_of(WORKSPACE)


def test_dial_says_it_too(pair: PairRecord, limited: Limit) -> None:
    limited(5, 2)
    busy(2)
    app = opened("Dial")
    assert labelled(app.button, "Train").disabled
    assert AT_ONCE in [each.value for each in app.error]


@pytest.mark.parametrize(("minutes", "most"), [(2, 2), (60, 10), (1, None)])
def test_an_adaptation_learns_no_longer_than_a_run_may(
    pair: PairRecord,
    limited: Limit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    most: int | None,
) -> None:
    folder = tmp_path / "ships"
    folder.mkdir()
    ships(folder, monkeypatch, "optimised")
    limited(minutes, 2)
    app = opened("Compare")
    key = "adapt-minutes-optimised"
    assert [each.max for each in app.slider if each.key == key] == ([most] if most else [])
    busy(2)
    app.run()
    start = next(each for each in app.button if each.key == "adapt-optimised")
    assert start.disabled and AT_ONCE in [each.value for each in app.error]
