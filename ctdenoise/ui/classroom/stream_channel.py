"""From one presenter to all who follow: at once within this process, by the database to others.

A channel holds what a class is presented now, encoded once. Followers wait for its turn to change
and then take the newest, so that a slow one misses some in between and never falls behind. While
somebody follows here, the channel looks into the class's row a few times a second for what reached
another process, and whether the class goes on.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ctdenoise.errors import Problem
from ctdenoise.workspace import presented as store
from ctdenoise.workspace.shares import Presented, Setting

LOOK_SECONDS = 0.25
"""Between two looks into the database, and between two writings of settings."""
LOOKS_FOR_MEMBERS = 8
"""Every so many looks, who is still a member is asked for, too."""
BEAT_SECONDS = 10.0
"""After which silence is broken, so that a broken connection is noticed."""
MOST_STREAMS = 4
"""That a workspace may listen to in a class at once; the oldest makes room for another."""
NOTHING = b"event: nothing\ndata: {}\n\n"
BEAT = b"event: beat\ndata: {}\n\n"


def message(event: str, data: Any) -> bytes:
    """An event as a browser's EventSource reads it."""
    return f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


@dataclass
class Follower:
    """Somebody who listens."""

    workspace: str
    ends: str = ""
    """Why they are sent nothing more: by "class", "left", "elsewhere" or "server"."""


class Channel:
    """What one class is presented, and who follows here. All of it is for one event loop."""

    def __init__(self, class_id: str, threads: ThreadPoolExecutor) -> None:
        self.class_id = class_id
        self.version = -1
        """Of what was last written to, or read from, the database."""
        self.presented: Presented | None = None
        self.followers: list[Follower] = []
        self.turn = 0
        """Counts what was published here."""
        self._whole: bytes | None = NOTHING
        self._setting = self._title = NOTHING
        self._threads = threads
        self._rung = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._unwritten = False

    async def begin(self, presented: Presented, things: set[str]) -> None:
        """Present something else: in the database first, for followers fetch its pictures."""
        version = await self._run(store.begin, self.class_id, presented, things)
        self.version = max(self.version, version)
        self._publish(presented)

    def go_on(self, id: str, setting: Setting, at: float) -> bool:
        """Present the same with another setting; False where it is not what is known here."""
        if self.presented is None or self.presented.id != id:
            return False
        if len(setting.dial) != len(self.presented.dial):
            return False
        self._publish(self.presented.model_copy(update={**dict(setting), "at": at}))
        self._unwritten = True
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return True

    async def follow(self, workspace: str, quiet: bool) -> AsyncIterator[bytes]:
        """What somebody is sent, until the class ends or they leave; of the ``quiet`` the title."""
        follower = Follower(workspace)
        own = [each for each in self.followers if each.workspace == workspace]
        for oldest in own[: max(0, len(own) + 1 - MOST_STREAMS)]:
            oldest.ends = "elsewhere"
        self.followers.append(follower)
        try:
            if self._looking is None:
                with suppress(Problem):  # it is asked again soon
                    await self._look(0)
                self._looking = self._looking or asyncio.create_task(self._keep_looking())
            self._ring()
            async for each in self._messages(follower, quiet):
                yield each
        finally:
            self.followers.remove(follower)
            if not self.followers and self._looking:
                self._looking.cancel()
                self._looking = None

    def end(self, why: str) -> None:
        """End all streams."""
        for follower in self.followers:
            follower.ends = why
        self._ring()

    async def _messages(self, follower: Follower, quiet: bool) -> AsyncIterator[bytes]:
        seen, known, last = -1, "", b""
        while not follower.ends:
            rung = self._rung
            if seen != self.turn:
                seen = self.turn
                id = self.presented.id if self.presented else ""
                told = self._title if quiet else self._setting if id == known else self._all()
                known = id
                if told != last:
                    last = told
                    yield told
                    continue
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await rung.wait()
            except TimeoutError:
                yield BEAT
        yield message("end", follower.ends)

    def _publish(self, presented: Presented | None) -> None:
        if presented is None:
            self._whole = self._setting = self._title = NOTHING
        else:
            self._whole = None
            setting = presented.model_dump(mode="json", include=set(Setting.model_fields))
            self._setting = message("setting", setting)
            self._title = message("title", presented.title)
        self.presented = presented
        self.turn += 1
        self._ring()

    def _all(self) -> bytes:
        """What who has not seen the pictures before is sent."""
        if self._whole is None and self.presented:
            shown = self.presented.model_dump(mode="json", exclude={"id", "by", "at"})
            self._whole = message("whole", shown)
        return self._whole or NOTHING

    def _ring(self) -> None:
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    async def _write(self) -> None:
        """Tell the database of the newest setting, so often and no more."""
        while self._unwritten and self.presented:
            self._unwritten = False
            with suppress(Problem):  # a database that is busy hears of the next one
                version = await self._run(store.go_on, self.class_id, self.presented)
                if version is not None:
                    self.version = max(self.version, version)
                elif not self.followers:  # nobody looks here, and something else is presented
                    self.presented = None
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_looking(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            looks += 1
            with suppress(Problem):  # those who follow from memory go on meanwhile
                await self._look(looks)

    async def _look(self, looks: int) -> None:
        """Whether the class goes on, who is in it, and what another process was told."""
        version = await self._run(store.version, self.class_id)
        if version is None:
            self._publish(None)
            self.end("class")
            return
        if version > self.version:
            version, found = await self._run(store.of_class, self.class_id)
            mine = self.presented
            if version > self.version:
                self.version = version
                if found is None or mine is None or found.at > mine.at:
                    self._publish(found)
        if looks % LOOKS_FOR_MEMBERS == 0:
            members = await self._run(store.members_of, self.class_id)
            gone = [each for each in self.followers if each.workspace not in members]
            for follower in gone:
                follower.ends = "left"
            if gone:
                self._ring()

    async def _run(self, function: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *given)
