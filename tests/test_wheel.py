"""The wheel, installed into an environment of its own and used from an empty folder."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from serving import free_port, wait_until_up

from ctdenoise import __version__
from ctdenoise.config.shipped import shipped
from ctdenoise.settings import ROOT

PROJECT = ("pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE", "app.py")
FOLDERS = ("ctdenoise", "pages", "checkpoints", "lessons", ".streamlit")
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def pip(*argv: object) -> None:
    """Our own pip, without any index."""
    command = [sys.executable, "-m", "pip", *map(str, argv), "--quiet", "--no-index", "--no-deps"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, since setuptools leaves its traces where it builds."""
    copy = tmp_path_factory.mktemp("project")
    for name in PROJECT:
        shutil.copy(ROOT / name, copy)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-build-isolation", "--wheel-dir", copy / "dist", copy)
    (built,) = (copy / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel alone; the libraries are those that test it.

    They come after its own, and the line in a .pth file keeps their .pth files unread: what is
    imported is what the wheel brought.
    """
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = place / SCRIPTS / "python"
    # A build leaves its traces in the project, from which pip may take the wheel for installed.
    pip("--python", python, "install", "--ignore-installed", wheel)
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    (Path(own) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place


@pytest.fixture
def alone(environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, an empty home, and the wheel's commands first on the path."""
    for name in [name for name in os.environ if name.startswith(("CTDENOISE_", "PYTHON"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    monkeypatch.setenv("PATH", str(environment / SCRIPTS), prepend=os.pathsep)
    work = tmp_path / "empty"
    work.mkdir()
    monkeypatch.chdir(work)
    yield work
    ending = "from ctdenoise.jobs import local; found = local.find(); found and local.end(found)"
    subprocess.run([environment / SCRIPTS / "python", "-c", ending], check=True)


def told(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_file_of_the_program_is_in_it(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    package = (path for path in (ROOT / "ctdenoise").rglob("*") if "__pycache__" not in path.parts)
    wanted = {path.relative_to(ROOT).as_posix() for path in package if path.is_file()}
    beside = [ROOT / "app.py", ROOT / ".streamlit" / "config.toml", *(ROOT / "pages").glob("*.py")]
    beside += [p for p in (ROOT / "checkpoints").rglob("*") if p.suffix in (".md", ".safetensors")]
    beside += [p for p in (ROOT / "lessons").rglob("*") if p.is_file() and p.suffix != ".py"]
    wanted |= {f"ctdenoise/root/{path.relative_to(ROOT).as_posix()}" for path in beside}
    assert wanted - inside == set()


def test_it_asks_for_the_libraries_of_requirements_txt(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    required = message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [line.partition("#")[0].strip() for line in lines]
    assert {Requirement(each) for each in required if "extra ==" not in each} == {
        Requirement(line) for line in wanted if line
    }


def test_the_command_line_and_the_networks_come_from_the_wheel(
    alone: Path, environment: Path
) -> None:
    assert told("ctdenoise", "--version") == f"ctdenoise {__version__}\n"
    assert "ctdenoise serve" in told("ctdenoise", "--help")
    program = (
        "import ctdenoise\n"
        "from ctdenoise.config.shipped import shipped\n"
        "from ctdenoise.settings import settings\n"
        "print(ctdenoise.__file__, settings().home, *shipped(), sep='\\n')"
    )
    module, home, *networks = told("python", "-c", program).splitlines()
    assert Path(module).is_relative_to(environment)
    assert Path(home).is_relative_to(alone.parent / "user")
    assert networks == list(shipped())


def test_the_dashboard_is_served_and_ends_with_ctrl_c(alone: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        ["ctdenoise", "serve", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        wait_until_up(address, server)
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert "ctdenoise_workspace=" in answer.headers["Set-Cookie"]
            assert "<title>" in answer.read().decode()
        # The first page's script finds its own pages, or the log below would have a traceback.
        told("python", "-c", FIRST_PAGE)
        with subprocess.Popen(
            ["ctdenoise", "serve", "--port", str(port)], stderr=subprocess.PIPE, text=True
        ) as second:
            assert second.communicate(timeout=60)[1] == (
                f"Port {port} is in use by another program: choose another with --port.\n"
            )
        os.killpg(server.pid, signal.SIGINT)
        out, error = server.communicate(timeout=60)
    finally:
        server.kill()
    assert address in out
    assert "Traceback" not in out + error
    assert list(alone.iterdir()) == []


FIRST_PAGE = """
from streamlit.runtime import context
from streamlit.testing.v1 import AppTest
from ctdenoise.ui.server import SCRIPT
from ctdenoise.ui.visitors import COOKIE
context.ContextProxy.cookies = {COOKIE: 32 * "1"}
page = AppTest.from_file(str(SCRIPT), default_timeout=300).run()
assert not page.exception, page.exception
assert page.title
"""
