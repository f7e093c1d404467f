"""Which names and origins are let in, and who sees the figures of operation."""

from collections.abc import Iterator
from itertools import product

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket
from streamlit import config

from ctdenoise.ui.gate import Gate, Names

LOOPBACK = Names(frozenset({"localhost", "127.0.0.1"}))
NAMED = Names(frozenset({"ct.hospital.org", "*.uni.edu"}), frozenset({"https://front.org:8443"}))
LAN = Names(frozenset({"localhost", "0.0.0.0", "labserver"}), numeric=True)


def visited(names: Names, client: tuple[str, int] = ("127.0.0.1", 50000)) -> TestClient:
    """A server behind the gate, and who asks it."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("page")

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    routes = [
        Route("/_stcore/metrics", page),
        WebSocketRoute("/_stcore/stream", stream),
        Route("/{rest:path}", page, methods=["GET", "PUT"]),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Gate, names=names)])
    return TestClient(app, client=client)


def let_in(names: Names, host: str, origin: str | None, how: str) -> bool:
    """Whether a request, an upload or a WebSocket with these headers comes through; where not, it
    is told in one sentence."""
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    client = visited(names)
    if how == "websocket":
        try:
            with client.websocket_connect("/_stcore/stream", headers=headers):
                return True
        except WebSocketDenialResponse as answer:
            status, told = answer.status_code, answer.read().decode()
    else:
        found = client.request(how, "/any", headers=headers)
        if found.status_code == 200:
            return True
        status, told = found.status_code, found.text
    assert status == 403
    assert told.startswith("The dashboard ") and told.endswith(".") and "\n" not in told
    return False


@pytest.mark.parametrize("how", ["GET", "PUT", "websocket"])
@pytest.mark.parametrize(
    ("names", "ours", "others"),
    [
        (
            LOOPBACK,
            ["localhost", "localhost:8501", "LOCALHOST:1", "localhost.", "127.0.0.1:8501",
             "127.1.2.3", "[::1]:8501"],
            ["evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.org",
             "192.168.1.5", "0.0.0.0:8501", "2130706433", "0x7f.1", "[::]", "", ":8501",
             "localhost:x", "localhost:", "localhost:99999", "user@localhost", "localhost/path",
             "localhost#", "localhost evil.example", "localhost, evil.example"],
        ),
        (
            NAMED,
            ["ct.hospital.org", "CT.Hospital.org:443", "a.uni.edu", "a.b.uni.edu:80"],
            ["localhost", "127.0.0.1:8501", "hospital.org", "xct.hospital.org", "uni.edu",
             "evil-uni.edu", "ct.hospital.org.evil.example", "10.0.0.1"],
        ),
        (
            LAN,
            ["labserver:8501", "localhost", "192.168.1.5:8501", "[fe80::1]:8501"],
            ["evil.example", "labserver.evil.example"],
        ),
    ],
)  # fmt: skip
def test_only_names_of_ours_are_answered(
    names: Names, ours: list[str], others: list[str], how: str
) -> None:
    assert [host for host in ours if not let_in(names, host, None, how)] == []
    assert [host for host in others if let_in(names, host, None, how)] == []


def test_an_origin_must_be_the_asked_one_to_the_port() -> None:
    """Of all pairs of origin and host, those that a browser calls the same."""
    hosts = ["localhost:8501", "localhost:8502", "localhost", "127.0.0.1:8501", "[::1]:8501"]
    origins = [f"{scheme}://{host}" for scheme, host in product(("http", "https"), hosts)]
    for how, host, origin in product(("PUT", "GET", "websocket"), hosts, origins):
        same = origin.partition("://")[2] == host
        assert let_in(LOOPBACK, host, origin, how) == same, (how, host, origin)


@pytest.mark.parametrize("how", ["PUT", "GET", "websocket"])
@pytest.mark.parametrize(
    ("host", "origin", "same"),
    [
        ("ct.hospital.org", "https://ct.hospital.org", True),
        ("ct.hospital.org:443", "https://ct.hospital.org", True),
        ("ct.hospital.org", "https://ct.hospital.org:443", True),
        ("ct.hospital.org", "https://ct.hospital.org:8443", False),
        ("ct.hospital.org", "https://FRONT.org:8443", True),  # which the operator named
        ("ct.hospital.org", "https://front.org", False),
        ("ct.hospital.org", "https://a.uni.edu", False),
        ("ct.hospital.org", "null", False),
        ("ct.hospital.org", "file://", False),
        ("ct.hospital.org", "chrome-extension://ct.hospital.org", False),
        ("ct.hospital.org", "https://user@ct.hospital.org", False),
        ("ct.hospital.org", "https://ct.hospital.org/path", False),
        ("ct.hospital.org", "ct.hospital.org", False),
    ],
)
def test_behind_a_proxy_the_named_origins_are_let_in(
    how: str, host: str, origin: str, same: bool
) -> None:
    assert let_in(NAMED, host, origin, how) == same


def test_over_https_a_page_without_it_is_another_site() -> None:
    client = visited(LOOPBACK)
    headers = {"Host": "localhost", "X-Forwarded-Proto": "https"}
    for origin, status in (("https://localhost", 200), ("http://localhost", 403)):
        assert client.put("/", headers=headers | {"Origin": origin}).status_code == status


def test_two_names_are_none() -> None:
    twice = [("Host", "localhost"), ("Host", "localhost")]
    assert visited(LOOPBACK).get("/", headers=twice).status_code == 403
    origins = [("Host", "localhost"), ("Origin", "http://localhost"), ("Origin", "http://evil.org")]
    assert visited(LOOPBACK).get("/", headers=origins).status_code == 403


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {"Host": "[::1]:8501"}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("192.168.1.7", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.1"}, 403),
        ("127.0.0.1", {"Host": "labserver"}, 403),
    ],
)
def test_the_figures_of_operation_are_for_this_computer_alone(
    client: str, headers: dict[str, str], status: int
) -> None:
    asked = visited(LAN, (client, 50000))
    for path in ("/_stcore/metrics", "/ct/_stcore/metrics", "/_stcore/%6detrics"):
        assert asked.get(path, headers={"Host": "localhost"} | headers).status_code == status, path
    assert asked.get("/", headers={"Host": "localhost"} | headers).status_code == 200


@pytest.fixture
def option() -> Iterator[None]:
    names = ("server.address", "server.allowedHosts", "server.corsAllowedOrigins")
    before = {name: config.get_option(name) for name in names}
    yield
    for name, value in before.items():
        config.set_option(name, value)


@pytest.mark.usefixtures("option")
def test_the_names_are_streamlits_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "LabServer.uni.edu")
    config.set_option("server.address", "127.0.0.1")
    assert Names.configured() == Names(frozenset({"localhost", "127.0.0.1"}))
    for address in (None, "0.0.0.0"):
        config.set_option("server.address", address)
        own = frozenset({"localhost", "0.0.0.0", "labserver", "labserver.uni.edu"})
        assert Names.configured() == Names(own, numeric=True)
    config.set_option("server.allowedHosts", ["CT.hospital.org"])
    config.set_option("server.corsAllowedOrigins", ["https://ct.hospital.org/"])
    named = Names(frozenset({"ct.hospital.org"}), frozenset({"https://ct.hospital.org"}))
    assert Names.configured() == named
