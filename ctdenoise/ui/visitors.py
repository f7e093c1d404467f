"""Who is asking: every browser has a workspace of its own, behind a cookie.

Imported before the server answers, so it imports nothing heavy.
"""

import hashlib
import re
import secrets
from contextlib import suppress

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.ui.addresses import prefix

COOKIE = "ctdenoise_workspace"
_COOKIE = re.compile(r"[0-9a-f]{32}")
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; frame-ancestors 'self'"  # and, at the end, who may show it in a frame
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # addresses name workspaces and runs
    "Cross-Origin-Resource-Policy": "same-origin",
}


def encrypted(connection: HTTPConnection) -> bool:
    """Whether the browser spoke https, to us or to the proxy before us. Anybody may say so: it only
    makes the own cookies stricter."""
    forwarded = connection.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return not {connection.scope.get("scheme"), forwarded}.isdisjoint(("https", "wss"))


def new_cookie() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def no_workspace() -> Problem:
    """What a browser without our cookie is told."""
    return Problem(
        "This browser",
        "keeps no cookie of this address, so nothing could be kept apart from what others do",
        "allow cookies for this address and load the page again",
    )


def device_of(cookie: object) -> str | None:
    """The browser behind a cookie, or None where it is missing or not one of ours.

    A hash, since the name of the workspace that it opens by itself stands in addresses.
    """
    if not isinstance(cookie, str) or not _COOKIE.fullmatch(cookie):
        return None
    return hashlib.sha256(cookie.encode()).hexdigest()[:32]


def workspace_of(cookie: object) -> str | None:
    """The workspace that the browser behind a cookie opens; None where there is no cookie of ours.

    May ask the database: not for an event loop.
    """
    from ctdenoise.workspace import devices

    device = device_of(cookie)
    return devices.workspace_of(device) if device else None


class Visitor:
    """Give each new browser a workspace of its own, and every answer the security policy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the answer gets a cookie and the headers of the policy."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        known = device_of(connection.cookies.get(COOKIE))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                framed_by = _framed_by()
                policy = " ".join([POLICY, *framed_by])
                headers.update({**HEADERS, "Content-Security-Policy": policy})
                if not known and headers.get("content-type", "").startswith("text/html"):
                    path = prefix() or "/"
                    cookie = f"{COOKIE}={new_cookie()}; Path={path}; Max-Age=31536000; HttpOnly"
                    headers.append("Set-Cookie", f"{cookie}; SameSite=Lax")
                if encrypted(connection):
                    _secure(message, framed=bool(framed_by))
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _framed_by() -> tuple[str, ...]:
    """The sites that may show the dashboard in a frame."""
    with suppress(Problem):  # of a setting that is none, pages tell
        return settings().embed_in
    return ()


def _secure(answer: Message, *, framed: bool) -> None:
    """Let every cookie of an answer, Streamlit's too, return by https alone and, where the
    dashboard may be shown in a frame of another site, there as well: in that site's frames, and
    kept apart from what the same browser keeps for it elsewhere."""
    answer["headers"] = [
        (name, _secured(value, framed) if name == b"set-cookie" else value)
        for name, value in answer["headers"]
    ]


def _secured(cookie: bytes, framed: bool) -> bytes:
    """A cookie with the attributes that it lacks."""
    parts = [part.strip() for part in cookie.split(b";")]
    wanted = [b"Secure"]
    if framed:
        parts = [part for part in parts if not part.lower().startswith(b"samesite=")]
        wanted = [b"SameSite=None", b"Secure", b"Partitioned"]
    there = {part.lower() for part in parts}
    return b"; ".join([*parts, *(each for each in wanted if each.lower() not in there)])
