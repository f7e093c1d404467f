"""What a waiting person reads: whose turn it is, and when there is something to see."""

from typing import Any

import pytest
from apptest import WORKSPACE, labelled, opened
from sqlalchemy import update

from ctdenoise.config import events
from ctdenoise.config.config import Config, override
from ctdenoise.config.presets import PRESETS
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.simulate import SIMULATE, Simulate
from ctdenoise.jobs.kinds.train import TRAIN, Train, needs
from ctdenoise.ui.components import sharing
from ctdenoise.workspace.database import Job, transaction
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.runs import create_run
from ctdenoise.workspace.tables import jobs

pytestmark = pytest.mark.usefixtures("on_the_spot")


def row(id: str, person: str, seconds: float = 60.0, **values: Any) -> Job:
    """A training in the queue, as its row says."""
    made = queue.add(TRAIN, Train(), person, id=id, expected=seconds, first=3.0)
    return changed(made, **values)


def changed(job: Job, **values: Any) -> Job:
    if values:
        with transaction() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
    return queue.job(job.id)


def several(count: int) -> list[Job]:
    """So many people, whose runs wait."""
    return [row(f"a{n}", f"learner{n}") for n in range(count)]


def test_a_class_reads_place_first_picture_and_end() -> None:
    mine = [*several(5), row("b", WORKSPACE)][-1]
    assert sharing.waiting(mine) == (
        "6 people share this machine now. Your turn comes after 5 others: "
        "first picture in about 20 s, finished in about 6 min."
    )
    assert sharing.waiting(queue.job("a0")) == (
        "6 people share this machine now. Your turn comes next: "
        "first picture in about 5 s, finished in about 6 min."
    )


def test_between_turns_and_in_one() -> None:
    several(3)
    told = {"used": 30.0, "left": 30.0, "first": 0.0, "served": 1.0, "progress": 0.5}
    mine = row("b", WORKSPACE, **told)
    assert sharing.far(mine, "Epoch 7 of 50") == (
        "Epoch 7 of 50. 4 people share this machine: next turn after 3 others, "
        "finished in about 2 min."
    )
    runs = changed(mine, state="running")
    assert sharing.far(runs, "Epoch 7 of 50", 30.0) == (
        "Epoch 7 of 50. 4 people share this machine: finished in about 2 min."
    )
    queue.stop("a0")
    assert sharing.far(mine, "Epoch 7 of 50") == (  # within seconds: that would flicker
        "Epoch 7 of 50. 3 people share this machine: finished in about 2 min."
    )


def test_alone_there_is_no_word_of_sharing() -> None:
    mine = row("b", WORKSPACE)
    assert sharing.waiting(mine) == "Next in line."
    runs = changed(mine, state="running", used=20.0, left=40.0, first=0.0)
    assert sharing.far(runs, "Epoch 7 of 50", 40.0) == "Epoch 7 of 50, about 40 s left"
    assert sharing.far(runs, "Epoch 7 of 50") == "Epoch 7 of 50"
    hurt = changed(mine, state="queued", attempts=1, message="Was interrupted and waits to go on.")
    assert sharing.waiting(hurt) == "Was interrupted and waits to go on."


def test_ones_own_runs_are_named(pair: PairRecord) -> None:
    earlier = create_run(WORKSPACE, "First *try*", Config(), [(WORKSPACE, pair.id)])
    row(earlier.id, WORKSPACE, state="running")
    assert sharing.waiting(row("b", WORKSPACE)) == (
        "Your turn comes after your own run First *try*: "
        "first picture in about 1 min, finished in about 2 min."
    )
    assert sharing.waiting(row("c", WORKSPACE)).startswith("Your turn comes after 2 runs of yours:")
    queue.add(SIMULATE, Simulate(scan="x", doses=(0.5,)), WORKSPACE)
    other = queue.add(SIMULATE, Simulate(scan="y", doses=(0.5,)), WORKSPACE)
    assert (
        sharing.waiting(other) == "Your turn comes after 1 job of yours."
    )  # how long, nobody knows
    assert sharing.joining(TRAIN, WORKSPACE, left=60.0) == "about 4 min after 3 of yours"


