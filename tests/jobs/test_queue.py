"""The table of jobs, on SQLite and on PostgreSQL: who gets what, in which order, and what becomes
of what a worker left."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest
from sqlalchemy import text, update

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kind import ANSWER_SECONDS, MONTH_SECONDS
from ctdenoise.jobs.kinds.estimate import ESTIMATE, Estimate
from ctdenoise.jobs.kinds.simulate import PREVIEW, SIMULATE, Preview, Simulate
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.workspace.database import (
    Job,
    database,
    find_job,
    open_database,
    transaction,
)
from ctdenoise.workspace.tables import jobs

pytestmark = pytest.mark.usefixtures("store")


def new(workspace: str) -> str:
    return queue.add(TRAIN, Train(), workspace).id


def claimed(worker: str = "w", name: str = "train") -> Job:
    job = leases.claim(name, worker)
    assert job is not None
    return job


def test_a_job_comes_back_as_it_was_made() -> None:
    asked = Simulate(scan="0123456789ab", doses=(0.25, 0.1), seed=7)
    made = queue.add(SIMULATE, asked, "ann", subject="0123456789ab")
    again = queue.job(made.id)
    assert again == made
    assert Simulate.model_validate(again.arguments) == asked
    assert (again.kind, again.queue, again.state) == ("simulate", "batch", "queued")
    assert [job.id for job in queue.jobs_of("ann", "simulate", "0123456789ab")] == [made.id]
    assert queue.jobs_of("bob", "simulate") == queue.jobs_of("ann", "train") == []


def test_workspaces_come_one_after_the_other() -> None:
    ann = [new("ann") for _ in range(3)]
    bob = [new("bob") for _ in range(2)]
    order = [job.id for job in queue.waiting("train")]
    assert order == [ann[0], bob[0], ann[1], bob[1], ann[2]]
    assert [claimed().id for _ in range(5)] == order  # what runs counts as the first of its own
    assert leases.claim("train", "w") is None


def test_who_has_had_the_fewest_seconds_comes_next() -> None:
    ann, bob = new("ann"), new("bob")
    leases.give_way(claimed(), 0.1, "", seconds=3.0)
    leases.give_way(claimed(), 0.1, "", seconds=1.0)
    assert [job.id for job in queue.waiting("train")] == [bob, ann]
    cid = new("cid")  # begins at what the one has had who has had the fewest
    assert queue.job(cid).served == 1.0
    assert [job.id for job in queue.waiting("train")] == [bob, cid, ann]
    second = new("ann")
    assert queue.job(second).served == 3.0
    leases.end(claimed(), "finished", 1.0, "", seconds=8.0)  # bob's
    leases.beat(claimed(), 0.2, "", seconds=4.5)  # cid's
    assert [job.id for job in queue.waiting("train")] == [ann, second]
    assert queue.standing(queue.job(cid)) == (True, True)
    assert (queue.job(ann).used, queue.job(bob).used, queue.job(cid).used) == (3.0, 9.0, 4.5)
    leases.end(queue.job(cid), "finished", 1.0, "")
    leases.end(claimed(), "finished", 1.0, "", seconds=2.0)
    assert queue.job(second).served == 5.0  # a person's jobs are charged together
    leases.end(claimed(), "finished", 1.0, "")
    assert queue.job(new("dan")).served == 0.0  # nobody is there whose past would count


def test_what_nobody_else_wants_is_not_charged() -> None:
    new("ann"), new("ann")
    held = claimed()
    assert queue.standing(held) == (False, False)  # one's own second run takes nobody's place
    leases.beat(held, 0.1, "", seconds=600.0, contended=False)
    assert (queue.job(held.id).used, queue.job(held.id).served) == (600.0, 0.0)
    bob = new("bob")
    assert queue.standing(queue.job(held.id)) == (False, True)
    leases.beat(held, 0.2, "", seconds=0.5)
    assert queue.standing(queue.job(held.id)) == (True, True)
    leases.give_way(held, 0.2, "", contended=False)
    assert claimed().id == bob


def test_who_gives_way_keeps_its_place_and_the_start_of_its_first_turn() -> None:
    id = new("ann")
    held = claimed()
    assert leases.give_way(held, 0.1, "Waits.", seconds=1.0, first=0.0, left=7.0)
    waits = queue.job(id)
    assert (waits.queued, waits.started) == (held.queued, held.started)
    assert (waits.state, waits.first, waits.left, waits.used) == ("queued", 0.0, 7.0, 1.0)
    again = claimed()
    assert (again.started, again.left) == (held.started, 7.0)
    leases.end(again, "stopped", 0.2, "")
    asked = queue.requeue(id, expected=9.0, first=1.0)
    assert (asked.expected, asked.first, asked.left, asked.used) == (9.0, 1.0, None, 0.0)
    assert asked.started is None and asked.queued > held.queued


def test_a_stop_reaches_a_job_that_gives_way_at_this_very_moment() -> None:
    id = new("ann")
    claimed()
    with transaction() as connection:
        queue.change(connection, jobs.c.id == id, state="queued")
        stops = Thread(target=queue.stop, args=(id,))
        stops.start()
        stops.join(0.3)  # so that it meets what is not yet written
    stops.join()
    assert queue.job(id).state == "stopped"


def test_a_lease_is_taken_up_again_by_the_worker_that_has_the_job_in_its_memory() -> None:
    id = new("ann")
    held = claimed()
    leases.give_way(held, 0.1, "")
    assert leases.of_waiting([id]) == {id: held.lease}
    again = leases.claim("train", "w", {id: held.lease})
    assert again and again.lease == held.lease
    leases.give_way(again, 0.2, "")
    other = leases.claim("train", "other", {id: "older"})
    assert other and other.lease != held.lease
    leases.give_way(other, 0.3, "")
    queue.stop(id)
    assert leases.of_waiting([id]) == {}
    queue.requeue(id)  # with other settings, perhaps
    assert leases.of_waiting([id]) == {}
    third = leases.claim("train", "other", {id: other.lease})
    assert third and third.lease != other.lease


def test_a_worker_leaves_to_another_what_lies_in_its_memory() -> None:
    far, near = new("ann"), new("bob")
    for worker in ("other", "w"):
        leases.give_way(claimed(worker), 0.1, "", seconds=1.0)
    here = leases.of_waiting([near])
    taken = leases.claim("train", "w", here)
    assert taken and taken.id == near
    leases.give_way(taken, 0.2, "", seconds=5.0)  # now the other's has waited for too long
    taken = leases.claim("train", "w", leases.of_waiting([near]))
    assert taken and taken.id == far


def test_a_stop_that_comes_while_a_job_gives_way_is_heard() -> None:
    id = new("ann")
    held = claimed()
    queue.stop(id)
    leases.give_way(held, 0.25, "Waits for its next turn.")
    stopped = queue.job(id)
    assert (stopped.state, stopped.wanted) == ("stopped", "run")
    assert stopped.message == "Stopped at 25%." and stopped.ended


def test_what_finished_of_late_tells_what_it_needed() -> None:
    for number, expected in enumerate((10.0, 20.0, None)):
        queue.add(TRAIN, Train(), "ann", id=f"{number:012x}", expected=expected)
        leases.end(claimed(), "finished", 1.0, "", seconds=5.0)
    queue.add(TRAIN, Train(), "ann", expected=7.0)
    leases.end(claimed(), "failed", 0.5, "", seconds=5.0)
    assert {(job.expected, job.used) for job in queue.recent("train")} == {(10, 5), (20, 5)}
    assert len(queue.recent("train", 1)) == 1 and not queue.recent("simulate")


def test_no_job_is_claimed_twice() -> None:
    for number in range(24):
        new(f"workspace{number % 5}")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: claimed(f"worker{n}"), range(24)))
    assert len({job.id for job in taken}) == 24
    assert len({job.lease for job in taken}) == 24


def test_many_processes_write_at_once() -> None:
    """Fresh processes open the same new database and write without losing anything."""
    code = (
        "from ctdenoise.jobs import queue\n"
        "from ctdenoise.jobs.kinds.train import TRAIN, Train\n"
        "for _ in range(20): queue.add(TRAIN, Train(), 'ann')\n"
    )
    with ThreadPoolExecutor(4) as pool:
        ended = list(
            pool.map(lambda _: subprocess.run([sys.executable, "-c", code]).returncode, range(4))
        )
    assert ended == [0] * 4
    assert len(queue.jobs_of("ann", "train")) == 80


def test_a_stopped_queued_job_never_starts() -> None:
    stopped = queue.stop(new("ann"))
    assert (stopped.state, stopped.message) == ("stopped", "Stopped before its turn came.")
    assert leases.claim("train", "w") is None


def test_a_running_job_hears_of_the_stop() -> None:
    new("ann")
    held = claimed()
    heard = leases.beat(held, 0.2, "Epoch 1")
    assert heard and (heard.wanted, heard.progress, heard.message) == ("run", 0.2, "Epoch 1")
    queue.stop(held.id)
    heard = leases.beat(held, 0.4, "Epoch 2")
    assert heard and (heard.wanted, heard.state) == ("stop", "running")
    assert leases.end(held, "stopped", 0.4, "Stopped after epoch 2.")
    ended = queue.job(held.id)
    assert (ended.state, ended.message, ended.wanted) == (
        "stopped",
        "Stopped after epoch 2.",
        "run",
    )
    assert ended.started and ended.ended and ended.created <= ended.started <= ended.ended
    assert leases.beat(held, 0.5, "from the dead") is None


def test_only_who_holds_the_lease_may_tell_or_end() -> None:
    new("ann")
    old = claimed("old")
    leases.put_back(old)
    new_holder = claimed("new")
    assert leases.beat(old, 1, "") is None
    assert not leases.end(old, "finished", 1, "from the dead")
    assert not leases.give_way(old, 1, "")
    assert queue.job(old.id).state == "running"
    assert leases.end(new_holder, "finished", 1, "", {"scans": [1, 2]})
    assert queue.job(old.id).result == {"scans": [1, 2]}


def test_a_job_that_gives_way_waits_behind_the_others() -> None:
    first, second = new("ann"), new("bob")
    held = claimed()
    assert held.id == first
    leases.give_way(held, 0.5, "Waits for its next turn.", seconds=1.0)
    assert [job.id for job in queue.waiting("train")] == [second, first]
    assert queue.job(first).progress == 0.5


def test_an_ended_job_is_requeued_and_a_live_one_is_not() -> None:
    id = new("ann")
    with pytest.raises(Problem, match="has not ended yet"):
        queue.requeue(id)
    leases.end(claimed(), "failed", 0.3, "It broke.", [1])
    again = queue.requeue(id)
    assert (again.state, again.progress, again.result, again.ended) == ("queued", 0.3, None, None)


def test_an_interrupted_job_goes_first_and_is_given_up_in_the_end() -> None:
    id, *_ = new("ann"), new("bob"), new("cid")
    for death in range(leases.ATTEMPTS):
        held = claimed()
        assert held.id == id
        leases.put_back(held)
        assert queue.job(id).state == "queued", death
    held = claimed()
    leases.beat(held, 0.5, "")  # it came further: the count begins anew
    leases.put_back(queue.job(id))
    for _ in range(leases.ATTEMPTS):
        leases.put_back(claimed())
    failed = queue.job(id)
    assert failed.state == "failed"
    assert "The training was given up, since its worker died 3 times" in failed.message
    assert queue.requeue(id).attempts == 0


def test_a_job_whose_worker_died_of_a_lack_of_memory_is_not_tried_again() -> None:
    id = new("ann")
    held = claimed("w")
    leases.beat(held, 0.5, "Epoch 2", memory=leases.FULL + 0.01)
    leases.release("w")
    failed = queue.job(id)
    assert failed.state == "failed" and failed.ended
    assert failed.message.startswith("The training took all the memory that a worker may have")
    queue.requeue(id)  # somebody wants it to be tried again
    claimed("w")
    leases.release("w")  # killed before its first word
    assert queue.job(id).state == "queued"


def test_a_stop_that_was_wanted_before_the_worker_died_counts() -> None:
    id = new("ann")
    claimed()
    queue.stop(id)
    leases.put_back(queue.job(id))
    assert queue.job(id).state == "stopped"


def test_a_worker_that_starts_anew_lets_go_of_what_it_held() -> None:
    mine, others = new("ann"), new("bob")
    claimed("train-0")
    claimed("train-1")
    leases.release("train-0")
    assert (queue.job(mine).state, queue.job(others).state) == ("queued", "running")


def heard_of(id: str, seconds: float) -> None:
    """So long ago, the worker of this job said its last word."""
    with transaction() as connection:
        last = jobs.c.heartbeat - seconds
        connection.execute(update(jobs).where(jobs.c.id == id).values(heartbeat=last))


def test_a_silent_worker_loses_its_jobs_and_a_missing_one_soon() -> None:
    silent, gone, well = new("ann"), new("bob"), new("cid")
    claimed("silent"), claimed("gone"), claimed("well")
    heard_of(silent, leases.LEASE_SECONDS + 1)
    leases.put_back_lost()
    assert [queue.job(id).state for id in (silent, gone, well)] == ["queued", "running", "running"]
    leases.put_back_lost(["well", "another"])
    assert queue.job(gone).state == "running"  # it may have joined since they were counted
    heard_of(gone, leases.MISSED_SECONDS + 1)
    leases.put_back_lost(["well", "another"])
    assert [queue.job(id).state for id in (gone, well)] == ["queued", "running"]


def test_who_gives_way_has_no_right_to_go_first_any_more() -> None:
    new("ann")
    interrupted = claimed("gone")
    leases.release("gone")
    other = new("bob")
    again = claimed()
    assert (again.id, again.attempts) == (interrupted.id, 1)  # what was interrupted goes on first
    leases.give_way(again, 0.5, "", seconds=1.0)
    assert claimed().id == other


def test_an_answer_becomes_too_old() -> None:
    asked = Estimate(config=Config())
    job = queue.add(ESTIMATE, asked, "ann", subject=queue.digest(asked))
    leases.end(claimed(name="interactive"), "finished", 1, "", 5)
    assert (found := queue.answers(ESTIMATE, asked, "ann")) and found.id == job.id
    with transaction() as connection:
        connection.execute(update(jobs).values(ended=jobs.c.ended - ANSWER_SECONDS - 1))
    assert queue.answers(ESTIMATE, asked, "ann") is None


def test_pixels_are_made_again_by_another_worker_after_a_death() -> None:
    job = queue.add(PREVIEW, Preview(scan="x", index=0, dose=0.5), "ann")
    assert leases.take(job.id, "died of it")
    assert leases.take(job.id, "w") is None
    taken = leases.take(job.id, "w", ("queued", "running"))
    assert taken and taken.worker == "w"


def test_what_the_database_refuses_is_told_in_a_sentence() -> None:
    with pytest.raises(Problem) as told, transaction() as connection:
        connection.execute(text("SELECT x FROM nowhere"))
    assert str(told.value).startswith("The database did not answer (")
    assert "nowhere" in str(told.value) and "{" not in str(told.value)


def test_who_looks_at_a_part_is_heard() -> None:
    id = new("ann")
    queue.look_at(id, 5)
    held = claimed()
    assert held.focus == 5
    queue.look_at(id, 7)
    heard = leases.beat(held, 0, "")
    assert heard and heard.focus == 7


def test_what_nobody_can_ask_for_any_more_is_forgotten() -> None:
    run, asked = new("ann"), Estimate(config=Config())
    answer = queue.add(ESTIMATE, asked, "ann", subject=queue.digest(asked)).id
    pixels = queue.add(PREVIEW, Preview(scan="x", index=0, dose=0.5), "ann").id
    simulation = queue.add(SIMULATE, Simulate(scan="x", doses=(0.5,)), "ann", subject="x").id
    for name in ("train", "interactive", "batch"):
        leases.end(claimed(name=name), "finished", 1, "")

    def left_after(seconds: float) -> set[str]:
        with transaction() as connection:
            moved = {name: jobs.c[name] - seconds for name in ("ended", "queued")}
            connection.execute(update(jobs).values(moved))
        queue.prune()
        return {id for id in (run, answer, pixels, simulation) if find_job(id)}

    assert left_after(0) == {run, answer, pixels, simulation}
    assert left_after(ANSWER_SECONDS + 1) == {run, simulation}
    assert left_after(MONTH_SECONDS) == {run}  # as long as the run itself


def test_a_question_finds_the_job_that_answers_it() -> None:
    asked = Estimate(config=Config(filters=8))
    assert queue.answers(ESTIMATE, asked, "ann") is None
    job = queue.add(ESTIMATE, asked, "ann", subject=queue.digest(asked))
    assert queue.answers(ESTIMATE, Estimate(config=Config(filters=8)), "ann") == job
    assert queue.answers(ESTIMATE, Estimate(config=Config(filters=9)), "ann") is None
    assert queue.answers(ESTIMATE, asked, "bob") is None
    leases.end(claimed(name="interactive"), "failed", 0, "It broke: mend it.")
    assert queue.answers(ESTIMATE, asked, "ann") is None  # and is asked anew


def test_pixels_are_left_to_who_waits_for_them() -> None:
    job = queue.add(PREVIEW, Preview(scan="x", index=0, dose=0.5), "ann")
    assert leases.claim("interactive", "w") is None and not queue.live()
    assert leases.take(job.id, "w")


BAD = [
    ("arguments", "'null'"),
    ("arguments", "'[1, 2]'"),
    ("arguments", "'\"text\"'"),
    ("state", "'running'"),  # with a progress that is no number
    ("wanted", "'fly'"),
    ("progress", "9e999"),
    ("queued", "'-Infinity'"),
]
BAD_ON_SQLITE = [
    ("arguments", "'{\"scan\": '"),
    ("arguments", "''"),
    ("arguments", "'" + "[" * 100_000 + "'"),
    ("arguments", "x'ff00'"),
    ("result", "'{'"),
    ("progress", "'half'"),
    ("queued", "'yesterday'"),
    ("started", "'yesterday'"),
    ("created", "x'ff'"),
    ("attempts", "'many'"),
    ("served", "'much'"),
    ("left", "'little'"),
    ("focus", "'here'"),
    ("state", "'half'"),
]


@pytest.mark.parametrize(("column", "value"), BAD + BAD_ON_SQLITE)
def test_a_row_that_cannot_be_read_fails_alone(store: str, column: str, value: str) -> None:
    if store.startswith("postgresql") and (column, value) in BAD_ON_SQLITE:
        pytest.skip("PostgreSQL refuses such a value itself")
    if store.startswith("postgresql") and value == "9e999":
        value = "'Infinity'"
    bad, good, other = new("ann"), new("ann"), new("bob")
    with transaction() as connection:
        connection.execute(text(f"UPDATE jobs SET {column} = {value} WHERE id = '{bad}'"))
        if value == "'running'":
            connection.execute(text(f"UPDATE jobs SET progress = 'NaN' WHERE id = '{bad}'"))
    assert {job.id for job in queue.live()} == {good, other}
    leases.put_back_lost([])
    leases.release("w")
    assert {claimed().id, claimed().id} == {good, other}
    assert leases.claim("train", "w") is None
    failed = queue.job(bad)
    assert (failed.state, failed.workspace) == ("failed", "ann")
    assert failed.message == ("The record of this job cannot be read any more: start it anew.")
    assert {job.id for job in queue.jobs_of("ann", "train")} == {bad, good}
    assert queue.requeue(bad).state == "queued"
    assert claimed().id == bad


def test_no_job_begins_with_what_a_damaged_row_says_of_its_person(store: str) -> None:
    value = "9e999" if store.startswith("sqlite") else "'Infinity'"
    bad = new("ann")
    with transaction() as connection:
        connection.execute(text(f"UPDATE jobs SET served = {value} WHERE id = '{bad}'"))
    assert {queue.job(new(person)).state for person in ("bob", "ann")} == {"queued"}


def test_a_letter_that_is_none_spoils_no_row(store: str) -> None:
    if not store.startswith("sqlite"):
        pytest.skip("PostgreSQL refuses such text itself")
    bad, good = new("ann"), new("bob")
    with transaction() as connection:
        connection.execute(
            text(f"UPDATE jobs SET message = CAST(x'41ff' AS TEXT) WHERE id='{bad}'")
        )
    assert {job.id for job in queue.live()} == {bad, good}
    assert queue.job(bad).message == "A�"


def test_a_database_that_another_holds_is_told_soon(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = new("ann")
    database().dispose()
    database.cache_clear()
    monkeypatch.setattr("ctdenoise.workspace.database.BUSY_SECONDS", 0.2)
    holder = open_database(store)
    with holder.connect() as connection:
        if store.startswith("sqlite"):
            connection.execute(text("BEGIN IMMEDIATE"))
        else:
            connection.execute(text("LOCK TABLE jobs IN EXCLUSIVE MODE"))
        assert queue.job(id).state == "queued"  # who only looks need not wait
        for change in (lambda: new("ann"), lambda: queue.stop(id)):
            with pytest.raises(Problem) as told:
                change()
            assert str(told.value) == (
                "The database is held by another program and did not answer for 0.2 s: "
                "try again in a moment; nothing was changed."
            )
        connection.rollback()
    holder.dispose()
    assert queue.stop(id).state == "stopped"


def test_for_how_long_nothing_was_heard() -> None:
    waits, runs = new("ann"), new("bob")
    with transaction() as connection:
        connection.execute(update(jobs).where(jobs.c.id == waits).values(queued=1e9))
        connection.execute(update(jobs).where(jobs.c.id == runs).values(queued=2e9))
    assert queue.silent_seconds(queue.job(waits)) > 1e8
    leases.take(runs, "w")
    assert queue.silent_seconds(queue.job(runs)) < 60
    heard_of(runs, 500)
    assert 500 <= queue.silent_seconds(queue.job(runs)) < 560
