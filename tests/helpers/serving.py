"""Finding a Chromium and starting a Streamlit server, for the tests and for the benchmarks."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 300


def launch(playwright: "Playwright") -> "Browser | None":
    """The machine's own Chromium, else the one that `playwright install chromium` brings."""
    own = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if own is None and not Path(playwright.chromium.executable_path).exists():
        return None
    return playwright.chromium.launch(executable_path=own, args=FLAGS)


@dataclass(frozen=True)
class Server:
    address: str
    pid: int
    started: float
    """``time.perf_counter()`` when the process was started."""


def free_port() -> int:
    """A port of this computer on which nobody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def server(
    script: Path,
    environment: dict[str, str] | None = None,
    *,
    prefix: str = "",
    log: Path = Path(os.devnull),
) -> Iterator[Server]:
    """`streamlit run SCRIPT` on a free port, below a ``prefix`` like "/ct"; its whole process group
    is killed at the end. What it says goes into the file ``log``."""
    port = free_port()
    options = ["--server.port", str(port), "--server.baseUrlPath", prefix]
    started = time.perf_counter()
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), *options],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}{prefix}"
    try:
        wait_until_up(address, process)
        yield Server(address, process.pid, started)
    finally:
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_up(address: str, process: "subprocess.Popen[Any]") -> None:
    """Return when the server at that address answers; RuntimeError where it ends or is late."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not answer within {START_SECONDS} s")
