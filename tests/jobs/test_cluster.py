"""Two hosts with workers, one scheduler, PostgreSQL and a folder that all see: what dies, and what
is left of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psutil
import pytest
from homes import forget
from waiting import until

from ctdenoise.config.config import Config
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import DaskExecutor
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import create_run, find_run

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes the POSIX way"),
    pytest.mark.usefixtures("stand_in"),
]

EPOCHS = 25  # of a fifth of a second each


class Cluster:
    """``ctdenoise cluster`` as somebody types it, every part a process."""

    def __init__(self, folder: Path, port: int, running: ExitStack) -> None:
        self.folder, self.port, self._running = folder, port, running
        self.parts: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str, **environment: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self.parts[name] = part = subprocess.Popen(
            [sys.executable, "-m", "ctdenoise.cli", "cluster", *command],
            stdout=log, stderr=log, env=os.environ | environment,
        )  # fmt: skip
        self._running.callback(self.kill, part)

    def scheduler(self) -> None:
        self.start("scheduler", "scheduler", "--port", str(self.port))

    def host(self, name: str) -> None:
        """A host's training worker, whose own scratch is not the other's."""
        scratch = self.folder / name
        scratch.mkdir(exist_ok=True)
        self.start(name, "worker", "--role", "train", TMPDIR=str(scratch))

    @staticmethod
    def kill(part: subprocess.Popen[bytes]) -> None:
        if part.poll() is None:
            process = psutil.Process(part.pid)
            for member in [*process.children(recursive=True), process]:
                member.kill()
            part.wait(20)

    def logs(self) -> str:
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("*.log")))


@pytest.fixture
def cluster(
    tmp_path: Path, postgres: str, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    certificates = tmp_path / "certificates"
    subprocess.run(
        [sys.executable, "-m", "ctdenoise.cli", "cluster", "certificates", certificates], check=True
    )
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path / "shared"))
    monkeypatch.setenv("CTDENOISE_DATABASE", postgres)
    monkeypatch.setenv("CTDENOISE_ENGINE", f"tls://127.0.0.1:{closed_port}")
    monkeypatch.setenv("CTDENOISE_ENGINE_CERTIFICATES", str(certificates))
    forget()
    with ExitStack() as running:
        yield Cluster(tmp_path, closed_port, running)
    forget()


def launch(server: DaskExecutor, who: str, pair: str, epochs: int) -> str:
    config = Config(epochs=epochs, steps_per_epoch=20)
    run = create_run(who, f"run of {who}", config, [("sample", pair)])  # which all may see
    server.submit(TRAIN, Train(), who, id=run.id)
    return run.id


def starts(run_id: str) -> list[list[str]]:
    """(epoch, pid, niceness, time) of every start of a run's trainer."""
    file = find_run(run_id).folder / "starts.txt"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def reached(run_id: str) -> int:
    file = find_run(run_id).folder / "checkpoint.safetensors"
    return int(file.read_text() or 0) if file.exists() else 0


def test_whatever_is_killed_every_job_ends_on_what_is_left(cluster: Cluster) -> None:
    full = np.zeros((3, 64, 64), np.float32)
    pair = Library(settings().workspaces / "sample").add_pair(
        Pair("tiny", full[None], full, (1.0, 1.0), np.arange(3.0))
    )
    cluster.scheduler()
    cluster.host("one")
    cluster.host("two")
    server = DaskExecutor()
    until(lambda: "listens" in cluster.logs())
    until(lambda: server._connected() is not None and server._resources() == {"train"})
    until(lambda: cluster.logs().count(" joined tls:") == 2)
    try:
        runs = [launch(server, who, pair.id, EPOCHS) for who in ("ann", "bob", "cid")]
        until(lambda: min(reached(run) for run in runs) >= 2)

        # One host dies in the middle of its runs: the other host takes them over.
        first, begun = runs[0], len(starts(runs[0]))
        victim = next(
            name
            for name, part in cluster.parts.items()
            if int(starts(first)[-1][1])
            in [member.pid for member in psutil.Process(part.pid).children(recursive=True)]
        )
        done = reached(first)
        cluster.kill(cluster.parts[victim])
        # Its worker has to have missed some heartbeats first.
        until(lambda: server.recover() or len(starts(first)) > begun)
        assert reached(first) >= done

        # The scheduler dies too, and comes back: the host that is left joins it by itself.
        os.kill(cluster.parts["scheduler"].pid, signal.SIGKILL)
        cluster.parts["scheduler"].wait(20)
        cluster.scheduler()

        def over() -> bool:
            try:
                server.recover()
            except Exception as error:  # as the server's own watch, which tries again
                print("not yet:", error)
            return not any(find_run(run).live for run in runs)

        until(over, 180)
        for run in runs:
            assert find_run(run).state == "finished", (queue.job(run), cluster.logs())
            epochs = [int(start[0]) for start in starts(run)]
            assert epochs == sorted(epochs) and reached(run) == EPOCHS
        assert int(starts(first)[begun][0]) >= done - 1  # at most one epoch was lost
    finally:
        server.close()
