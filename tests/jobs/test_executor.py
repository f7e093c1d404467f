"""The engine as it really runs, with trainings that are short sleeps (see standin/)."""

import json
import os
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
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError

from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import executor as engine_module
from ctdenoise.jobs import local
from ctdenoise.jobs.executor import Engine
from ctdenoise.jobs.scheduler import PEOPLE_THREADS
from ctdenoise.settings import settings
from ctdenoise.workspace.denoisers import RunNetwork
from ctdenoise.workspace.runs import Run, Store

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes the POSIX way"),
    pytest.mark.usefixtures("stand_in"),
]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def launch(running: Engine, runs: Store, pair_id: str) -> Callable[..., str]:
    """Queue and launch; ``epoch`` is the length of one in seconds."""

    def queue(workspace: str = "ann", epochs: int = 2, epoch: float = 0.05, seed: int = 1) -> str:
        config = Config(epochs=epochs, steps_per_epoch=round(epoch * 100), seed=seed)
        run = runs.create_run(workspace, f"run of {workspace}", config, [("ann", pair_id)])
        running.launch(run.id)
        return run.id

    return queue


def starts(run: Run) -> list[list[str]]:
    """(epoch, pid, niceness, time) of every start of a run's trainer."""
    file = run.folder / "starts.txt"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def test_the_server_side_never_imports_torch() -> None:
    code = (
        "import sys, ctdenoise.jobs.executor, ctdenoise.workspace.runs, ctdenoise.jobs.functions\n"
        "import ctdenoise.jobs.worker, distributed\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_run_is_trained_at_low_priority(launch: Callable[..., str], runs: Store) -> None:
    began = time.time()
    run_id = launch()
    until(lambda: runs.run(run_id).state == "finished")
    run = runs.run(run_id)
    assert run.sentence == "Ended: finished."
    [(_, pid, niceness, started)] = starts(run)
    assert int(pid) != os.getpid() and int(niceness) >= 10
    assert float(started) - began < 2


def test_what_people_wait_for_is_answered_beside_a_training(
    launch: Callable[..., str], running: Engine, runs: Store
) -> None:
    run_id = launch(epoch=60)
    until(lambda: runs.run(run_id).state == "running")
    assert running.ask(os.path.basename, "a/b").result(5) == "b"
    assert int(running.ask(os.nice, 0).result(5)) < 10
    assert running.ask(os.getenv, "OMP_NUM_THREADS").result(5) == str(PEOPLE_THREADS)
    assert running.ask(os.getenv, "MALLOC_ARENA_MAX").result(5) == "2"
    asked = running.ask(time.sleep, 60)
    with pytest.raises(Problem, match="too long"):
        asked.result(0.1)
    runs.ask_stop(run_id)
    until(lambda: runs.run(run_id).state == "stopped", 5)


def test_long_jobs_wait_for_each_other_and_leave_room(running: Engine) -> None:
    began = time.monotonic()
    long = [running.ask(time.sleep, 3, long=True) for _ in range(2)]
    time.sleep(0.3)  # so that the second one surely waits
    running.ask(os.getpid).result(5)
    assert not long[0].done()
    [answer.result(20) for answer in long]
    assert time.monotonic() - began > 6


def test_downloads_wait_for_each_other_and_hold_nobody_up(running: Engine) -> None:
    began = time.monotonic()
    downloads = [running.ask(time.sleep, 3, net=True) for _ in range(2)]
    time.sleep(0.3)
    running.ask(os.getpid, long=True).result(5)
    running.ask(os.getpid).result(5)
    assert not downloads[0].done()
    [answer.result(20) for answer in downloads]
    assert time.monotonic() - began > 6


def test_of_long_jobs_that_wait_the_one_with_fewer_turns_comes_first(running: Engine) -> None:
    began = running.ask(time.sleep, 1, long=True)
    again = running.ask(time.monotonic, long=True, turns=1)
    time.sleep(0.2)
    new = running.ask(time.monotonic, long=True)
    began.result(10)
    assert new.result(5) < again.result(5)


def test_problems_come_back_as_problems(running: Engine) -> None:
    from ctdenoise.jobs import functions as jobs

    nothing = RunNetwork(run="none", epoch=1)
    with pytest.raises(Problem) as told:
        running.ask(jobs.denoise_slice, nothing, "ann", "none", 0).result(10)
    assert str(told.value) == "Run none does not exist: choose one from the list of runs."
    with pytest.raises(Problem, match=r"Remove failed \(FileNotFoundError"):
        running.ask(os.remove, "/nowhere/at/all").result(10)


def test_runs_that_fail_say_so(launch: Callable[..., str], runs: Store) -> None:
    expected, slip = launch(seed=13), launch(seed=666)
    until(lambda: not (runs.run(expected).live or runs.run(slip).live))
    assert runs.run(expected).sentence == "scan7 cannot be learned from: take another."
    failed = runs.run(slip)
    assert failed.state == "failed"
    assert "failed unexpectedly (ZeroDivisionError: a slip)" in failed.sentence
    assert "Traceback" in (failed.folder / "log.txt").read_text()


def test_a_pair_that_was_removed_is_a_sentence(running: Engine, runs: Store) -> None:
    run = runs.create_run("ann", "x", Config(), [("ann", "0123456789ab")])
    running.launch(run.id)
    until(lambda: not runs.run(run.id).live)
    assert runs.run(run.id).sentence.startswith("This scan is not in the workspace")


def test_workspaces_take_turns_on_the_worker(launch: Callable[..., str], runs: Store) -> None:
    ahead = launch("zoe", 100)
    order = [launch(who, 1) for who in ("amy", "amy", "amy", "ben", "cid", "ben")]
    assert [runs.queue_position(i) for i in order] == [1, 4, 6, 2, 3, 5]
    runs.ask_stop(ahead)
    until(lambda: not any(runs.run(i).live for i in order))
    began = sorted(order, key=lambda i: runs.run(i).started)
    assert [order.index(i) for i in began] == [0, 3, 4, 1, 5, 2]


def test_stop_and_continue(launch: Callable[..., str], running: Engine, runs: Store) -> None:
    run_id, queued = launch(epochs=100), launch()
    until(lambda: (runs.run(run_id).folder / "checkpoint.safetensors").exists())
    runs.ask_stop(queued)
    began = time.monotonic()
    runs.ask_stop(run_id)
    until(lambda: runs.run(run_id).state == "stopped")
    assert time.monotonic() - began < 2
    done = int((runs.run(run_id).folder / "checkpoint.safetensors").read_text())
    running.continue_run(run_id, done + 3)
    until(lambda: runs.run(run_id).state == "finished")
    assert [int(start[0]) for start in starts(runs.run(run_id))] == [0, done]
    assert (runs.run(run_id).folder / "checkpoint.safetensors").read_text() == str(done + 3)
    assert runs.run(queued).state == "stopped" and not starts(runs.run(queued))


def test_a_killed_worker_costs_no_more_than_an_epoch(
    launch: Callable[..., str], running: Engine, runs: Store
) -> None:
    run_id = launch("ann", 10, 0.3)
    until(lambda: (runs.run(run_id).folder / "checkpoint.safetensors").exists())
    other = launch("bob", 1)
    os.kill(int(starts(runs.run(run_id))[0][1]), signal.SIGKILL)
    until(lambda: len(starts(runs.run(run_id))) == 2)
    assert int(starts(runs.run(run_id))[1][0]) >= 1
    assert runs.run(run_id).deaths == 1
    until(lambda: not runs.run(other).live)
    finished = runs.run(run_id)
    assert finished.state == "finished" and finished.ended <= runs.run(other).started
    assert running.ready(10)


def test_a_run_that_kills_its_worker_is_given_up(launch: Callable[..., str], runs: Store) -> None:
    """Without any server looking on: Dask repeats the turn, the turn counts the deaths."""
    run_id = launch(seed=9)
    until(lambda: not runs.run(run_id).live, 60)
    assert (
        "its worker died 3 times: the machine may be short of memory" in runs.run(run_id).sentence
    )
    after = launch()
    until(lambda: runs.run(after).state == "finished")


def test_a_queued_run_without_a_turn_gets_one(running: Engine, runs: Store, pair_id: str) -> None:
    """As after a server died between writing the run and launching it."""
    run = runs.create_run("ann", "x", Config(epochs=1, steps_per_epoch=1), [("ann", pair_id)])
    running.recover()
    until(lambda: runs.run(run.id).state == "finished")


def test_a_running_run_that_nobody_executes_goes_on(
    running: Engine, runs: Store, pair_id: str
) -> None:
    """As after a power cut."""
    run = runs.create_run("ann", "x", Config(epochs=1, steps_per_epoch=1), [("ann", pair_id)])
    assert runs.claim("turn-of-yesterday").id == run.id
    running.recover()
    until(lambda: runs.run(run.id).state == "finished")


def test_a_killed_engine_is_replaced_and_its_run_goes_on(
    launch: Callable[..., str], running: Engine, runs: Store
) -> None:
    run_id = launch(epochs=20)
    until(lambda: (runs.run(run_id).folder / "checkpoint.safetensors").exists())
    first = psutil.Process(local.find().pid)
    family = [first, *first.children(recursive=True)]
    first.kill()
    psutil.wait_procs(family, timeout=10)
    assert not any(m.is_running() and m.status() != psutil.STATUS_ZOMBIE for m in family)
    running.recover()
    until(lambda: runs.run(run_id).state == "finished")
    assert [int(start[0]) > 0 for start in starts(runs.run(run_id))] == [False, True]
    assert running.ready(10)


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
    engine = Engine()
    monkeypatch.setattr(engine, "_connected", lambda: client)
    for call in (
        lambda: engine.busy(os.getpid, "x"), engine._turns, engine._give_turn,
        lambda: engine.ask(os.getpid),
    ):  # fmt: skip
        with pytest.raises(Problem, match="was lost with the engine: try again"):
            call()
    found = local.Found("tls://127.0.0.1:1", 1, current=False)
    monkeypatch.setattr(local, "find", lambda: found)
    monkeypatch.setattr(local, "lock", nullcontext)
    monkeypatch.setattr(local, "security", lambda folder: None)
    monkeypatch.setattr(engine_module, "_connect", lambda *given: client)
    with pytest.raises(Problem, match="was lost with the engine: try again"):
        engine_module._join_local()


def test_recover_leaves_what_is_well_alone(
    launch: Callable[..., str], running: Engine, runs: Store
) -> None:
    first, second = launch(epochs=100), launch()
    until(lambda: bool(starts(runs.run(first))))
    for _ in range(5):
        running.recover()
    assert len(running._turns()) == 2
    assert runs.run(first).deaths == 0 and runs.run(second).state == "queued"
    runs.ask_stop(first)
    until(lambda: runs.run(second).state == "finished")
    assert len(starts(runs.run(first))) == 1


def test_another_server_finds_the_engine_and_its_work(
    launch: Callable[..., str], running: Engine, runs: Store
) -> None:
    run_id = launch(epochs=100)
    until(lambda: bool(starts(runs.run(run_id))))
    state = (settings().home / "engine" / local.STATE).read_text()
    code = (
        "from ctdenoise.jobs.executor import engine\n"
        "engine().recover(); print(engine().ready(), len(engine()._turns()))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert other.stdout.split() == ["True", "1"]
    assert (settings().home / "engine" / local.STATE).read_text() == state
    running.close()  # our own server leaves and comes back
    assert not running.ready()
    until(lambda: runs.run(run_id).folder.joinpath("checkpoint.safetensors").exists())
    running.recover()
    runs.ask_stop(run_id)
    until(lambda: runs.run(run_id).state == "stopped")


def test_the_key_is_private_and_nobody_gets_in_without_it(running: Engine) -> None:
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


def test_every_port_is_on_loopback(running: Engine) -> None:
    process = psutil.Process(local.find().pid)
    for member in [process, *process.children(recursive=True)]:
        for connection in member.net_connections("inet"):
            assert connection.laddr.ip == "127.0.0.1"


def test_an_idle_engine_sleeps(running: Engine) -> None:
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
        engine_module._join_cluster(address)


def test_plain_tcp_is_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_connect", lambda *given: given)
    assert engine_module._join_cluster("tcp://127.0.0.1:1") == ("tcp://127.0.0.1:1", None)
    assert engine_module._join_cluster("tcp://localhost:1") == ("tcp://localhost:1", None)


def test_a_tls_engine_elsewhere_is_joined_with_its_certificates(
    running: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = local.find().address, settings().home / "engine"
    monkeypatch.setenv("CTDENOISE_ENGINE", address)
    monkeypatch.setenv("CTDENOISE_ENGINE_CERTIFICATES", str(folder))
    settings.cache_clear()
    try:
        cluster = Engine()
        assert cluster.ask(os.path.basename, "a/b").result(10) == "b"
        cluster.close()
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_thirty_sessions_start_one_engine_and_it_ends_when_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers with fifteen threads each, in a fresh home."""
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path))
    settings.cache_clear()
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from ctdenoise.jobs.executor import engine\n"
        "with ThreadPoolExecutor(15) as pool:\n"
        "    asked = list(pool.map(lambda n: engine()._turns(), range(15)))\n"
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
        Engine().shutdown()
        assert not any(member.is_running() for member in family)
        assert local.find() is None
    finally:
        Engine().shutdown()
        monkeypatch.undo()
        settings.cache_clear()
