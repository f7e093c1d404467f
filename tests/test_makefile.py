"""``make test`` is the one command that checks everything: none of its checks may get lost."""

import os
import shutil
import subprocess

import pytest

from ctdenoise.settings import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def would_run(target: str) -> str:
    """The commands of ``make target`` on a machine where nothing is installed yet."""
    environment = {key: value for key, value in os.environ.items() if key != "MAKEFLAGS"}
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    "check", ["ruff check .", "ruff format --check .", "bin/mypy", "bin/lint-imports", "bin/pytest"]
)
def test_make_test_runs_every_check(check: str) -> None:
    assert check in would_run("test")


def test_make_test_installs_what_it_needs_first() -> None:
    commands = would_run("test")
    tools = ("chromium", "dicom3tools", "nodejs")
    for needed in ("-m venv .venv", "-r requirements.txt", "[test]", *tools):
        assert commands.index(needed) < commands.index("bin/pytest")


def test_make_install_serves_nothing_and_make_run_serves_after_the_sample() -> None:
    assert "streamlit" not in would_run("install")
    commands = would_run("run")
    assert commands.index("ctdenoise sample") < commands.index("streamlit run app.py")


def test_continuous_integration_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()


def test_requirements_install_the_package_itself() -> None:
    assert "--editable ." in (ROOT / "requirements.txt").read_text().splitlines()
