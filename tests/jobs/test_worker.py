"""The worker's loop with kinds of job of the tests' own: how jobs end, stop and give way."""

import gc
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
import torch  # noqa: F401  (whose lack of memory is told where it is there)
from waiting import until

from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, parking, queue, worker
from ctdenoise.jobs.kind import KINDS, Arguments, GaveWay, Kind, Outcome, Running, Stopped
from ctdenoise.scans.scan import Scan
from ctdenoise.settings import ROOT, settings
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import Library

pytestmark = pytest.mark.usefixtures("home", "clean")


class Given(Arguments):
    """Something to work with."""

    number: int = 0


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Kind[Given, Any]]]:
    """Makes a kind of job of a function, for as long as the test lasts."""
    monkeypatch.setattr(worker, "_worker", lambda: "here")
    with ExitStack() as added:

        def make(
            run: Callable[[Running[Given]], Any], kept_seconds: float = 60, name: str = "own"
        ) -> Kind[Given, Any]:
            return added.enter_context(
                KINDS.added(Kind(name, "The work", "batch", Given, run, kept_seconds))
            )

        yield make


def done(kind: Kind[Given, Any], number: int = 0, workspace: str = "ann") -> Job:
    id = queue.add(kind, Given(number=number), workspace).id
    worker.serve("batch")
    return queue.job(id)


def test_what_it_returns_is_its_result(kind: Callable[..., Kind[Given, Any]]) -> None:
    ended = done(kind(lambda job: {"twice": (2 * job.arguments.number,)}), 21)
    assert (ended.state, ended.result, ended.progress) == ("finished", {"twice": [42]}, 1.0)
    assert ended.worker == "here" and ended.started and ended.ended


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Problem("scan7", "is upside down", "turn it"), "scan7 is upside down: turn it."),
        (OSError(28, "No space left"), "The work could not be written because the disk is full"),
        (MemoryError(), "The work needs more memory than it may have"),
        (
            RuntimeError(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
            ),
            "The work needs more memory than it may have",
        ),
        (ZeroDivisionError("a slip"), r"The work failed unexpectedly (ZeroDivisionError: a slip)"),
    ],
)
def test_what_goes_wrong_is_a_sentence(
    kind: Callable[..., Kind[Given, Any]], error: Exception, sentence: str
) -> None:
    def run(job: Running[Given]) -> None:
        job.progress = 0.4
        raise error

    ended = done(kind(run))
    assert (ended.state, ended.progress) == ("failed", 0.4)
    assert ended.message.startswith(sentence)


def test_arguments_that_cannot_be_read_fail_that_job_alone(
    kind: Callable[..., Kind[Given, Any]],
) -> None:
    class Other(Arguments):
        """Of another version."""

        colour: str

    class Worded(Arguments):
        """Of yet another."""

        number: str = "one"

    own = kind(lambda job: "fine")
    for other in (Other(colour="red"), Worded()):
        bad = queue.add(own, other, "ann").id
        good = queue.add(own, Given(), "bob").id
        worker.serve("batch")
        worker.serve("batch")
        assert (queue.job(bad).state, queue.job(good).state) == ("failed", "finished")
        assert queue.job(bad).message == (
            "The work was asked for in words that cannot be read here: start it anew."
        )


def test_a_kind_that_there_is_no_more_fails_that_job_alone(
    kind: Callable[..., Kind[Given, Any]],
) -> None:
    gone = Kind("gone", "Gone", "batch", Given, lambda job: None)
    id = queue.add(gone, Given(), "ann").id
    worker.serve("batch")
    assert queue.job(id).message.startswith("The kind of job gone does not exist")


def test_a_result_that_no_row_can_hold_fails_that_job_alone(
    kind: Callable[..., Kind[Given, Any]],
) -> None:
    ended = done(kind(lambda job: {"pixels": np.zeros(3)}))
    assert ended.state == "failed" and "PydanticSerializationError" in ended.message


def test_an_outcome_says_how_it_ended(kind: Callable[..., Kind[Given, Any]]) -> None:
    ended = done(kind(lambda job: Outcome("stopped", "Enough of it.", [1])))
    assert (ended.state, ended.message, ended.result) == ("stopped", "Enough of it.", [1])


def test_a_stop_is_heard_within_a_second_and_progress_is_told(
    kind: Callable[..., Kind[Given, Any]],
) -> None:
    begun = threading.Event()

    def run(job: Running[Given]) -> None:
        while True:
            job.tell(0.3, "Step 3")
            begun.set()
            time.sleep(0.01)

    id = queue.add(kind(run), Given(), "ann").id
    thread = threading.Thread(target=worker.serve, args=("batch",))
    thread.start()
    assert begun.wait(10)
    until(lambda: queue.job(id).progress == 0.3)
    assert (queue.job(id).progress, queue.job(id).message) == (0.3, "Step 3")
    queue.stop(id)
    thread.join(10)
    assert not thread.is_alive()
    ended = queue.job(id)
    assert (ended.state, ended.message) == ("stopped", "Stopped.")


