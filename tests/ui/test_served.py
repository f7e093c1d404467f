"""The dashboard's door as it is really served: addresses, names, origins, cookies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import psutil
import pytest
from serving import ROOT, Server, free_port, server, wait_until_up

from ctdenoise.ui.visitors import COOKIE

WITHOUT_ENGINE = {"CTDENOISE_ENGINE": "tls://127.0.0.1:1"}
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """``streamlit run app.py``, as it is."""
    home = {"CTDENOISE_HOME": str(tmp_path_factory.mktemp("home"))}
    with server(ROOT / "app.py", WITHOUT_ENGINE | home) as running:
        yield running


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``ctdenoise serve`` for a hospital's proxy: its own address."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    options = ["--port", str(port), "--url", "https://ct.hospital.org/a/b"]
    environment = os.environ | WITHOUT_ENGINE | {"CTDENOISE_HOME": str(home)}
    process = subprocess.Popen(
        [sys.executable, "-m", "ctdenoise.cli", "serve", *options],
        cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/a/b"
    try:
        wait_until_up(address, process)
        yield address
    finally:
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:
            each.kill()
        process.wait()


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    """The answer to a request with just these headers, "_" standing for "-"; its text unless it
    is a WebSocket's."""
    parts = urlsplit(address)
    with closing(HTTPConnection(parts.netloc, timeout=60)) as connection:
        connection.putrequest(method, parts.path + path, skip_host=True)
        for name, value in ({"Host": parts.netloc} | headers).items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer, "" if answer.status == 101 else answer.read().decode()


def status(address: str, how: str, **headers: str) -> int:
    """What a page, an upload or a WebSocket is answered; 403 stands for the gate's."""
    if how == "websocket":
        answer, told = ask(address, "/_stcore/stream", **HANDSHAKE, **headers)
    else:
        path = "/_stcore/upload_file/session/file" if how == "PUT" else "/"
        answer, told = ask(address, path, how, **headers)
    if answer.status == 403 and not told.startswith("The dashboard "):
        return 0
    return answer.status


OURS = {"GET": 200, "PUT": 0, "websocket": 101}
"""An upload that is let in has no token, which Streamlit asks for."""


def test_only_this_computer_reaches_it(plain: Server, proxied: str) -> None:
    listening = {
        each.laddr.ip
        for process in (psutil.Process(plain.pid), _listener(proxied))
        for each in process.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def _listener(address: str) -> psutil.Process:
    port = urlsplit(address).port
    own = psutil.Process()
    return next(
        process
        for process in own.children(recursive=True)
        if any(c.laddr.port == port for c in process.net_connections("tcp"))
    )


@pytest.mark.parametrize("how", OURS)
def test_another_name_or_site_is_refused(plain: Server, how: str) -> None:
    port = urlsplit(plain.address).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        assert status(plain.address, how, Host=host) == OURS[how]
        assert status(plain.address, how, Host=host, Origin=f"http://{host}") == OURS[how]
    for host, origin in (
        ("evil.example", None),
        (f"evil.example:{port}", f"http://evil.example:{port}"),
        (f"localhost:{port}", "http://evil.example"),
        (f"localhost:{port}", "http://localhost:3000"),
        (f"localhost:{port}", f"http://127.0.0.1:{port}"),
        (f"localhost:{port}", "null"),
    ):
        headers = {"Host": host} | ({"Origin": origin} if origin else {})
        assert status(plain.address, how, **headers) == 403, headers


def test_what_streamlit_serves_beside_its_pages_is_shut(plain: Server) -> None:
    """Its programming interface is off, and its own uploads need a token and a session."""
    for path in ("interact", "mcp"):
        answer, told = ask(plain.address, f"/_stcore/agent/{path}", "POST", Content_Length="0")
        assert answer.status in (400, 403, 404) and "does not serve the agent API" in told
    token = "2|00000000|00000000000000000000000000000000|1"
    path = "/_stcore/upload_file/session/file"
    tokens = {"Cookie": f"_streamlit_xsrf={token}", "X_Xsrftoken": token}
    for method, headers, status in (("PUT", {}, 403), ("DELETE", {}, 403), ("PUT", tokens, 400)):
        answer, told = ask(plain.address, path, method, Content_Length="0", **headers)
        assert answer.status == status, (method, headers, told)
    for path in ("/app/static/app.py", "/static/../app.py", "/static/%2e%2e/%2e%2e/app.py",
                 "/component/../../app.py", "/media/..%2f..%2fapp.py"):  # fmt: skip
        answer, told = ask(plain.address, path)
        assert "ctdenoise" not in told, path


@pytest.mark.parametrize("how", OURS)
def test_behind_a_proxy_its_name_is_let_in(proxied: str, how: str) -> None:
    site = "https://ct.hospital.org"
    for host in ("ct.hospital.org", urlsplit(proxied).netloc):  # passed on, or written anew
        assert status(proxied, how, Host=host, Origin=site) == OURS[how]
        assert status(proxied, how, Host=host, Origin="https://evil.example") == 403
    assert status(proxied, how, Host="evil.example", Origin=site) == 403


def test_the_figures_of_operation_are_for_the_operator(plain: Server, proxied: str) -> None:
    for address in (plain.address, proxied):
        answer, told = ask(address, "/_stcore/metrics")
        assert answer.status == 200 and "# EOF" in told
        answer, told = ask(address, "/_stcore/metrics", X_Forwarded_For="10.0.0.7")
        assert answer.status == 403 and "operator alone" in told


def test_behind_tls_every_cookie_is_secure_and_below_the_prefix(proxied: str) -> None:
    for proto, secure in (("https", True), ("http", False)):
        page, _ = ask(proxied, "/", X_Forwarded_Proto=proto)
        health, _ = ask(proxied, "/_stcore/health", X_Forwarded_Proto=proto)
        (own,) = (c for c in page.headers.get_all("Set-Cookie") or [] if c.startswith(COOKIE))
        assert "; Path=/a/b;" in own and "; HttpOnly" in own and "; SameSite=Lax" in own
        streamlits = health.headers.get_all("Set-Cookie") or []
        assert streamlits
        for cookie in (own, *streamlits):
            assert cookie.endswith("; Secure") == secure, cookie
        assert page.headers["Referrer-Policy"] == "same-origin"


def test_the_routes_lie_below_the_prefix(proxied: str) -> None:
    root = proxied.removesuffix("/a/b")
    routes = {"/pixels/full/x/y/0": "no cookie", "/downloads/run/x/card": "This "}
    for route, words in routes.items():
        answer, told = ask(proxied, route)
        assert answer.status in (403, 404) and words in told, route
        answer, told = ask(root, route)
        assert answer.status == 404 and told == "Not Found"
