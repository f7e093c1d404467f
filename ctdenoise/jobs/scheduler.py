"""Scheduler and workers, in processes of their own: the local engine's, and those of a cluster.

The local engine is started detached by :mod:`ctdenoise.jobs.local` as ``python -m
ctdenoise.jobs.scheduler HOME`` (the home is there for whoever looks at the list of processes, and
for ``local.find``); it outlives the server and ends when asked to, or when nobody has needed it for
a while. Those of a cluster are started by ``ctdenoise cluster``.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Coroutine, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

import dask
import psutil
from dask.system import CPU_COUNT
from distributed import Nanny, Scheduler
from distributed.core import Status

from ctdenoise import log
from ctdenoise.files import write_atomically
from ctdenoise.jobs.local import PROTOCOL, STATE, State, announced, fingerprint, folder, security
from ctdenoise.settings import TRAINING_THREADS, create_privately, thread_environment
from ctdenoise.units import counted

IDLE_SECONDS = 900
"""Without a client and without work for so long, the engine ends and gives its memory back."""
INTERACTIVE_THREADS = max(1, CPU_COUNT // 4)
"""Of torch, in each job that people wait for: it takes one core of two and leaves a training the
other (:data:`~ctdenoise.settings.THREADS`)."""
LOOK_SECONDS = 2.0
RETRY_SECONDS = 5.0
"""Between two tries to reach a cluster's scheduler."""
Role = Literal["train", "interactive", "files"]
ROLES: tuple[Role, ...] = get_args(Role)
"""What workers are for; each is a process of its own."""

QUIET = {
    # An idle engine should not wake the processor: no profiler, no health checks 50 times a second.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "60s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.diagnostics.nvml": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing": False,
    # A laptop that slept for an hour has not lost its workers.
    "distributed.scheduler.worker-ttl": None,
    # Nothing listens that is not needed.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.comm.require-encryption": True,
    # Dask would give torch one thread.
    "distributed.nanny.pre-spawn-environ": {},
}


def _cores() -> int:
    """As many threads as torch gives itself: one a core that this process may use."""
    return min(psutil.cpu_count(logical=False) or CPU_COUNT, CPU_COUNT)