def test_who_looks_at_a_part_reaches_the_job(kind: Callable[..., Kind[Given, Any]]) -> None:
    seen: list[int | None] = []

    def run(job: Running[Given]) -> None:
        queue.look_at(job.job.id, 5)
        until(lambda: job.focus is not None)
        seen.append(job.focus)

    done(kind(run))
    assert seen == [5]


def test_a_job_that_was_removed_stops_and_leaves_nothing(
    kind: Callable[..., Kind[Given, Any]],
) -> None:
    def run(job: Running[Given]) -> None:
        queue.remove(job.job.id)
        until(lambda: job.tell(0.5, "") is not None)  # ends when it hears of it

    with pytest.raises(Problem, match="does not exist any more"):
        done(kind(run))


def test_a_job_that_gives_way_comes_back_after_the_others(
    kind: Callable[..., Kind[Given, Any]],
) -> None:
    order: list[int] = []

    def run(job: Running[Given]) -> None:
        order.append(job.arguments.number)
        if job.arguments.number == 1 and not job.progress:
            until(lambda: job.turn_is_over(0.0))
            job.progress, job.first, job.left = 0.5, 0.0, 3.0
            raise GaveWay

    own = kind(run)
    first = queue.add(own, Given(number=1), "uma").id
    second = queue.add(own, Given(number=2), "vic").id
    worker.serve("batch")  # the first gives way, the same call takes the second
    waits = queue.job(first)
    assert (waits.state, waits.progress, waits.first, waits.left) == ("queued", 0.5, 0.0, 3.0)
    assert 0 < waits.served <= waits.used + 1e-6
    worker.serve("batch")
    assert order == [1, 2, 1]
    assert {queue.job(id).state for id in (first, second)} == {"finished"}


