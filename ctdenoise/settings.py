"""Where things live and how large they may be: every environment variable is read here."""

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ctdenoise.errors import Problem, telling_disk_problems

PACKAGE = Path(__file__).resolve().parent
"""The folder of this package's modules."""
_IN_WHEEL = PACKAGE / "root"
ROOT = _IN_WHEEL if _IN_WHEEL.is_dir() else PACKAGE.parent
"""The folder with app.py, pages/, checkpoints/ and .streamlit/: the project's own or, installed
from a wheel, ``root`` inside the package, where setup.py puts them."""
_ORIGIN = re.compile(r"(https://(\*\.)?|http://(?=localhost\b|127\.|\[::1\]))[a-z0-9.\-\[\]:]+")
"""Scheme and name of a site, and its port where it has one; unencrypted on loopback alone."""
CHECKPOINTS = ROOT / "checkpoints"
CHECKPOINT_MB = 500
"""Largest file that can be a trained network."""
MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"}
"""Environment of processes that shall give the memory of an upload back to the system once it has
been read (457 MB become 152 MB); read when a process starts."""
THREADS = {"GOMP_SPINCOUNT": "5000"}
"""Environment of processes that compute beside others on the same cores; read when torch is loaded.

At the end of every layer OpenMP's threads wait for the last one. By default they spin for so long
that one which lost its core to another process holds up the others, and they hold up that process:
on two cores a training beside a preview took six times as long as alone, and twice with this
number, which is what an even share costs; alone it makes no difference (benchmarks/sharing.py)."""

RUN_MINUTES = "CTDENOISE_RUN_MINUTES"
RUNS_AT_ONCE = "CTDENOISE_RUNS_AT_ONCE"
"""A teacher's limits, which ``ctdenoise serve`` sets for the server and its engine."""
RETENTION_DAYS = "CTDENOISE_RETENTION_DAYS"
EMBED_IN = "CTDENOISE_EMBED_IN"
LOG, JSON = "CTDENOISE_LOG", "json"
"""An operator's wishes, which ``ctdenoise serve`` sets for the server and its engine."""
TRAINING_THREADS = "CTDENOISE_TRAINING_THREADS"
"""Set by the engine for its workers that have fewer threads than a training: they tell how long one
takes."""


@dataclass(frozen=True)
class Settings:
    """One record of what differs between a laptop, a classroom server and a cluster."""

    home: Path
    """Scans, runs, database and engine state (``CTDENOISE_HOME``)."""
    database: str
    """SQLAlchemy URL of the runs (``CTDENOISE_DATABASE``, or in the file that
    ``CTDENOISE_DATABASE_FILE`` names), SQLite in ``home`` by default."""
    engine: str | None
    """Address of a Dask scheduler (``CTDENOISE_ENGINE=tls://host:8786``); None: a local one."""
    engine_certificates: Path | None
    """Folder of ca.pem, cert.pem, key.pem for ``engine`` (``CTDENOISE_ENGINE_CERTIFICATES``)."""
    s3: str | None
    """Address of another S3 server for the public archive (``CTDENOISE_S3``); None: Amazon's."""
    worker_memory_mb: int
    """Most memory that a worker may take (``CTDENOISE_WORKER_MEMORY_MB``), and so a step of a
    training; three quarters of this machine's by default."""
    longest_run: int
    """Seconds that a training may take at a time (minutes in ``CTDENOISE_RUN_MINUTES`` or, where
    that is not set, hours in ``CTDENOISE_RUN_HOURS``, 72)."""
    workspace_mb: int
    """Most that one workspace may keep (``CTDENOISE_WORKSPACE_MB``, 102400)."""
    workspace_jobs: int
    """Most jobs of one workspace that may wait or run (``CTDENOISE_WORKSPACE_JOBS``, 100)."""
    runs_at_once: int
    """Most of them that may be trainings (``CTDENOISE_RUNS_AT_ONCE``); all by default."""
    retention_days: int | None
    """Days after which goes what nobody opened or changed (``CTDENOISE_RETENTION_DAYS``); None:
    everything stays."""
    disk_margin_mb: int
    """What has to be free on the disk for anything new to begin (``CTDENOISE_DISK_MARGIN_MB``,
    1024)."""
    embed_in: tuple[str, ...]
    """Origins of sites that may show the dashboard in a frame (``CTDENOISE_EMBED_IN``)."""
    log_json: bool
    """Whether events are told in lines of JSON (``CTDENOISE_LOG=json``)."""
    metrics_token: str | None
    """What opens the figures of operation from elsewhere (``CTDENOISE_METRICS_TOKEN``, or in the
    file that ``CTDENOISE_METRICS_TOKEN_FILE`` names); None: they are this computer's alone."""
    upload_file_mb: int = 1024
    """Largest single uploaded file."""
    upload_files: int = 5000
    """Most files in one upload or archive."""
    upload_total_mb: int = 4096
    """Most that one upload may hold once unpacked."""
    decode_seconds: int = 300
    """Longest that reading one upload may take."""
    decode_memory_mb: int = 8192
    """Most memory that reading one upload may take."""
    readers: int = 2
    """Most uploads that are read at once on one machine; fewer where it has too little memory."""
    slice_megapixels: int = 32
    """Most pixels of one slice, in millions of 2**20: a mammogram has 25."""
    file_slices: int = 20_000
    """Most slices, or frames, of one file: a perfusion scan of the whole brain has 16,000."""
    decoded_mb: int = 4096
    """Most that slices may take that one reading holds at once, in float32: 4,096 of 512 x 512."""
    unpack_ratio: int = 100
    """Most bytes out of a compressed file for each of its own, above ``unpack_free_mb``."""
    unpack_free_mb: int = 256
    """What a compressed file may unpack to however small it is."""

    @property
    def workspaces(self) -> Path:
        """The folder with one folder for each workspace."""
        return self.home / "workspaces"


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    home = Path(os.environ.get("CTDENOISE_HOME") or _default_home()).resolve()
    certificates = os.environ.get("CTDENOISE_ENGINE_CERTIFICATES")
    workspace_jobs = _number("CTDENOISE_WORKSPACE_JOBS", 100)
    days = os.environ.get(RETENTION_DAYS)
    return Settings(
        home=home,
        database=_secret("CTDENOISE_DATABASE") or f"sqlite:///{home / 'runs.sqlite'}",
        engine=os.environ.get("CTDENOISE_ENGINE"),
        engine_certificates=Path(certificates) if certificates else None,
        s3=os.environ.get("CTDENOISE_S3"),
        worker_memory_mb=_number("CTDENOISE_WORKER_MEMORY_MB", machine_mb() * 3 // 4),
        longest_run=60 * _number(RUN_MINUTES, 60 * _number("CTDENOISE_RUN_HOURS", 72)),
        workspace_mb=_number("CTDENOISE_WORKSPACE_MB", 102_400),
        workspace_jobs=workspace_jobs,
        runs_at_once=_number(RUNS_AT_ONCE, workspace_jobs),
        retention_days=whole_number(RETENTION_DAYS, days) if days else None,
        disk_margin_mb=_number("CTDENOISE_DISK_MARGIN_MB", 1024),
        embed_in=tuple(map(origin, (os.environ.get(EMBED_IN) or "").split())),
        log_json=os.environ.get(LOG) == JSON,
        metrics_token=_secret("CTDENOISE_METRICS_TOKEN"),
    )


def _secret(name: str) -> str | None:
    """What stands in the environment or, as containers are given secrets, in a file named there."""
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeError) as error:
            raise Problem(
                f"{name}_FILE", "names a file that cannot be read", "correct it"
            ) from error
    return os.environ.get(name)


