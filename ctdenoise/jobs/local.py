"""Finds the local engine, or starts it: exactly one for a home, whoever asks first.

The engine is a detached process (:mod:`ctdenoise.jobs.scheduler`) that announces itself in
``home/engine/engine.json``; a lock file keeps two servers from starting two.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from filelock import FileLock
from pydantic import BaseModel, PositiveInt

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.jobs import certificates
from ctdenoise.settings import MEMORY, PACKAGE, python_path, settings

if TYPE_CHECKING:
    from distributed.security import Security

STATE = "engine.json"
SCHEDULER = "ctdenoise.jobs.scheduler"
PROTOCOL = 3
"""Of what server and engine say to each other through the database; raised with its meaning."""
START_SECONDS = 60
"""Longest that a fresh scheduler may take to announce itself on a busy machine."""


class State(BaseModel):
    """What an engine tells of itself in its file."""

    address: str
    pid: PositiveInt
    fingerprint: str
    protocol: int | None = None


@dataclass(frozen=True)
class Found:
    """A living local engine: whether it runs just the code that we run (``current``), or code that
    does not understand ours (``outdated``)."""

    address: str
    pid: int
    current: bool
    outdated: bool


def folder() -> Path:
    """Where the local scheduler keeps its address and certificates."""
    return settings().home / "engine"


def security(certificate_folder: Path) -> "Security":
    """Mutual TLS from ca.pem, cert.pem and key.pem in a folder."""
    from distributed import Security  # the package first: another thread may be importing it

    roles = {
        f"tls_{role}_{part}": str(certificate_folder / f"{part}.pem")
        for role in ("client", "worker", "scheduler")
        for part in ("cert", "key")
    }
    return Security(
        tls_ca_file=str(certificate_folder / "ca.pem"), require_encryption=True, **roles
    )


def certificate_folder() -> Path:
    """Where a cluster's certificates lie; :class:`Problem` where they are not all there."""
    certificates = settings().engine_certificates
    files = ("ca.pem", "cert.pem", "key.pem")
    if certificates is None or not all((certificates / name).is_file() for name in files):
        raise Problem(
            "CTDENOISE_ENGINE_CERTIFICATES",
            f"does not name a folder with {', '.join(files)}",
            "put the certificates of the cluster there",
        )
    return certificates


def fingerprint() -> str:
    """Changes with the interpreter, the place, the newest change of our code, and the longest run
    that its workers hold."""
    newest = max(file.stat().st_mtime_ns for file in PACKAGE.rglob("*.py"))
    told = f"{sys.executable} {PACKAGE} {newest} {settings().longest_run}"
    return sha256(told.encode()).hexdigest()[:16]


@telling_disk_problems
def lock() -> FileLock:
    """Held while an engine is looked for, started or replaced."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileLock(folder() / "lock", timeout=2 * START_SECONDS)


def find() -> Found | None:
    """The living engine of this home, or None."""
    state = announced()
    try:
        # The process of that number may by now be another one.
        if state is None or not _is_engine(psutil.Process(state.pid)):
            return None
    except (OverflowError, psutil.Error):
        return None
    return Found(
        state.address,
        state.pid,
        current=state.fingerprint == fingerprint(),
        outdated=state.protocol != PROTOCOL,
    )


def announced() -> State | None:
    """What the engine's file says; None where there is none, or it is damaged."""
    try:
        return State.model_validate_json((folder() / STATE).read_bytes())
    except (OSError, ValueError):
        return None


def _is_engine(process: psutil.Process) -> bool:
    """Whether a process is an engine of this home."""
    return bool(process.cmdline()[-2:] == [SCHEDULER, str(settings().home)])


def _end_lost() -> None:
    """End the engines of this home that ``engine.json`` does not name: it was damaged or removed,
    and two would do the same jobs."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if _is_engine(process):
                end(Found("", process.pid, current=False, outdated=True))


@telling_disk_problems
def start() -> Found:
    """Start a detached engine and wait until it listens; call it with the lock held."""
    _end_lost()
    certificates.create(folder())
    (folder() / STATE).unlink(missing_ok=True)
    log = folder() / "engine.log"
    if log.exists():
        os.replace(log, log.with_name("engine.previous.log"))
    environment = os.environ | {
        "CTDENOISE_HOME": str(settings().home),
        "CTDENOISE_DATABASE": settings().database,
        "DASK_LOGGING__DISTRIBUTED": "warning",
        **MEMORY,
        "PYTHONPATH": python_path(),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", SCHEDULER, str(settings().home)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder(),
            env=environment,
            **_detached(),
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := find():
            process.returncode = 0  # it is meant to outlive us: no warning when we forget it
            return found
        if process.poll() is not None:
            raise Problem(
                "The engine",
                f"ended while starting ({_last_line(log)})",
                f"read {log.name} in the engine folder of CTDENOISE_HOME",
            )
        time.sleep(0.02)
    process.kill()
    raise Problem(
        "The engine",
        f"did not start within {START_SECONDS} s",
        "close other programs and try again",
    )


def end(found: Found, seconds: float = 15) -> None:
    """Ask an engine to end and wait until all of it is gone; no worker is left behind."""
    try:
        process = psutil.Process(found.pid)
        family = [process, *process.children(recursive=True)]
        process.terminate()
    except psutil.NoSuchProcess:
        return
    _, alive = psutil.wait_procs(family, timeout=seconds)
    for member in alive:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(alive, timeout=5)


def _detached() -> dict[str, Any]:
    """Own session: closing the terminal or stopping the server does not reach the engine."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it left no message"
