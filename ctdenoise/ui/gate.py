"""Who may knock: by which names the dashboard is asked for, and from which sites.

A page of another site must not reach a dashboard through its visitor's browser: neither under a
name that it lets lead to our address (DNS rebinding), nor by a WebSocket or an upload of its own,
to which the browser adds our cookie when only the port differs. Imported before the server answers,
so it imports nothing heavy.
"""

import secrets
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.ui.visitors import encrypted

OPERATORS = ("/metrics", "/readyz")
"""Ends of the addresses that are for the operator alone, Streamlit's own figures included."""
PORTS = {"http": 80, "https": 443}
FORWARDED = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)
"""What a proxy adds; a request with one of them does not come from this computer itself."""


@dataclass(frozen=True)
class Names:
    """By which names the dashboard may be asked for, and from which other origins.

    ``hosts`` are names without port, in lower case; "*.name" stands for all below it and "*" for
    any. With ``numeric``, every numeric address is ours, too: no name can be made to lead there, so
    that a page which was asked for by it is a page of ours. ``origins`` are written as a browser
    does: scheme, name and, where it is not the scheme's own, port.
    """

    hosts: frozenset[str]
    origins: frozenset[str] = frozenset()
    numeric: bool = False

    @classmethod
    def configured(cls) -> "Names":
        """As Streamlit's options say: ``server.allowedHosts`` and ``server.corsAllowedOrigins``.
        Without the former: the names of loopback, the address that we listen on and, where others
        reach it, this computer's name and every numeric address."""
        origins = frozenset(_lowered(config.get_option("server.corsAllowedOrigins")))
        if named := frozenset(_lowered(config.get_option("server.allowedHosts"))):
            return cls(named, origins)
        listening = (config.get_option("server.address") or "0.0.0.0").lower()
        own = {"localhost", listening}
        if listening == "localhost" or _loopback(listening):
            return cls(frozenset(own), origins)
        computer = socket.gethostname().lower()
        own |= {computer, computer.partition(".")[0]}
        return cls(frozenset(own), origins, numeric=True)

    def include(self, host: str) -> bool:
        """Whether a name without port is ours."""
        number = _number(host)
        if number and (self.numeric or (number.is_loopback and "localhost" in self.hosts)):
            return True
        parents = (f"*{host[at:]}" for at, letter in enumerate(host) if letter == ".")
        return not self.hosts.isdisjoint({host, "*", *parents})


class Gate:
    """Refuse in one sentence what comes by another name or from another site, before anything of
    the dashboard sees it; and the figures of its operation to everybody but its operator."""

    def __init__(self, app: ASGIApp, names: Names | None = None) -> None:
        self.app, self.names = app, names or Names.configured()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a WebSocket on, or answer 403."""
        if scope["type"] in ("http", "websocket"):
            try:
                check(HTTPConnection(scope), self.names)
            except Problem as problem:
                await PlainTextResponse(str(problem), 403)(scope, receive, send)
                return
        if scope["type"] == "websocket":
            # Streamlit would judge the origin anew and, where it is a proxy's, first ask a server
            # in the internet for this computer's address.
            kept = [header for header in scope["headers"] if header[0] != b"origin"]
            scope = {**scope, "headers": kept}
        await self.app(scope, receive, send)


def check(asked: HTTPConnection, names: Names) -> None:
    """Raise :class:`Problem` where what is asked is refused."""
    figures = asked.scope["path"].rstrip("/").endswith(OPERATORS)
    if figures and _holds_token(asked):
        return
    hosts, origins = asked.headers.getlist("host"), asked.headers.getlist("origin")
    host, port = _split(hosts[0]) if len(hosts) == 1 else ("", None)
    if not host or not names.include(host):
        raise Problem(
            "The dashboard",
            "is not known by the name in this address",
            "open it by its own; its operator gives it another one with `ctdenoise serve --url`",
        )
    if origins and not (len(origins) == 1 and _ours(origins[0], host, port, asked, names)):
        raise Problem(
            "The dashboard",
            "was asked for something by a page of another site",
            "open it by its own address; its operator names that of a proxy before it with "
            "`ctdenoise serve --url`",
        )
    if figures and not _operator(asked, host):
        raise Problem(
            "The figures of its operation",
            "are for the dashboard's operator alone",
            "ask on the computer that it runs on, by a loopback address, or with the token "
            "that CTDENOISE_METRICS_TOKEN sets",
        )


def _ours(origin: str, host: str, port: int | None, asked: HTTPConnection, names: Names) -> bool:
    """Whether a browser's page of this origin is one of ours: the same scheme, as far as it is
    known, name and port."""
    if origin.lower() in names.origins:
        return True
    scheme, _, rest = origin.partition("://")
    usual = PORTS.get(scheme)
    if usual is None or (encrypted(asked) and scheme != "https"):
        return False
    name, own = _split(rest)
    return bool(name) and (name, own or usual) == (host, port or usual)


def _operator(asked: HTTPConnection, host: str) -> bool:
    """Whether somebody asks on this computer itself, and not through a proxy on it."""
    return (
        asked.client is not None
        and _loopback(asked.client.host)
        and (host == "localhost" or _loopback(host))
        and not any(name in asked.headers for name in FORWARDED)
    )


def _holds_token(asked: HTTPConnection) -> bool:
    """Whether whoever asks, from wherever and by whatever name, holds the operator's token."""
    token = settings().metrics_token
    given = asked.headers.get("authorization", "").encode()
    return token is not None and secrets.compare_digest(given, f"Bearer {token}".encode())


def _split(host: str) -> tuple[str, int | None]:
    """Name in lower case, without the dot of the root, and port; no name where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        if parts.netloc == host and "@" not in host and not host.endswith(":"):
            return (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        pass
    return "", None


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _loopback(host: str) -> bool:
    number = _number(host)
    return number is not None and number.is_loopback


def _lowered(values: list[str]) -> list[str]:
    return [value.strip().lower().rstrip("./") for value in values if value.strip()]
