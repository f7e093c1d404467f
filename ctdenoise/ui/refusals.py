"""What was refused, for the operator's log: how often, and of which class, but not whose."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdenoise import log
from ctdenoise.ui.addresses import prefix

KNOWN = (
    "pixels", "downloads", "uploads", "classroom", "class", "teach", "media", "component",
    "_stcore", "healthz", "readyz", "metrics",
)  # fmt: skip
"""The first parts of addresses that a log may name; all others are a page's."""


class Refusals:
    """Tell of every answer that refuses something, with its status and the part of the dashboard
    that was asked."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""

        async def heard(message: Message) -> None:
            if message["type"].endswith("http.response.start") and message["status"] >= 400:
                first = scope["path"].removeprefix(prefix()).strip("/").partition("/")[0]
                asked = first if first in KNOWN else "page"
                log.event("refused", status=message["status"], asked=asked)
            await send(message)

        await self.app(scope, receive, heard)
