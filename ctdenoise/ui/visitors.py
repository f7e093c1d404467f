"""Who is asking: every browser has a workspace of its own, behind a cookie.

Imported before the server answers, so it imports nothing heavy.
"""

import hashlib
import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdenoise.errors import Problem
from ctdenoise.ui.addresses import prefix

COOKIE = "ctdenoise_workspace"
SECURE = b"; Secure"
_COOKIE = re.compile(r"[0-9a-f]{32}")
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
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


def workspace_of(cookie: object) -> str | None:
    """The workspace behind a cookie, or None where it is missing or not one of ours.

    A hash, since the workspace's name stands in addresses and the cookie opens it.
    """
    if not isinstance(cookie, str) or not _COOKIE.fullmatch(cookie):
        return None
    return hashlib.sha256(cookie.encode()).hexdigest()[:32]


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
        known = workspace_of(connection.cookies.get(COOKIE))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if not known and headers.get("content-type", "").startswith("text/html"):
                    path = prefix() or "/"
                    cookie = f"{COOKIE}={new_cookie()}; Path={path}; Max-Age=31536000; HttpOnly"
                    headers.append("Set-Cookie", f"{cookie}; SameSite=Lax")
                if encrypted(connection):
                    _secure(message)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _secure(answer: Message) -> None:
    """Let every cookie of an answer, Streamlit's too, return by https alone."""
    answer["headers"] = [
        (name, value if name != b"set-cookie" or b"; secure" in value.lower() else value + SECURE)
        for name, value in answer["headers"]
    ]
