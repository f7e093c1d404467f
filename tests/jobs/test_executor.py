"""The engine as it really runs, with trainings and other jobs that are short sleeps (standin/)."""

import json
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError
from homes import forget
from waiting import SECONDS, until

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import executor as module
from ctdenoise.jobs import leases, local, queue
from ctdenoise.jobs.executor import DaskExecutor
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.jobs.scheduler import INTERACTIVE_THREADS
from ctdenoise.settings import settings
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.runs import Run, create_run, find_run, keep_config

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes the POSIX way"),
    pytest.mark.usefixtures("stand_in", "clean"),
]


def nap(name: str, seconds: float = 0.0, trouble: str = "") -> tuple[Any, Any]:
    """A kind of job of the stand-in by its name there, and what it is given."""
    naps = import_module("ctdenoise.jobs.kinds.nap")
    return getattr(naps, name), naps.Nap(seconds=seconds, trouble=trouble)


def ended(job: Job) -> Job:
    until(lambda: not queue.job(job.id).live)
    return queue.job(job.id)


@pytest.fixture
def launch(running: DaskExecutor, pair_id: str) -> Callable[..., str]:
    """Queue a training; ``epoch`` is the length of one in seconds."""

    def start(workspace: str = "ann", epochs: int = 2, epoch: float = 0.05, seed: int = 1) -> str:
        config = Config(epochs=epochs, steps_per_epoch=max(round(epoch * 100), 1), seed=seed)
        folders = settings().workspaces
        if workspace != "ann":  # a copy: nobody learns from another's
            shutil.copytree(folders / "ann", folders / workspace, dirs_exist_ok=True)
        run = create_run(workspace, f"run of {workspace}", config, [(workspace, pair_id)])
        running.submit(TRAIN, Train(), workspace, id=run.id)
        return run.id

    return start


def state(run_id: str) -> str:
    return find_run(run_id).state


def message(run_id: str) -> str:
    return queue.job(run_id).message


def calls(running: DaskExecutor) -> int:
    """How many calls to workers wait or are being answered."""
    told = module._on_scheduler(running._connected(), module.workers_and_calls)
    return len(told["calls"])


def checkpoint(run_id: str) -> Path:
    return find_run(run_id).folder / "checkpoint.safetensors"