def test_a_turn_is_charged_from_its_first_second_on(
    kind: Callable[..., Kind[Given, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be over before the worker has told of it once."""
    monkeypatch.setattr(worker, "_tell_and_hear", lambda running, share: None)

    def run(job: Running[Given]) -> None:
        job.began -= 3.0
        raise GaveWay

    id = queue.add(kind(run), Given(), "ann").id
    queue.add(KINDS["own"], Given(), "bob")
    taken = leases.claim("batch", "here")
    assert taken and taken.id == id and worker.execute(taken) is GaveWay
    assert queue.job(id).served >= 3.0


def test_no_second_is_charged_twice_where_a_turn_ends_while_its_worker_speaks(
    kind: Callable[..., Kind[Given, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, over, beat, give_way = threading.Event(), threading.Event(), leases.beat, leases.give_way

    def slow_beat(*given: Any, **more: Any) -> Job | None:
        row = beat(*given, **more)
        told.set()
        over.wait(0.3)  # so long that the turn could end meanwhile
        return row

    def ends(*given: Any, **more: Any) -> bool:
        written = give_way(*given, **more)
        over.set()
        return written

    def run(job: Running[Given]) -> None:
        job.began -= 100.0
        assert told.wait(10)
        raise GaveWay

    monkeypatch.setattr(leases, "beat", slow_beat)
    monkeypatch.setattr(leases, "give_way", ends)
    id = queue.add(kind(run), Given(), "ann").id
    taken = leases.claim("batch", "here")
    assert taken and worker.execute(taken) is GaveWay
    assert 100.0 <= queue.job(id).used < 200.0


def test_what_it_leaves_in_memory_is_there_at_its_next_turn(
    kind: Callable[..., Kind[Given, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Left:
        held_bytes = 1 << 20

    found: list[Any] = []

    def run(job: Running[Given]) -> None:
        found.append(job.kept)
        if len(found) % 2:
            raise GaveWay(Left())

    own = kind(run)

    def twice(change: Callable[[str], object] = lambda id: None) -> Any:
        """What it finds at its second turn, where something is done to it before."""
        found.clear()
        id = queue.add(own, Given(), "ann").id
        taken = leases.claim("batch", "here")
        assert taken and worker.execute(taken) is GaveWay
        change(id)
        worker.serve("batch")
        assert queue.job(id).state == "finished"
        return found[1]

    assert isinstance(twice(), Left)

    def elsewhere(id: str) -> None:
        there = leases.take(id, "there")
        assert there
        leases.give_way(there, 0.5, "")

    def stop_and_go_on(id: str) -> None:
        queue.stop(id)
        queue.requeue(id)

    for change in (elsewhere, stop_and_go_on):
        assert twice(change) is None
    monkeypatch.setattr(parking, "SHARE", (1 << 20) / (settings().worker_memory_mb << 20) - 1e-9)
    assert twice() is None  # there is no room for it


def test_what_it_left_in_memory_goes_with_its_end(
    kind: Callable[..., Kind[Given, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Left:
        held_bytes = 1
        hears: Any = None

    known: list[weakref.ref[Left]] = []

    def run(job: Running[Given]) -> str:
        if job.kept:
            job.kept.hears = job  # as a training does
            return "done"
        left = Left()
        known.append(weakref.ref(left))
        raise GaveWay(left)

    gc.disable()
    try:
        assert done(kind(run)).state == "finished"
        assert known[0]() is None
    finally:
        gc.enable()


def test_an_idle_worker_lets_go_of_what_went_on_elsewhere(
    kind: Callable[..., Kind[Given, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Left:
        held_bytes = 1

    def run(job: Running[Given]) -> None:
        raise GaveWay(Left())

    id = queue.add(kind(run), Given(), "ann").id
    taken = leases.claim("batch", "here")
    assert taken and worker.execute(taken) is GaveWay and id in parking.here()
    assert leases.take(id, "there")
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    worker._Heart()
    until(lambda: not parking._parked, 30)


def test_an_end_that_cannot_be_written_is_written_later(
    kind: Callable[..., Kind[Given, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full, or the database held: what was done is not done again."""
    tries, real = [], leases.end

    def end(*given: Any, **more: Any) -> bool:
        tries.append(given)
        if len(tries) < 4:
            raise Problem("The database", "could not be written", "free some space")
        return real(*given, **more)

    monkeypatch.setattr(leases, "end", end)
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.01)
    ended = done(kind(lambda job: "done"))
    assert (ended.state, ended.result, len(tries)) == ("finished", "done", 4)
    monkeypatch.setattr(worker, "INSIST_SECONDS", 0.0)
    tries.clear()
    with pytest.raises(Problem, match="free some space"):
        done(kind(lambda job: "done", name="other"))


def test_somebody_waits_for_an_answer(kind: Callable[..., Kind[Given, Any]]) -> None:
    own = kind(lambda job: job.arguments.number + 1, kept_seconds=0)
    id = queue.add(own, Given(number=4), "ann").id
    assert worker.answer(id) == 5
    with pytest.raises(Problem, match="does not exist any more"):  # nothing is kept of it
        queue.job(id)
    with pytest.raises(Problem, match="is not waited for any more"):
        worker.answer(id)


def test_who_waits_hears_what_went_wrong(kind: Callable[..., Kind[Given, Any]]) -> None:
    def fail(job: Running[Given]) -> None:
        raise Problem("scan7", "is upside down", "turn it")

    def stop(job: Running[Given]) -> None:
        raise Stopped("Stopped.")

    for run, sentence in ((fail, "scan7 is upside down"), (stop, "The work was stopped")):
        with ExitStack() as while_:
            own = while_.enter_context(
                KINDS.added(Kind("answer", "The work", "interactive", Given, run, 0))
            )
            id = queue.add(own, Given(), "ann").id
            with pytest.raises(Problem, match=sentence):
                worker.answer(id)


def test_a_worker_lets_go_at_its_start_of_what_it_held_when_it_died(
    kind: Callable[..., Kind[Given, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = kind(lambda job: "done")
    id = queue.add(own, Given(), "ann").id
    leases.take(id, "here")
    monkeypatch.setattr(worker, "_entered", set())
    worker.serve("batch")
    ended = queue.job(id)
    assert (ended.state, ended.attempts) == ("finished", 1)


def test_the_worked_example_of_the_manual_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    section = (ROOT / "docs" / "extending.md").read_text("utf-8").split("\n## A kind of job\n")[1]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert code
    monkeypatch.setattr(worker, "_worker", lambda: "here")
    monkeypatch.setattr(KINDS, "_entries", {name: KINDS[name] for name in KINDS})
    exec(code[1], example := {"__name__": "noise"})
    values = np.random.default_rng(0).normal(40, 20, (3, 64, 64)).astype(np.float32)
    scan = Scan("water", values, (1.0, 1.0), np.arange(3.0), np.zeros((3, 3)))
    id = Library(settings().workspaces / "ann").add_scan(scan, []).id
    ended = queue.add(example["NOISE"], example["Noise"](scan=id), "ann", subject=id)
    worker.serve("batch")
    ended = queue.job(ended.id)
    assert ended.state == "finished" and ended.result == pytest.approx([20] * 3, rel=0.1)
    lost = queue.add(example["NOISE"], example["Noise"](scan="0" * 12), "ann")
    worker.serve("batch")
    assert queue.job(lost.id).message.startswith("This scan is not in the workspace")