def test_the_more_people_the_fewer_looks_of_each() -> None:
    paces = []
    mine = row("b", WORKSPACE)
    for count in range(40):
        paces.append(sharing.pace(mine, 0.4))
        row(f"a{count}", f"learner{count}")
    assert paces[:2] == [0.4, 1.0] and paces[-1] == 3.0
    assert paces == sorted(paces)
    for people, pace in enumerate(paces, 1):
        assert people / pace <= 14 or pace == 3.0


def test_all_who_look_at_once_read_the_rows_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, reads, live = row("b", WORKSPACE), [], queue.contenders
    monkeypatch.setattr(sharing, "FRESH_SECONDS", 3600.0)
    monkeypatch.setattr(queue, "contenders", lambda: [reads.append(1), *live()][1:])
    assert sharing.seen(mine).end == 60
    assert sharing.seen(changed(mine, state="running", left=7.0)).end == 7  # its own row is new
    assert len(reads) == 1


def test_train_tells_how_long_it_takes_with_the_others(pair: PairRecord) -> None:
    def told() -> tuple[str, str]:
        metric = labelled(opened("Train").metric, "Time on this machine")
        return metric.value, metric.delta

    assert told() == ("about 1 min 15 s", "")
    several(3)
    shared = told()
    needed = needs(WORKSPACE, override(PRESETS["recommended"], {}))
    end = sharing.seen(queue.add(TRAIN, Train(), WORKSPACE, id="b", **needed)).end
    assert end and shared == ("about 1 min 15 s", f"{sharing.about(end)} with 3 others")  # as Watch


def test_watch_tells_a_waiting_person_what_to_do_meanwhile(pair: PairRecord) -> None:
    run = create_run(WORKSPACE, "Mine", Config(epochs=50), [(WORKSPACE, pair.id)])
    several(7)
    row(run.id, WORKSPACE)
    app = opened("Watch", run=run.id)
    (bar,) = app.get("progress")
    assert bar.proto.text.startswith("8 people share this machine now. Your turn comes after 7")
    assert any("You can leave this page" in each.value for each in app.caption)
    assert {"Look at the scans"} <= {each.proto.label for each in app.get("page_link")}
    for other in queue.live("train"):
        if other.id != run.id:
            queue.stop(other.id)
    app.run()
    assert app.get("progress")[0].proto.text == "Next in line."
    assert any("You can leave this page" in each.value for each in app.caption)  # nothing jumps
    assert not any("leave this page" in e.value for e in opened("Watch", run=run.id).caption)


def test_watch_judges_an_epoch_late_by_the_runs_own_seconds(pair: PairRecord) -> None:
    run = create_run(WORKSPACE, "Mine", Config(epochs=50), [(WORKSPACE, pair.id)])
    several(2)
    mine = row(run.id, WORKSPACE)
    held = leases.take(run.id, "w")
    assert held
    started = events.Started(
        time=1.0, device="cpu", precision="float32", parameters=1, epochs=50, steps_per_epoch=1,
        factors={}, split="", window=(40.0, 400.0),
    )  # fmt: skip
    events.append(run.folder, started)
    for number in range(3):
        events.append(run.folder, events.Epoch(
            time=float(number), epoch=number, step=1, train_seconds=number, terms={},
            validation_mse=1, low_mse=1, metrics={}, image="a.tif", seconds_left=9,
        ))  # fmt: skip
    changed(mine, used=20.0, left=100.0, first=0.0)
    app = opened("Watch", run=run.id)

    def text() -> str:
        app.run()
        return str(app.get("progress")[0].proto.text)

    assert "longer than usual" not in text()  # years of others' turns
    changed(mine, used=49.0)
    assert "longer than usual" not in text()
    changed(mine, used=51.0)
    assert text().startswith("Epoch 2 of 50, the next one takes longer than usual: 31 s so far. 3 ")
    changed(mine, state="queued")
    assert "longer than usual" not in text() and "Epoch 2 of 50. 3 people" in text()
    changed(mine, first=3.0, left=None)  # the row is half a second behind the picture
    assert "first picture" not in text()
