"""What Watch says of the time that a run still takes."""

from ctdenoise.config.events import Epoch
from ctdenoise.ui.watch import remaining


def epoch(time: float, seconds_left: float | None) -> Epoch:
    return Epoch(time=time, epoch=int(time), step=1, train_seconds=1, terms={}, validation_mse=1,
                 low_mse=1, metrics={}, image="", seconds_left=seconds_left)  # fmt: skip


def test_what_is_left_shrinks_while_nothing_is_heard() -> None:
    said = [epoch(1000, 400), epoch(1010, 300)]
    assert remaining(said, 990, 1010) == ", about 5 min 0 s left"
    assert remaining(said, 990, 1030) == ", about 4 min 40 s left"
    assert remaining([epoch(1010, None)], 990, 1020) == ""
    assert remaining([epoch(1010, None)], 990, 1020, 80) == ", about 50 s left"  # of 80 s in all


def test_a_run_that_was_given_more_epochs_takes_as_long_for_each_as_before() -> None:
    said = [epoch(1000 + 10 * n, 30 - 10 * n) for n in range(4)]
    assert remaining(said, 5000, 5002, more=6) == ", about 58 s left"
    assert remaining(said, 990, 1030, more=6) == ", about 1 s left"  # its own word counts


def test_nothing_is_promised_once_an_epoch_is_late() -> None:
    said = [epoch(1000 + 60 * n, 300) for n in range(4)]
    assert "left" in remaining(said, 990, 1180 + 170)
    assert remaining(said, 990, 1180 + 200) == (
        ", the next one takes longer than usual: 3 min 20 s so far"
    )
    assert "left" in remaining(said, 9000, 9010)  # it has only just gone on, a day later