def gpus() -> list[str]:
    """The CUDA devices that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [device for device in visible.split(",") if device and device != "-1"]
    if not shutil.which("nvidia-smi"):
        return []
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30)
    found = [line for line in listing.stdout.splitlines() if line.startswith("GPU")]
    return [str(number) for number in range(len(found))]


def workers(
    address: str,
    certificates: Path,
    roles: Collection[Role] = ROLES,
    host: str | None = None,
) -> list[Nanny]:
    """The workers of this computer for the scheduler at ``address``: for "train" one per GPU (else
    one), for "interactive" one for what takes long or is waited for, for "files" one for files.

    What they offer are Dask resources named after the queues. Of the four things that the second
    one does at a time only one may be a ``batch`` job, so that a preview never waits for a whole
    series, and two an answer that may take its time (:mod:`ctdenoise.jobs.executor`). What is
    ingested is read in a process of its own, and a download mostly waits for the network, so the
    third worker needs no torch. Their names are no others', since a name tells what a worker held
    when it died. ``host``: where they listen, None for the way to the scheduler.
    """
    own = f"{socket.gethostname()}-{secrets.token_hex(4)}"
    common: dict[str, Any] = {
        "scheduler_ip": address,
        "host": host,
        "security": security(certificates),
        "memory_limit": 0,  # of Dask, which would kill; ctdenoise.jobs.memory says no instead
        # Of a cluster, not in the home, which all hosts share.
        "local_directory": str(folder() / "workers") if host else None,
    }
    threads = thread_environment()
    warm: dict[str, Any] = {"preload": ["ctdenoise.jobs.preload"]}
    found = []
    for n, gpu in enumerate((gpus() or [""]) if "train" in roles else []):
        visible = {"CUDA_VISIBLE_DEVICES": gpu} if gpu else {}
        found.append(
            Nanny(
                name=f"train-{n}-{own}",
                nthreads=1,
                resources={"train": 1},
                env={"CTDENOISE_NICE": "10"} | visible | threads,
                **common,
                **warm,
            )
        )
    if "interactive" in roles:
        found.append(
            Nanny(
                name=f"interactive-{own}",
                nthreads=4,
                resources={"interactive": 3, "batch": 1},
                env={
                    "OMP_NUM_THREADS": str(INTERACTIVE_THREADS),
                    TRAINING_THREADS: os.environ.get("OMP_NUM_THREADS") or str(_cores()),
                }
                | threads,
                **common,
                **warm,
            )
        )
    if "files" in roles:
        resources = {"files": 2, "download": 1}
        found.append(
            Nanny(name=f"files-{own}", nthreads=3, resources=resources, env=threads, **common)
        )
    return found


def announce(address: str) -> None:
    """Write where the engine listens."""
    state = State(address=address, pid=os.getpid(), fingerprint=fingerprint(), protocol=PROTOCOL)
    write_atomically(folder() / STATE, state.model_dump_json())


async def serve() -> None:
    """Run until asked to end, by a client, a signal or long idleness."""
    stop = _signalled()
    async with Scheduler(
        host="127.0.0.1",
        port=0,
        protocol="tls://",
        security=security(folder()),
        dashboard_address="127.0.0.1:0",
        dashboard=False,
    ) as scheduler:
        announce(scheduler.address)
        nannies = workers(scheduler.address, folder(), host="127.0.0.1")
        starting = asyncio.gather(*nannies)
        # The scheduler unpickles what it passes on: the first run should not wait for imports.
        await asyncio.to_thread(import_module, "ctdenoise.jobs.worker")
        try:
            await _until_not_needed(scheduler, stop)
        finally:
            _withdraw(folder() / STATE)
            starting.cancel()
            await _close(nannies)


async def serve_scheduler(host: str, port: int, certificates: Path) -> None:
    """Be a cluster's scheduler until a signal comes. What it knows is in the database too, so that
    nothing is lost with it."""
    stop = _signalled()
    async with Scheduler(
        host=host,
        port=port,
        protocol="tls://",
        security=security(certificates),
        dashboard_address="127.0.0.1:0",
        dashboard=False,
    ) as scheduler:
        await asyncio.to_thread(import_module, "ctdenoise.jobs.worker")
        print(f"The scheduler listens at {scheduler.address}.", flush=True)
        await stop.wait()


async def serve_workers(address: str, certificates: Path, roles: Collection[Role]) -> None:
    """Be workers of a cluster until a signal comes: whenever the scheduler is gone, wait until
    there is one again."""
    stop = _signalled()
    while not stop.is_set():
        nannies = workers(address, certificates, roles)
        try:
            await asyncio.gather(*nannies)
            print(f"{counted(len(nannies), 'worker')} joined {address}.", flush=True)
            while not stop.is_set() and all(n.status == Status.running for n in nannies):
                await _wait(stop, LOOK_SECONDS)
        except (OSError, TimeoutError, RuntimeError) as error:
            print(f"{address} does not answer ({type(error).__name__}).", flush=True)
        await _close(nannies)
        await _wait(stop, RETRY_SECONDS)


def _signalled() -> asyncio.Event:
    """Set when this process is asked to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: the process is ended as it is
            break
    return stop


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _until_not_needed(scheduler: Scheduler, stop: asyncio.Event) -> None:
    needed = time.monotonic()
    while not stop.is_set() and scheduler.status == Status.running:
        if scheduler.tasks or set(scheduler.clients) - {"fire-and-forget"}:
            needed = time.monotonic()
        if time.monotonic() - needed > IDLE_SECONDS:
            return
        await _wait(stop, LOOK_SECONDS)


async def _close(nannies: Iterable[Nanny]) -> None:
    await asyncio.gather(
        *(nanny.close(timeout=3) for nanny in nannies if nanny.status != Status.closed),
        return_exceptions=True,
    )


def _withdraw(state: Path) -> None:
    """Take the announcement away, unless another engine has put its own there."""
    said = announced()
    if said and said.pid == os.getpid():
        state.unlink()


def run(main: Coroutine[Any, Any, None]) -> NoReturn:
    """Run one of the above as this process' only work."""
    create_privately()
    log.begin()
    with dask.config.set(QUIET):
        asyncio.run(main)
    sys.stdout.flush()
    os._exit(0)  # a training thread of a closed worker must not hold the process


if __name__ == "__main__":
    run(serve())
