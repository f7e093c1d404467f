"""A browser's end of a session, without a screen: it asks for pages and heeds their timers."""

import asyncio
import time
from dataclasses import dataclass
from typing import Self

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

ANSWER_SECONDS = 120.0
"""A server that is silent for so long after a question will never answer it."""
REMEMBERED = 2
"""For so many openings of pages a browser remembers a large message that was not sent again."""


@dataclass
class Timer:
    """A fragment's wish to be drawn again and again."""

    interval: float
    """Seconds."""
    due: float
    """In ``time.perf_counter()``."""


class Browser:
    """One session over one websocket; it waits for each answer before it asks for the next."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self.openings: list[tuple[str, float]] = []
        """Pages opened, with the seconds from asking to the end of the script."""
        self.looks: list[float] = []
        """Seconds of each answer to what a timer asked for."""
        self.errors: list[str] = []
        """What the pages said in red."""
        self._page_hash, self._query = "", ""
        self._timers: dict[str, Timer] = {}
        self._remembered: dict[str, int] = {}

    @classmethod
    async def connected(cls, url: str, cookie: str = "") -> Self:
        """A session that has not asked for anything yet."""
        headers = {"Cookie": cookie, "Origin": url, "Sec-WebSocket-Protocol": "streamlit"}
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        return cls(
            await websocket_connect(HTTPRequest(address, headers=headers), max_message_size=1 << 28)
        )

    async def open(self, page: str, query: str = "") -> float:
        """Open a page; seconds until its script has ended."""
        self._query = query
        message = BackMsg()
        message.rerun_script.page_name = page
        took = await self._answered(message)
        self.openings.append((page, took))
        return took

    async def stay(self, seconds: float) -> None:
        """Leave the page open and ask for what its timers want in the meantime."""
        end = time.perf_counter() + seconds
        while True:
            first = min(self._timers, key=lambda id: self._timers[id].due, default=None)
            timer = self._timers[first] if first else Timer(seconds, end)
            await asyncio.sleep(max(0.0, min(timer.due, end) - time.perf_counter()))
            if first is None or timer.due >= end:
                return
            timer.due = max(timer.due + timer.interval, time.perf_counter())
            message = BackMsg()
            message.rerun_script.page_script_hash = self._page_hash
            message.rerun_script.fragment_id = first
            message.rerun_script.is_auto_rerun = True
            self.looks.append(await self._answered(message))

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    async def _answered(self, question: BackMsg) -> float:
        asked = question.rerun_script
        asked.query_string = self._query
        opened = len(self.openings)
        self._remembered = {
            hash: when for hash, when in self._remembered.items() if when >= opened - REMEMBERED
        }
        asked.cached_message_hashes.extend(self._remembered)
        began = time.perf_counter()
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._socket.write_message(question.SerializeToString(), binary=True)
            while not self._ends(await self._message()):
                pass
        return time.perf_counter() - began

    async def _message(self) -> ForwardMsg:
        received = await self._socket.read_message()
        assert isinstance(received, bytes), "the server closed the connection"
        message = ForwardMsg()
        message.ParseFromString(received)
        return message

    def _ends(self, message: ForwardMsg) -> bool:
        """Heed a message; whether the script has ended and no other one follows."""
        if hash := message.ref_hash or (message.metadata.cacheable and message.hash):
            self._remembered[hash] = len(self.openings)
        match message.WhichOneof("type"):
            case "script_finished":
                return bool(message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN)
            case "new_session":
                self._page_hash = message.new_session.page_script_hash
                if not message.metadata.run.fragment_ids:
                    self._timers.clear()
            case "navigation":
                self._page_hash = message.navigation.page_script_hash
            case "auto_rerun":
                self._set(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                for id in message.stop_auto_rerun.fragment_ids:
                    self._timers.pop(id, None)
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "page_not_found":
                self.errors.append("page not found")
            case "delta":
                element = message.delta.new_element
                if element.WhichOneof("type") == "exception":
                    self.errors.append(element.exception.message or element.exception.type)
                elif element.WhichOneof("type") == "alert" and element.alert.format == Alert.ERROR:
                    self.errors.append(element.alert.body)
        return False

    def _set(self, fragment: str, interval: float) -> None:
        """A timer that runs already goes on; with another interval it begins anew."""
        known = self._timers.get(fragment)
        if known is None or known.interval != interval:
            self._timers[fragment] = Timer(interval, time.perf_counter() + interval)
