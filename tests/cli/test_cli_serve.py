"""``ctdenoise serve`` until it becomes the server; tests/test_wheel.py goes on from there."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence

import pytest

from ctdenoise.cli import main, serve
from ctdenoise.settings import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows starts a second process")


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], dict[str, str]]]:
    """What the process would have turned into: command and environment."""
    became: list[tuple[Sequence[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _, command, env: became.append((command, env)))
    return became


def test_it_listens_on_loopback_and_says_where(
    become: list[tuple[Sequence[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
    closed_port: int,
) -> None:
    assert main(["serve", "--port", str(closed_port)]) == 0
    ((command, environment),) = become
    assert command[:5] == [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    assert "--server.address=127.0.0.1" in command and f"--server.port={closed_port}" in command
    assert environment["MALLOC_ARENA_MAX"] == "2" and environment["GOMP_SPINCOUNT"]
    told = capsys.readouterr()
    assert f"http://127.0.0.1:{closed_port} " in told.out and told.err == ""


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("localhost", False)])
def test_whoever_opens_it_to_others_is_warned_that_there_are_no_accounts(
    become: list[tuple[Sequence[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
    closed_port: int,
    host: str,
    warned: bool,
) -> None:
    assert main(["serve", "--host", host, "--port", str(closed_port)]) == 0
    assert ("There are no accounts" in capsys.readouterr().err) == warned
    assert len(become) == 1


def test_a_teachers_limits_reach_the_server_and_what_it_starts(
    become: list[tuple[Sequence[str], dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
) -> None:
    monkeypatch.setenv("CTDENOISE_RUN_MINUTES", "7")
    limits = ["--longest-run", "5", "--runs-at-once", "2"]
    for given in ([], limits):
        assert main(["serve", "--port", str(closed_port), *given]) == 0
    (_, as_before), (_, environment) = become
    assert as_before["CTDENOISE_RUN_MINUTES"] == "7" and "CTDENOISE_RUNS_AT_ONCE" not in as_before
    assert environment["CTDENOISE_RUN_MINUTES"] == "5"
    assert environment["CTDENOISE_RUNS_AT_ONCE"] == "2"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--port", "65536"], "Port 65536 does not exist"),
        (["--host", "192.0.2.1"], "192.0.2.1 is none of this computer"),  # an address of examples
        (["--longest-run", "five"], "--longest-run is no whole number above 0 (five): correct it"),
        (["--runs-at-once", "0"], "--runs-at-once is no whole number above 0 (0): correct it"),
    ],
)
def test_where_nobody_can_listen_is_told_in_one_sentence(
    become: list[tuple[Sequence[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    words: str,
) -> None:
    assert main(["serve", *argv]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert become == []


def test_a_port_in_use_is_told_before_anything_is_started(
    become: list[tuple[Sequence[str], dict[str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    assert f"Port {port} is in use by another program: choose" in capsys.readouterr().err
    assert become == []


def test_it_uses_the_dashboards_port_unless_told_otherwise() -> None:
    parser = serve.add(argparse.ArgumentParser().add_subparsers())
    assert (parser.get_default("host"), parser.get_default("port")) == ("127.0.0.1", 8501)


@pytest.mark.parametrize(
    ("urls", "hosts", "origins", "path"),
    [
        ([], [], [], None),
        (
            ["https://ct.hospital.org/a/b/"],
            ["127.0.0.1", "::1", "localhost", "thisone", "ct.hospital.org"],
            ["https://ct.hospital.org"],
            "a/b",
        ),
        (
            ["http://labserver:8501", "http://LabServer.uni.edu:8501"],
            ["127.0.0.1", "::1", "localhost", "thisone", "labserver", "labserver.uni.edu"],
            ["http://labserver:8501", "http://LabServer.uni.edu:8501"],
            "",
        ),
        (
            ["https://x:443", "http://x:80", "http://x:443", "https://[::1]:443", "https://x:1443"],
            ["127.0.0.1", "::1", "localhost", "thisone", "x"],
            ["https://x", "http://x", "http://x:443", "https://[::1]", "https://x:1443"],
            "",
        ),
    ],
)
def test_the_address_that_people_open_is_allowed(
    become: list[tuple[Sequence[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
    urls: list[str],
    hosts: list[str],
    origins: list[str],
    path: str | None,
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "thisone")
    argv = ["serve", "--port", str(closed_port), *(f"--url={url}" for url in urls)]
    assert main(argv) == 0
    ((command, _),) = become

    def given(option: str) -> list[str]:
        return [each.partition("=")[2] for each in command if each.startswith(f"--{option}=")]

    told = capsys.readouterr()
    assert all(url in told.out for url in urls)
    assert ("There are no accounts" in told.err) == bool(urls)
    assert given("server.allowedHosts") == hosts
    assert given("server.corsAllowedOrigins") == origins
    assert given("server.baseUrlPath") == ([] if path is None else [path])


@pytest.mark.parametrize(
    "url",
    ["ct.hospital.org", "ftp://ct.hospital.org", "https://", "https://[::1", "https://x:99999",
     "https://user@x", "https://x/?a=1", "https://x/#top"],
)  # fmt: skip
def test_what_is_no_address_is_told_in_one_sentence(
    become: list[tuple[Sequence[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
    closed_port: int,
    url: str,
) -> None:
    assert main(["serve", "--port", str(closed_port), "--url", url]) == 1
    error = capsys.readouterr().err
    assert f"The address {url} is none of a dashboard" in error and error.count("\n") == 1
    assert become == []


def test_two_paths_cannot_be_served(
    become: list[tuple[Sequence[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
    closed_port: int,
) -> None:
    urls = ["--url", "https://x.org/a", "--url", "https://y.org/b"]
    assert main(["serve", "--port", str(closed_port), *urls]) == 1
    assert "differ in their paths" in capsys.readouterr().err
    assert become == []


def test_what_an_operator_wishes_reaches_the_server(
    become: list[tuple[Sequence[str], dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
) -> None:
    monkeypatch.delenv("CTDENOISE_LOG", raising=False)
    wishes = ["--retention-days", "30", "--log-json", "--embed-in", "https://LMS.org/"]
    for given in ([], [*wishes, "--embed-in", "http://localhost:8080"]):
        assert main(["serve", "--port", str(closed_port), *given]) == 0
    (plain_command, plain), (command, environment) = become
    assert not {"CTDENOISE_RETENTION_DAYS", "CTDENOISE_LOG", "CTDENOISE_EMBED_IN"} & set(plain)
    assert "--logger.messageFormat=%(message)s" not in plain_command
    assert environment["CTDENOISE_RETENTION_DAYS"] == "30"
    assert environment["CTDENOISE_EMBED_IN"] == "https://lms.org http://localhost:8080"
    assert environment["CTDENOISE_LOG"] == "json"
    assert "--logger.messageFormat=%(message)s" in command


@pytest.mark.parametrize("site", ["lms.org", "http://lms.org", "https://lms.org/x", "https://a;b"])
def test_what_is_no_site_is_told_in_one_sentence(
    become: list[tuple[Sequence[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
    closed_port: int,
    site: str,
) -> None:
    assert main(["serve", "--port", str(closed_port), "--embed-in", site]) == 1
    assert f"The site {site} is no origin of a site: give it" in capsys.readouterr().err
    assert become == []