def starts(run: Run) -> list[list[str]]:
    """(epoch, pid, niceness, time) of every start of a run's trainer."""
    file = run.folder / "starts.txt"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def test_the_server_side_never_imports_torch() -> None:
    code = (
        "import sys, ctdenoise.jobs.executor, ctdenoise.workspace.runs\n"
        "from ctdenoise.jobs.kind import KINDS\n"
        "assert len(KINDS) > 10; import distributed\n"
        "sys.exit('torch' in sys.modules)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_a_run_is_trained_at_low_priority(launch: Callable[..., str]) -> None:
    run_id = launch()
    until(lambda: state(run_id) == "finished")
    assert message(run_id) == "Ended: finished."
    [(_, pid, niceness, _)] = starts(find_run(run_id))
    assert int(pid) != os.getpid() and int(niceness) >= 10


def test_what_somebody_waits_for_is_answered_beside_everything_else(
    launch: Callable[..., str], running: DaskExecutor
) -> None:
    run_id = launch(epochs=1000, epoch=60)
    others = [
        running.submit(*nap(name, 2 * SECONDS), "ann") for name in ("BATCH", "FILES", "DOWNLOAD")
    ]
    until(lambda: state(run_id) == "running")
    until(lambda: all(queue.job(job.id).state == "running" for job in others))
    told = running.request(*nap("NOW"), "ann")
    assert told["nice"] < 10 and told["OMP_NUM_THREADS"] == str(INTERACTIVE_THREADS)
    assert told["MALLOC_ARENA_MAX"] == "2" and told["GOMP_SPINCOUNT"] == "5000"
    assert int(told["CTDENOISE_TRAINING_THREADS"]) >= INTERACTIVE_THREADS  # for estimates
    with pytest.raises(Problem, match="too long"):
        running.request(*nap("NOW", 60), "ann", timeout=0.1)
    for id in (run_id, *(job.id for job in others)):
        queue.stop(id)
    until(lambda: not any(queue.job(id).live for id in (run_id, *(job.id for job in others))))
    assert state(run_id) == "stopped"
    assert {queue.job(job.id).message for job in others} == {"Stopped."}


def test_batch_jobs_wait_for_each_other(running: DaskExecutor) -> None:
    jobs = [running.submit(*nap("BATCH", 0.5), who) for who in ("ann", "bob")]
    first, second = sorted((ended(job) for job in jobs), key=lambda job: job.started or 0)
    assert first.ended and second.started and first.ended <= second.started
    assert first.result["pid"] == second.result["pid"]


def test_what_waits_behind_long_jobs_holds_up_no_other_queue(running: DaskExecutor) -> None:
    """A worker of several queues looks at the first call alone, so their order matters."""
    long = [running.submit(*nap(name, 60), "ann") for name in ("BATCH", "DOWNLOAD") * 2]
    until(lambda: sum(queue.job(job.id).state == "running" for job in long) == 2)
    assert running.answer(*nap("ANSWER"), "bob", 30)["pid"]
    assert ended(running.submit(*nap("FILES"), "bob")).state == "finished"
    for job in long:
        queue.stop(job.id)


def test_a_picture_never_waits_for_long_answers(running: DaskExecutor) -> None:
    long = [running.submit(*nap("BATCH", 60), "ann")]
    long += [running.submit(*nap("ANSWER", 60 + n), "ann") for n in range(3)]
    until(lambda: sum(queue.job(job.id).state == "running" for job in long) == 3)
    assert running.request(*nap("NOW"), "bob", 30)["pid"]
    assert sum(queue.job(job.id).state == "running" for job in long) == 3
    for job in long:
        queue.stop(job.id)


def test_two_files_are_read_at_a_time(running: DaskExecutor) -> None:
    jobs = [running.submit(*nap("FILES", 60), "ann") for _ in range(3)]
    until(lambda: sum(queue.job(job.id).state == "running" for job in jobs) == 2)
    queue.stop(jobs[0].id)
    until(lambda: queue.job(jobs[2].id).state == "running")


def test_problems_come_back_as_problems(running: DaskExecutor) -> None:
    with pytest.raises(Problem) as told:
        running.request(*nap("NOW", trouble="problem"), "ann")
    assert str(told.value) == "scan7 is upside down: turn it."
    with pytest.raises(Problem, match=r"The nap failed unexpectedly \(ZeroDivisionError"):
        running.request(*nap("NOW", trouble="slip"), "ann")
    job = ended(running.submit(*nap("BATCH", trouble="problem"), "ann"))
    assert (job.state, job.message) == ("failed", "scan7 is upside down: turn it.")


def test_the_same_question_is_answered_once(running: DaskExecutor) -> None:
    first = running.answer(*nap("ANSWER"), "ann")
    assert running.answer(*nap("ANSWER"), "ann") == first
    assert running.answer(*nap("ANSWER", 0.01), "ann") != first  # another question
    assert running.answer(*nap("ANSWER"), "bob") != first  # another's
    with pytest.raises(Problem, match="too long"):
        running.answer(*nap("ANSWER", 60), "ann", timeout=0.1)


def test_what_failed_or_was_stopped_is_answered_when_it_is_asked_again(
    running: DaskExecutor,
) -> None:
    for _ in range(2):
        with pytest.raises(Problem) as told:
            running.answer(*nap("ANSWER", trouble="problem"), "ann")
        assert str(told.value) == "scan7 is upside down: turn it."
    job = queue.stop(queue.add(*nap("ANSWER", 0.02), "ann").id)
    assert job.state == "stopped"
    assert running.answer(*nap("ANSWER", 0.02), "ann")["pid"]


def test_an_answer_survives_the_engine(running: DaskExecutor) -> None:
    job = running.ask(*nap("ANSWER", 2), "ann")
    until(lambda: queue.job(job.id).state == "running")
    first = psutil.Process(local.find().pid)
    family = [first, *first.children(recursive=True)]
    first.kill()
    psutil.wait_procs(family, timeout=SECONDS)
    running.recover()
    assert running.answer(*nap("ANSWER", 2), "ann")["pid"] not in [each.pid for each in family]
    assert queue.job(job.id).state == "finished"
    assert running.ready(SECONDS)


def test_a_job_that_kills_its_worker_is_given_up_and_can_be_tried_again(
    running: DaskExecutor,
) -> None:
    job = running.submit(*nap("BATCH", trouble="death"), "ann")
    until(lambda: not queue.job(job.id).live)
    assert "The nap was given up, since its worker died 3 times" in queue.job(job.id).message
    assert running.ready(SECONDS)
    assert running.requeue(job.id).attempts == 0
    queue.stop(job.id)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such limit")
def test_a_job_that_asks_for_too_much_memory_fails_alone_and_at_once(
    running: DaskExecutor,
) -> None:
    beside = running.submit(*nap("BATCH", 60), "bob")
    until(lambda: queue.job(beside.id).state == "running")
    greedy = ended(running.submit(*nap("ANSWER", trouble="memory"), "ann"))
    assert (greedy.state, greedy.attempts) == ("failed", 0)
    assert greedy.message.startswith("The nap needs more memory than it may have: ")
    assert running.answer(*nap("ANSWER"), "ann")["pid"]
    assert (queue.job(beside.id).state, queue.job(beside.id).attempts) == ("running", 0)
    queue.stop(beside.id)


def test_runs_that_fail_say_so(launch: Callable[..., str]) -> None:
    expected, slip = launch(seed=13), launch(seed=666)
    until(lambda: not (find_run(expected).live or find_run(slip).live))
    assert message(expected) == "scan7 cannot be learned from: take another."
    failed = find_run(slip)
    assert failed.state == "failed"
    assert "failed unexpectedly (ZeroDivisionError: a slip)" in message(slip)
    assert "Traceback" in (failed.folder / "log.txt").read_text()


def test_people_take_turns_on_the_worker(launch: Callable[..., str]) -> None:
    ahead = launch("zoe", 1000, 0.2)
    until(lambda: state(ahead) == "running")
    others = [launch(who, 1) for who in ("amy", "amy", "ben")]
    until(lambda: not any(find_run(i).live for i in others))
    assert {state(i) for i in others} == {"finished"} and find_run(ahead).live
    done = int(checkpoint(ahead).read_text() or 0)
    until(lambda: int(checkpoint(ahead).read_text() or 0) > done)
    assert len(starts(find_run(ahead))) == 1  # it stayed in memory meanwhile
    queue.stop(ahead)
    until(lambda: state(ahead) == "stopped")


def test_stop_and_continue(launch: Callable[..., str], running: DaskExecutor) -> None:
    run_id, queued = launch(epochs=1000), launch()
    until(lambda: checkpoint(run_id).exists())
    queue.stop(queued)
    queue.stop(run_id)
    until(lambda: state(run_id) == "stopped")
    done = int(checkpoint(run_id).read_text())
    keep_config(
        find_run(run_id).folder, find_run(run_id).config.model_copy(update={"epochs": done + 3})
    )
    running.requeue(run_id)
    until(lambda: state(run_id) == "finished")
    assert [int(start[0]) for start in starts(find_run(run_id))] == [0, done]
    assert checkpoint(run_id).read_text() == str(done + 3)
    assert state(queued) == "stopped" and not starts(find_run(queued))


def test_a_killed_worker_costs_each_of_its_runs_no_more_than_an_epoch(
    launch: Callable[..., str], running: DaskExecutor
) -> None:
    """Those that wait for their turn in its memory, too."""
    runs = [launch(who, 8, 0.25) for who in ("ann", "bob", "cid")]
    until(lambda: all(checkpoint(id).exists() for id in runs))
    done = [int(checkpoint(id).read_text() or 0) for id in runs]
    os.kill(int(starts(find_run(runs[0]))[0][1]), signal.SIGKILL)
    until(lambda: not any(find_run(id).live for id in runs))
    for id, reached in zip(runs, done, strict=True):
        run = find_run(id)
        first, second = starts(run)
        assert (run.state, first[0]) == ("finished", "0")
        assert first[1] != second[1] and int(second[0]) >= max(1, reached)
    assert running.ready(SECONDS)


def test_a_run_that_kills_its_worker_is_given_up(launch: Callable[..., str]) -> None:
    """Without any server looking on: Dask repeats the call, the call counts the deaths."""
    run_id = launch(seed=9)
    until(lambda: not find_run(run_id).live)
    assert "its worker died 3 times: the machine may be short of memory" in message(run_id)
    after = launch()
    until(lambda: state(after) == "finished")


def test_a_queued_job_that_no_worker_was_called_to_is_done(
    running: DaskExecutor, pair_id: str
) -> None:
    """As after a server died between writing the job and calling a worker."""
    run = create_run("ann", "x", Config(epochs=1, steps_per_epoch=1), [("ann", pair_id)])
    queue.add(TRAIN, Train(), "ann", id=run.id)
    running.recover()
    until(lambda: find_run(run.id).state == "finished")


def test_a_running_run_that_nobody_executes_goes_on(running: DaskExecutor, pair_id: str) -> None:
    """As after a power cut."""
    run = create_run("ann", "x", Config(epochs=1, steps_per_epoch=1), [("ann", pair_id)])
    queue.add(TRAIN, Train(), "ann", id=run.id)
    assert leases.take(run.id, "a worker of yesterday")
    until(lambda: running.recover() or find_run(run.id).state == "finished")


def test_a_killed_engine_is_replaced_and_its_run_goes_on(
    launch: Callable[..., str], running: DaskExecutor
) -> None:
    run_id = launch(epochs=20)
    until(lambda: checkpoint(run_id).exists())
    first = psutil.Process(local.find().pid)
    family = [first, *first.children(recursive=True)]
    first.kill()
    psutil.wait_procs(family, timeout=SECONDS)
    assert not any(m.is_running() and m.status() != psutil.STATUS_ZOMBIE for m in family)
    running.recover()
    until(lambda: state(run_id) == "finished")
    assert [int(start[0]) > 0 for start in starts(find_run(run_id))] == [False, True]
    assert running.ready(SECONDS)


@pytest.mark.parametrize(
    "error",
    [OSError("timed out"), CommClosedError("in <TLS>"), AttributeError("'NoneType'"),
     ClosedClientError("closed")],
)  # fmt: skip
def test_an_engine_that_dies_while_it_is_spoken_to_is_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def dying(*given: object, **named: object) -> None:
        raise error

    client = SimpleNamespace(run_on_scheduler=dying, submit=dying)
    engine = DaskExecutor()
    monkeypatch.setattr(engine, "_connected", lambda: client)
    for call in (
        engine.recover,
        lambda: engine.submit(*nap("BATCH"), "ann"),
        lambda: engine.request(*nap("NOW"), "ann"),
    ):
        with pytest.raises(Problem, match="was lost with the engine: try again"):
            call()
    found = local.Found("tls://127.0.0.1:1", 1, current=False, outdated=False)
    monkeypatch.setattr(local, "find", lambda: found)
    monkeypatch.setattr(local, "lock", nullcontext)
    monkeypatch.setattr(local, "security", lambda folder: None)
    monkeypatch.setattr(module, "_connect", lambda *given: client)
    with pytest.raises(Problem, match="was lost with the engine: try again"):
        module._join_local()


def test_recover_leaves_what_is_well_alone(
    launch: Callable[..., str], running: DaskExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: calls(running) == 0)  # what other tests stopped has let go of its worker
    first, second = launch(epochs=1000), launch()
    until(lambda: bool(starts(find_run(first))))
    until(lambda: calls(running) == 2)  # what was sent to the scheduler has arrived there
    made: list[str] = []
    with monkeypatch.context() as listening:
        listening.setattr(running, "_call", made.append)
        for _ in range(5):
            running.recover()
    assert made == []
    assert queue.job(first).attempts == 0 and state(second) == "queued"
    queue.stop(first)
    until(lambda: state(second) == "finished")
    assert len(starts(find_run(first))) == 1


def test_another_server_finds_the_engine_and_its_work(
    launch: Callable[..., str], running: DaskExecutor
) -> None:
    until(lambda: calls(running) == 0)
    run_id = launch(epochs=1000)
    until(lambda: bool(starts(find_run(run_id))))
    announced = (settings().home / "engine" / local.STATE).read_text()
    code = (
        "from ctdenoise.jobs.executor import executor, workers_and_calls, _on_scheduler as ask\n"
        "executor().recover(); told = ask(executor()._connected(), workers_and_calls)\n"
        "print(executor().ready(), len(told['calls']))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert other.stdout.split() == ["True", "1"]
    assert (settings().home / "engine" / local.STATE).read_text() == announced
    running.close()  # our own server leaves and comes back
    assert not running.ready()
    until(lambda: checkpoint(run_id).exists())
    running.recover()
    queue.stop(run_id)
    until(lambda: state(run_id) == "stopped")


def test_the_key_is_private_and_nobody_gets_in_without_it(running: DaskExecutor) -> None:
    folder = settings().home / "engine"
    for name in ("ca.pem", "cert.pem", "key.pem"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    address = json.loads((folder / local.STATE).read_text())["address"]
    assert address.startswith("tls://127.0.0.1:")
    port = int(address.rsplit(":", 1)[1])

    with socket.create_connection(("127.0.0.1", port), 2) as plain:
        plain.sendall(b"\0" * 64)
        plain.settimeout(5)
        try:
            answer = plain.recv(1000)
        except ConnectionError:
            answer = b""
    assert answer[:1] in (b"", b"\x15")  # nothing, or a TLS alert

    trusting = ssl.create_default_context(cafile=folder / "ca.pem")
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    with pytest.raises((ssl.SSLError, ConnectionError)):  # noqa: SIM117
        with socket.create_connection(("127.0.0.1", port), 2) as raw:
            with trusting.wrap_socket(raw, server_hostname="localhost") as anonymous:
                assert not anonymous.recv(1000)
                raise ConnectionError("closed")
    trusting.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with (
        socket.create_connection(("127.0.0.1", port), 2) as raw,
        trusting.wrap_socket(raw, server_hostname="localhost") as known,
    ):
        assert known.recv(1000)


def test_every_port_is_on_loopback(running: DaskExecutor) -> None:
    process = psutil.Process(local.find().pid)
    for member in [process, *process.children(recursive=True)]:
        for connection in member.net_connections("inet"):
            assert connection.laddr.ip == "127.0.0.1"


def test_an_idle_engine_sleeps(running: DaskExecutor) -> None:
    process = psutil.Process(local.find().pid)
    family = [process, *process.children(recursive=True)]

    def used() -> float:
        return sum(sum(member.cpu_times()[:2]) for member in family)

    def idle() -> bool:
        before = used()
        time.sleep(1)
        return used() - before < 0.07  # 7 % of one core: three workers, two heartbeats a second

    until(idle)  # on a busy machine not at once; an engine that polls is never idle


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("tcp://10.0.0.7:8786", "is not encrypted"),
        ("tcp://example.org:8786", "is not encrypted"),
        ("http://localhost:8786", "is not encrypted"),
        ("tls://10.0.0.7:8786", "does not name a folder with ca.pem, cert.pem, key.pem"),
    ],
)
def test_a_cluster_needs_tls_and_certificates(address: str, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        module._join_cluster(address)


def test_plain_tcp_is_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_connect", lambda *given: given)
    assert module._join_cluster("tcp://127.0.0.1:1") == ("tcp://127.0.0.1:1", None)
    assert module._join_cluster("tcp://localhost:1") == ("tcp://localhost:1", None)


def test_a_tls_engine_elsewhere_is_joined_with_its_certificates(
    running: DaskExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = local.find().address, settings().home / "engine"
    monkeypatch.setenv("CTDENOISE_ENGINE", address)
    monkeypatch.setenv("CTDENOISE_ENGINE_CERTIFICATES", str(folder))
    forget()
    try:
        cluster = DaskExecutor()
        assert cluster.request(*nap("NOW"), "ann")["pid"] != os.getpid()
        cluster.close()
    finally:
        monkeypatch.undo()
        forget()


def test_thirty_sessions_start_one_engine_and_it_ends_when_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers with fifteen threads each, in a fresh home."""
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    forget()
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from ctdenoise.jobs.executor import executor\n"
        "with ThreadPoolExecutor(15) as pool:\n"
        "    asked = list(pool.map(lambda n: executor().recover(), range(15)))\n"
        "from ctdenoise.jobs import local; print(local.find().pid)"
    )
    try:
        with ThreadPoolExecutor(2) as pool:
            pids = list(pool.map(
                lambda _: subprocess.check_output([sys.executable, "-c", code], text=True), "ab"
            ))  # fmt: skip
        assert pids[0] == pids[1]
        process = psutil.Process(int(pids[0]))
        assert os.getsid(process.pid) != os.getsid(0)
        family = [process, *process.children(recursive=True)]
        DaskExecutor().shutdown()
        assert not any(member.is_running() for member in family)
        assert local.find() is None
    finally:
        DaskExecutor().shutdown()
        monkeypatch.undo()
        forget()
