"""``make test`` is the one command that checks everything: none of its checks may get lost."""

import os
import shutil
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
    assert "serve" not in would_run("install")
    commands = would_run("run")
    assert commands.index("ctdenoise sample") < commands.index("ctdenoise serve")


def test_continuous_integration_runs_make_test_and_counts_coverage() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make coverage" in script.read_text()
    assert would_run("coverage") == would_run("test").replace("bin/pytest ", "bin/pytest --cov")


def test_the_package_itself_is_installed_after_what_it_runs_on() -> None:
    commands = would_run("install")
    assert commands.index("-r requirements.txt -c constraints.txt") < commands.index("--no-deps -e")


def test_every_requirement_has_a_tested_version() -> None:
    def parsed(name: str) -> list[Requirement]:
        lines = (ROOT / name).read_text().splitlines()
        return [Requirement(line) for line in map(uncommented, lines) if line]

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ranges = parsed("requirements.txt") + list(
        map(Requirement, project["optional-dependencies"]["test"])
    )
    tested = {canonicalize_name(each.name): each for each in parsed("constraints.txt")}
    for each in ranges:
        (pin,) = tested[canonicalize_name(each.name)].specifier
        assert pin.operator == "==" and pin.version in each.specifier


def uncommented(line: str) -> str:
    """A line of a requirements file without its comment."""
    return line.partition("#")[0].strip()
