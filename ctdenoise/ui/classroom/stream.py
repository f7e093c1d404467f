"""The routes of a class: a viewer presents, or shows something, and others follow.

``POST classroom/present`` is for the class's teacher alone, ``POST classroom/show`` and
``GET classroom/follow`` (server-sent events) for its members; the class is that of the cookie's
workspace, and of several the one that the address names (:func:`present_to`). A viewer that
presents sends all that it shows once, then its settings under the id that it was answered with.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, StringConstraints, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ctdenoise.errors import Problem
from ctdenoise.ui import addresses
from ctdenoise.ui.classroom.stream_channel import Channel
from ctdenoise.ui.visitors import COOKIE, no_workspace, workspace_of
from ctdenoise.workspace import shares
from ctdenoise.workspace.classes import Class, Member, seat_of
from ctdenoise.workspace.shares import Presented, Setting, Shown

PRESENT, FOLLOW, SHOW = (addresses.below(f"classroom/{n}") for n in ("present", "follow", "show"))
MOST_BYTES = 1 << 20
POSTS_A_SECOND = 20
MOST_SHARES = 100
"""That a member may show to a class."""
SEAT_SECONDS = 2.0
"""For so long it is not asked again who somebody is that posts."""
MOST_KNOWN = 1000
"""Seats that are kept in memory."""
MOST_CHANNELS = 64
"""The same of classes with all that they are presented, but for those that somebody follows."""

Title = Annotated[str, StringConstraints(max_length=200)]
Posted = TypeVar("Posted", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Whole(_Body):
    """All that a viewer shows."""

    title: Title
    page: Annotated[str, StringConstraints(pattern=r"^[a-z-]{0,40}$")] = ""
    shown: Shown


class Change(_Body):
    """Settings of what has an id already."""

    id: str
    setting: Setting


class Post(RootModel[Whole | Change]):
    """What a viewer that presents sends."""


class Refused(Problem):
    """A problem with a status of its own."""

    def __init__(self, status: int, subject: str, reason: str, hint: str) -> None:
        super().__init__(subject, reason, hint)
        self.status = status


class Classroom:
    """The channels of one server process, and its routes."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._seats: dict[tuple[str, str | None], tuple[float, Class, Member]] = {}
        self._posts: dict[str, tuple[float, float]] = {}
        # Of its own: pictures that are still being made may hold all of the server's other threads.
        self._threads = ThreadPoolExecutor(4, "classroom")
        self.routes = [
            Route(PRESENT, self._serving(self._present), methods=["POST"]),
            Route(SHOW, self._serving(self._show), methods=["POST"]),
            Route(FOLLOW, self._serving(self._follow), methods=["GET"]),
        ]

    def close(self) -> None:
        """End all streams: a server that stops waits for its connections."""
        for channel in self._channels.values():
            channel.end("server")

    async def _present(self, request: Request) -> Response:
        found, member = await self._seat(request)
        if member.role != "teacher":
            raise Refused(
                403,
                "What the class is presented",
                "is chosen by its teacher alone",
                "show yours by the viewer's button Show to the class",
            )
        self._count(member.workspace)
        post = (await _body(request, Post)).root
        channel = self._channel(found.id)
        if isinstance(post, Change):
            if channel.go_on(post.id, post.setting, time.time()):
                return Response(status_code=204)
            return PlainTextResponse("Send all of it.", 409)
        id = secrets.token_hex(6)
        shown, things = await self._run(_checked, post.shown, member.workspace)
        presented = Presented(
            **dict(shown), id=id, title=_line(post.title), page=post.page, by=member.workspace,
            at=time.time(),
        )  # fmt: skip
        own = {str(thing) for thing in things if thing.owner == member.workspace}
        await channel.begin(presented, own)
        return JSONResponse({"id": id})

    async def _show(self, request: Request) -> Response:
        found, member = await self._seat(request)
        self._count(member.workspace)
        whole = await _body(request, Whole)
        shown, things = await self._run(_checked, whole.shown, member.workspace)
        own = [str(thing) for thing in things if thing.owner == member.workspace]
        id = await self._run(_add, found.id, member.workspace, whole.title, own, shown)
        return JSONResponse({"id": id})

    async def _follow(self, request: Request) -> Response:
        found, member = await self._seat(request, fresh=True)
        quiet = "quiet" in request.query_params
        stream: AsyncIterator[bytes] = self._channel(found.id).follow(member.workspace, quiet)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def _seat(self, request: Request, fresh: bool = False) -> tuple[Class, Member]:
        """Class and seat of who asks; that a request comes from our own page, the gate sees to."""
        who = request.cookies.get(COOKIE) or "", request.query_params.get("class")
        known = self._seats.get(who)
        if fresh or known is None or time.monotonic() > known[0]:
            found, member = await self._run(_seat_behind, *who)
            if len(self._seats) >= MOST_KNOWN:
                self._seats.clear()
            known = self._seats[who] = time.monotonic() + SEAT_SECONDS, found, member
        return known[1], known[2]

    def _count(self, workspace: str) -> None:
        """Refuse more posts than a second may have, after as many at once."""
        now = time.monotonic()
        left, then = self._posts.get(workspace, (float(POSTS_A_SECOND), now))
        left = min(POSTS_A_SECOND, left + (now - then) * POSTS_A_SECOND) - 1
        if len(self._posts) >= MOST_KNOWN:
            self._posts.clear()
        self._posts[workspace] = (max(left, 0.0), now)
        if left < 0:
            raise Refused(
                429, "The viewer", "sends more than the class can follow", "wait for a second"
            )

    def _channel(self, class_id: str) -> Channel:
        if class_id not in self._channels:
            if len(self._channels) >= MOST_CHANNELS:
                self._channels = {id: c for id, c in self._channels.items() if c.followers}
            self._channels[class_id] = Channel(class_id, self._threads)
        return self._channels[class_id]

    async def _run(self, function: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *given)

    @staticmethod
    def _serving(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        """The route's function; a problem is told in its one sentence."""

        async def serve(request: Request) -> Response:
            try:
                found: Response = await answer(request)
                return found
            except Refused as problem:
                return PlainTextResponse(str(problem), problem.status)
            except Problem as problem:
                return PlainTextResponse(str(problem), 400)
            except ClientDisconnect:
                return Response(status_code=400)

        return serve


def present_to(class_id: str) -> str:
    """Where a teacher, who may have several classes, presents something to this one."""
    return f"{PRESENT}?class={class_id}"


def _seat_behind(cookie: str, class_id: str | None) -> tuple[Class, Member]:
    workspace = workspace_of(cookie)
    if workspace is None:
        raise Refused(403, *no_workspace().args)
    found = seat_of(workspace, class_id)
    if found is None:
        raise Refused(
            403,
            "This browser",
            "is in no class that goes on now",
            "open the link that your teacher shows",
        )
    return found


def _checked(shown: Shown, workspace: str) -> Any:
    from ctdenoise.ui.classroom.stream_things import checked  # heavy

    try:
        return checked(shown, workspace)
    except Problem as problem:
        raise Refused(404, *problem.args) from problem


def _add(class_id: str, workspace: str, title: str, things: list[str], shown: Shown) -> str:
    mine = [each for each in shares.of_class(class_id) if each.workspace == workspace]
    if len(mine) >= MOST_SHARES:
        raise Problem(
            "You", f"show {MOST_SHARES} pictures to the class already", "withdraw some of them"
        )
    return shares.add(class_id, workspace, title, things, shown)


async def _body(request: Request, model: type[Posted]) -> Posted:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise Refused(
                413,
                "What the viewer shows",
                "has too many slices to be shown to a class",
                "show fewer pictures at once",
            )
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        raise Problem("What the viewer sent", "cannot be read", "reload the page") from error


def _line(title: str) -> str:
    return " ".join(title.split())


classroom = Classroom()
ROUTES = classroom.routes
