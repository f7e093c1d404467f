"""A run's diary: one typed line an event, readable while it is being written."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ctdenoise.config import events
from ctdenoise.config.events import Ended, Epoch, Notice, Started

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBER = st.integers(0, 10_000)
TERMS = st.dictionaries(st.sampled_from(["mse", "mae", "vgg"]), FINITE)
EVENTS = st.one_of(
    st.builds(Notice, time=FINITE, sentence=st.text()),
    st.builds(Ended, time=FINITE, epoch=NUMBER, sentence=st.text()),
    st.builds(
        Started, time=FINITE, factors=TERMS, split=st.text(), window=st.tuples(FINITE, FINITE)
    ),
    st.builds(
        Epoch,
        time=FINITE,
        epoch=NUMBER,
        step=NUMBER,
        train_seconds=FINITE,
        terms=TERMS,
        gradients=TERMS,
        validation_mse=FINITE,
        low_mse=FINITE,
        metrics=st.dictionaries(st.sampled_from(["psnr", "ssim", "new"]), st.none() | FINITE),
        seconds_left=st.none() | FINITE,
    ),
)


@given(st.lists(EVENTS, max_size=5))
@hypothesis_settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_events_come_back_typed_and_in_order(tmp_path: Path, written: list) -> None:
    run = Path(tempfile.mkdtemp(dir=tmp_path))
    for event in written:
        events.append(run, event)
    assert events.read(run) == written


def test_a_file_that_has_not_changed_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Notice(time=1.0, sentence=each) for each in ("one", "two"))
    events.append(tmp_path, first)
    events.read(tmp_path).clear()  # what somebody does to theirs is not seen by others
    reads: list[Path] = []
    lines = events._lines
    monkeypatch.setattr(events, "_lines", lambda run: [reads.append(run), *lines(run)][1:])
    assert events.read(tmp_path) == [first] and not reads
    events.append(tmp_path, second)
    assert events.read(tmp_path) == [first, second] == events.read(tmp_path)
    assert reads == [tmp_path]


def test_every_event_is_one_line_of_json_whatever_it_says(tmp_path: Path) -> None:
    events.append(tmp_path, Notice(time=1.0, sentence="two\nlines, “quoted”\u2028"))
    events.append(tmp_path, Ended(time=2.0, how="finished", epoch=3, sentence="Done."))
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["notice", "ended"]


YESTERDAY = (
    '{"kind":"epoch","time":1.5,"epoch":2,"step":62,"train_seconds":3.0,"terms":{"mse":9.0},'
    '"gradients":{},"validation_mse":213.5,"low_mse":900.0,"psnr":33.25,"ssim":0.875,'
    '"image":"epoch_0002.tif","seconds_left":null}\n'
)
"""A line as it was written before events held all metrics."""


def test_a_line_of_yesterday_is_read(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(YESTERDAY)
    (event,) = events.read(tmp_path)
    assert isinstance(event, Epoch)
    assert event.metrics == {"psnr": 33.25, "ssim": 0.875}
    assert (event.psnr, event.ssim, event.validation_mse) == (33.25, 0.875, 213.5)


def test_readers_of_yesterday_find_what_they_look_for(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(YESTERDAY)
    (event,) = events.read(tmp_path)
    events.append(tmp_path, event)
    old, new = map(json.loads, (tmp_path / "events.jsonl").read_text().splitlines())
    assert new == old | {"metrics": {"psnr": 33.25, "ssim": 0.875}}


def test_a_run_that_has_not_begun_has_no_events(tmp_path: Path) -> None:
    assert events.read(tmp_path) == []


def test_a_line_torn_by_a_power_cut_is_left_out(tmp_path: Path) -> None:
    notice = Notice(time=1.0, sentence="whole")
    events.append(tmp_path, notice)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"kind":"notice","time":2.0,"sen')
    assert events.read(tmp_path) == [notice]


def test_a_torn_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    first, second = Notice(time=1.0, sentence="one"), Notice(time=2.0, sentence="two")
    events.append(tmp_path, first)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"kind":"notice","time":2.0,"sen')
    events.append(tmp_path, second)
    assert events.read(tmp_path) == [first, second]
