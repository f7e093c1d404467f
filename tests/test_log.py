"""Lines for an operator: what happened, and nobody's name."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ctdenoise.settings import python_path

SCRIPT = """
import logging, threading, warnings
from starlette.applications import Starlette
from starlette.testclient import TestClient
from ctdenoise import log
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, queue, worker
from ctdenoise.jobs.kinds.download import DOWNLOAD, Download
from ctdenoise.settings import private_home
from ctdenoise.ui import server
from distributed.utils import log_errors
from streamlit import config
from streamlit.logger import get_logger

config.get_config_options()
config.set_option("logger.messageFormat", log.PLAIN)
worker._worker = lambda: "worker-MEYER"
before = get_logger("streamlit.before")
private_home()
log.begin()
log.begin()
log.event("started", version="1")
app = TestClient(Starlette(routes=server.ROUTES, middleware=server.MIDDLEWARE),
                 base_url="http://localhost")
app.cookies.set("ctdenoise_workspace", "MEYER")
for path in ("/pixels/scan/MEYER/1", "/downloads/run/MEYER/card", "/MEYER-scan7.dcm", "/metrics"):
    app.get(path, headers={"X-Forwarded-For": "MEYER"})
app.get("/", headers={"Host": "MEYER.example"})
app.put("/uploads/MEYER/0/0", content=b"MEYER")
asked = Download(patients=("MEYER",), every=1)
queue.add(DOWNLOAD, asked, "workspace-of-MEYER", subject="MEYER")
held = leases.claim("download", "w")
worker.execute(held)
for logger in (logging.getLogger("ctdenoise"), logging.getLogger("distributed.core"), before,
               get_logger("streamlit.MEYERless"), logging.getLogger("uvicorn.error")):
    logger.error("of %s: %r", "MEYER", {"file": "MEYER.dcm"})
    try:
        raise OSError(28, "No space", "/home/MEYER/scan7.dcm")
    except OSError:
        logger.exception("MEYER")
warnings.warn("the tag PatientName is MEYER")
def slip():
    raise ValueError("MEYER")
thread = threading.Thread(target=slip, name="MEYER")
thread.start()
thread.join()
log.event("stopped")
raise Problem("MEYER's scan", "is damaged", "take another")
"""


def told(home: Path, **environment: str) -> tuple[str, list[dict[str, Any]]]:
    """What such a process writes to stderr: as text, and line by line."""
    own = {"CTDENOISE_HOME": str(home), "PYTHONPATH": python_path()}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | own | environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    return done.stderr, [json.loads(line) for line in lines if line.startswith("{")]


def test_events_are_lines_of_json_in_which_nobody_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home-of-MEYER"
    text, lines = told(home, CTDENOISE_LOG="json")
    assert len(lines) == len(text.splitlines()), text
    assert "MEYER" not in text.replace("MEYERless", "").upper() and str(tmp_path) not in text
    by_event = [line["event"] for line in lines]
    assert by_event[0] == "started" and by_event[-2:] == ["stopped", "problem"]
    refused = {(line["asked"], line["status"]) for line in lines if line["event"] == "refused"}
    assert refused >= {("pixels", 403), ("page", 404), ("metrics", 403), ("page", 403)}
    assert ("uploads", 404) in refused or ("uploads", 400) in refused
    (job,) = (line for line in lines if line["event"] == "job")
    assert (job["kind"], job["state"]) == ("download", "failed") and job["seconds"] >= 0
    errors = {line.get("error") for line in lines if line["event"] == "problem"}
    assert errors >= {"OSError", "ValueError", "Problem"}
    said = {line.get("logger") for line in lines}
    assert said >= {"ctdenoise", "distributed.core", "streamlit.before", "uvicorn.error"}


def test_nothing_is_told_unless_it_is_wanted(tmp_path: Path) -> None:
    _, lines = told(tmp_path, CTDENOISE_LOG="")
    assert lines == []