def _number(name: str, default: int) -> int:
    return whole_number(name, os.environ.get(name) or str(default))


def whole_number(name: str, text: str) -> int:
    """The whole number above 0 that somebody gave as ``name``; :class:`Problem` for anything
    else."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise Problem(name, f"is no whole number above 0 ({text[:20]})", "correct it")
    return int(text)


def origin(text: str) -> str:
    """The origin of a site that somebody gave; :class:`Problem` for anything else.

    >>> origin("https://LMS.example.org/")
    'https://lms.example.org'
    """
    clean = text.strip().lower().removesuffix("/")
    if not _ORIGIN.fullmatch(clean):
        raise Problem(
            f"The site {text[:100]}",
            "is no origin of a site",
            "give it like https://lms.example.org, without a path",
        )
    return clean


def machine_mb() -> int:
    """The memory of this machine or, where that is less, of the container that we are in."""
    import psutil

    found = [psutil.virtual_memory().total]
    for file in ("memory.max", "memory/memory.limit_in_bytes"):  # of cgroups, new and old
        with suppress(OSError, ValueError):  # "max" is no number
            found.append(int((Path("/sys/fs/cgroup") / file).read_text()))
    return max(int(min(found)) >> 20, 1)


def thread_environment() -> dict[str, str]:
    """:data:`THREADS`, but what is set in the environment of this process stays as it is."""
    return {name: os.environ.get(name, value) for name, value in THREADS.items()}


def training_threads() -> int:
    """How many threads a training has beside us; 0 where nobody said so."""
    return int(os.environ.get(TRAINING_THREADS) or 0)


def _default_home() -> Path:
    """``workspace/`` beside app.py; installed from a wheel, where this system keeps such data."""
    if ROOT != _IN_WHEEL:
        return ROOT / "workspace"
    from platformdirs import user_data_path

    return user_data_path("ctdenoise", appauthor=False)


def python_path() -> str:
    """PYTHONPATH for a process of ours, which then finds this package where it is not installed."""
    return os.pathsep.join(filter(None, [str(PACKAGE.parent), os.environ.get("PYTHONPATH")]))


def create_privately() -> None:
    """What this process and its children create from here on is for its owner's eyes alone: scans
    are, and so is what is made of them. Every process of ours begins with it."""
    os.umask(0o077)


@telling_disk_problems
def private_home() -> Path:
    """The home folder, made where there is none, for its owner's eyes alone.

    What this process and its children create from here on is so too. A folder that belongs to
    somebody else keeps its permissions, as does one that everybody may write to, like /tmp.
    """
    create_privately()
    home = settings().home
    home.mkdir(parents=True, exist_ok=True)
    if not home.stat().st_mode & stat.S_ISVTX:
        with suppress(PermissionError):
            home.chmod(0o700)
    return home
