"""What is presented reaches those of the class, and nobody else presents, shows or follows."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
import uvicorn
from phantoms import disc_phantom
from serving import free_port
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from waiting import SECONDS, until

from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.ui import pictures, server
from ctdenoise.ui.classroom import stream, stream_channel
from ctdenoise.ui.classroom.stream import FOLLOW, PRESENT, SHOW, Classroom
from ctdenoise.ui.gate import Gate, Names
from ctdenoise.ui.visitors import COOKIE, device_of
from ctdenoise.workspace import classes, presented, shares
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.library import Library

WHO = {"teacher": "1" * 32, "ann": "2" * 32, "stranger": "3" * 32, "other": "4" * 32}
COOKIES = {who: {COOKIE: cookie} for who, cookie in WHO.items()}
OWNERS = {who: device_of(cookie) or "" for who, cookie in WHO.items()}


@pytest.fixture
def lesson() -> Class:
    """A class of the teacher and Ann; another learner is in another class, a stranger in none."""
    lesson, _ = classes.create(OWNERS["teacher"], "Residents", "article")
    classes.join(lesson, OWNERS["ann"], "Ann")
    others, _ = classes.create("somebody", "Others", "article")
    classes.join(others, OWNERS["other"], "Carl")
    return lesson


def frames(who: str, slices: int = 6) -> list[str]:
    """Addresses of the low dose of a new pair of somebody's."""
    full = disc_phantom(32, slices=slices)
    made = Pair("Phantom", full[None].astype(np.float32), full, (0.7, 0.7), np.arange(6.0))
    owner = OWNERS[who]
    id = Library(settings().workspaces / owner).add_pair(made).id
    return list(pictures.LowDose.addresses(slices, pair=id, owner=owner))


def whole(addresses: list[str], **other: Any) -> dict[str, Any]:
    pane = {"name": "<b>Low</b>", "color": "#009E73", "frames": addresses}
    shown = {"panes": [pane], "window": [40.0, 400.0], **other}
    return {"title": "Look", "page": "look", "shown": shown}


def change(id: str, **setting: Any) -> dict[str, Any]:
    return {"id": id, "setting": {"window": [40.0, 400.0], **setting}}


def client(who: str, routes: Any = None) -> TestClient:
    gate = Middleware(Gate, names=Names(frozenset({"testserver"})))
    app = Starlette(routes=routes or Classroom().routes + server.ROUTES[:1], middleware=[gate])
    return TestClient(app, cookies=COOKIES.get(who, {}))


@contextmanager
def running(app: Classroom) -> Iterator[str]:
    """A server process, as far as its memory goes; its address."""
    config = uvicorn.Config(
        Starlette(routes=app.routes), "127.0.0.1", free_port(), log_level="error", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{config.port}"
    server.should_exit = server.force_exit = True
    thread.join(SECONDS)


@pytest.fixture
def serve() -> Iterator[Callable[[], str]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(running(Classroom()))


class Listener:
    """Somebody's events as they come."""

    def __init__(self, stack: ExitStack, address: str, who: str, query: str = "") -> None:
        opened = httpx.stream(
            "GET", f"{address}{FOLLOW}{query}", cookies=COOKIES[who], timeout=SECONDS
        )
        answer = stack.enter_context(opened)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        self._lines = answer.iter_lines()

    def next(self) -> tuple[str, Any]:
        event = next(line for line in self._lines if line)
        data = next(line for line in self._lines if line)
        return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def until(self, event: str) -> Any:
        while True:
            name, data = self.next()
            if name == event:
                return data


def post(address: str, who: str, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(address + PRESENT, json=body, cookies=COOKIES[who], timeout=SECONDS)


def test_who_may_do_what(lesson: Class) -> None:
    body = whole(frames("teacher"))
    for who, code in {"ann": 403, "stranger": 403, "other": 403, "nobody": 403}.items():
        answer = client(who).post(PRESENT, json=body)
        assert answer.status_code == code, who
        assert answer.text.endswith(".") and "\n" not in answer.text
    for who in ("stranger", "nobody"):
        for answer in (client(who).get(FOLLOW), client(who).post(SHOW, json=body)):
            assert answer.status_code == 403 and answer.text.endswith("."), who
    assert classes.find(lesson.id).presented is None and shares.of_class(lesson.id) == []
    assert client("teacher").post(PRESENT, json=body).status_code == 200
    classes.end(lesson.id)
    assert client("teacher").post(PRESENT, json=body).status_code == 403
    assert client("ann").get(FOLLOW).status_code == 403


def test_a_page_of_another_site_presents_nothing(lesson: Class) -> None:
    body, foreign = whole(frames("teacher")), {"Origin": "https://elsewhere.org"}
    for route in (PRESENT, SHOW):
        assert client("teacher").post(route, json=body, headers=foreign).status_code == 403
    assert classes.find(lesson.id).presented is None


def test_what_is_presented_the_class_may_fetch_and_nobody_else(lesson: Class) -> None:
    mine, unshown = frames("teacher"), frames("teacher")
    assert client("ann").get(mine[3]).status_code == 404
    client("teacher").post(PRESENT, json=whole(mine))
    for who, code in {"ann": 200, "teacher": 200, "stranger": 404, "other": 404}.items():
        assert client(who).get(mine[3]).status_code == code, who
        assert client(who).get(unshown[3]).status_code == (200 if who == "teacher" else 404)
    client("teacher").post(PRESENT, json=whole(unshown))
    assert client("ann").get(mine[3]).status_code == 200  # she may be a second late
    presented.stop(lesson.id)
    assert client("ann").get(mine[3]).status_code == 404


def test_what_is_not_the_presenters_to_see_is_not_presented_or_shown(lesson: Class) -> None:
    for who, theirs in (("teacher", frames("ann")), ("ann", frames("other"))):
        route = PRESENT if who == "teacher" else SHOW
        for addresses in (theirs, ["/pixels/full/x"], ["https://elsewhere.org/low"], ["low/1/2/3"]):
            answer = client(who).post(route, json=whole([*frames(who), *addresses]))
            assert answer.status_code == 404 and answer.text.endswith("."), addresses
    assert classes.find(lesson.id).presented is None and shares.of_class(lesson.id) == []


def test_show_mine_is_seen_and_presented_by_the_teacher_until_it_is_withdrawn(
    lesson: Class,
) -> None:
    mine = frames("ann")
    assert client("ann").post(SHOW, json=whole(mine)).status_code == 200
    (share,) = shares.of_class(lesson.id)
    assert share.title == "Look" and share.shown and len(share.shown.panes[0].frames) == 6
    assert client("teacher").get(mine[0]).status_code == 200
    assert client("other").get(mine[0]).status_code == 404
    assert client("teacher").post(PRESENT, json=whole(mine)).status_code == 200
    assert shares.of_class(lesson.id) == [share]
    shares.withdraw(share.id, OWNERS["ann"])
    assert client("teacher").get(mine[0]).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"panes": []},
        {"panes": [{"name": "Low", "color": "#009E73", "frames": ["/pixels/x"]}] * 7},
        {"panes": [{"name": "Low", "color": "#009E73", "frames": ["/pixels/x"] * 5001}]},
        {"panes": [{"name": "Low", "color": "red;}", "frames": ["/pixels/x"]}]},
        {"window": [float("nan"), 1.0]},
        {"frame": -1},
        {"frame": 10**30},
        {"window": [40.0, -1.0]},
        {"spacing": [0.0, 1.0]},
        {"view": [1.0, 1.0, 0.0]},
        {"region": [-1, 0, 1, 10**30]},
        {"dials": [{"title": "A", "low": "", "high": ""}], "dial": [7.0]},
        {"else": 1},
        {"labels": ["x" * 301]},
    ],
)
def test_what_no_viewer_sends_is_refused(lesson: Class, wrong: dict[str, Any]) -> None:
    body = whole(["/pixels/x"])
    body["shown"] |= wrong
    for who, route in (("teacher", PRESENT), ("ann", SHOW)):
        answer = client(who).post(route, content=json.dumps(body))
        assert answer.status_code == 400 and answer.text.endswith("."), wrong


def test_a_teacher_of_two_classes_presents_to_the_one_that_is_named(lesson: Class) -> None:
    newer, _ = classes.create(OWNERS["teacher"], "Newer", "article")
    foreign, _ = classes.create("somebody", "Foreign", "article")
    body, asks = whole(frames("teacher")), client("teacher")
    for named, code in ((lesson, 200), (foreign, 403)):
        assert asks.post(stream.present_to(named.id), json=body).status_code == code
    assert client("ann").post(stream.present_to(lesson.id), json=body).status_code == 403
    presented_to = [presented.of_class(each.id)[1] for each in (lesson, newer, foreign)]
    assert [bool(each) for each in presented_to] == [True, False, False]


def test_classes_that_nobody_follows_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "MOST_CHANNELS", 2)
    app = Classroom()
    for number in range(5):
        app._channel(str(number))
    assert len(app._channels) <= 2


def test_bodies_and_their_number_are_bounded(
    lesson: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = client("teacher")
    assert asks.post(PRESENT, content=b" " * (stream.MOST_BYTES + 1)).status_code == 413
    monkeypatch.setattr(stream.time, "monotonic", lambda: 1000.0)  # all in one moment
    codes = [client("ann", asks.app.routes).post(SHOW, json={}).status_code for _ in range(25)]  # type: ignore[attr-defined]
    assert codes == [400] * stream.POSTS_A_SECOND + [429] * 5


def test_a_follower_gets_all_first_and_then_changes(
    lesson: Class, serve: Callable[[], str]
) -> None:
    address, mine = serve(), frames("teacher")
    with ExitStack() as stack:
        ann = Listener(stack, address, "ann")
        quiet = Listener(stack, address, "ann", "?quiet")
        assert ann.next() == quiet.next() == ("nothing", {})
        id = post(address, "teacher", whole(mine)).json()["id"]
        told = ann.until("whole")
        assert told["title"] == "Look" and told["page"] == "look"
        assert told["panes"][0]["frames"] == mine and told["window"] == [40, 400]
        assert set(told).isdisjoint({"by", "id", "at"})
        assert quiet.next() == ("title", "Look")
        assert post(address, "teacher", change(id, frame=4)).status_code == 204
        name, setting = ann.next()
        assert name == "setting" and setting["frame"] == 4 and "panes" not in setting
        late = Listener(stack, address, "ann")
        assert late.until("whole")["frame"] == 4
        presented.stop(lesson.id)
        assert ann.until("nothing") == quiet.until("nothing") == {}
        classes.leave(lesson.id, OWNERS["ann"])
        assert ann.until("end") == quiet.until("end") == "left"
        teacher = Listener(stack, address, "teacher")
        classes.end(lesson.id)
        assert teacher.until("end") == "class"


def test_other_server_processes_hear_of_it_by_the_database(
    lesson: Class, serve: Callable[[], str]
) -> None:
    here, there, mine = serve(), serve(), frames("teacher")
    with ExitStack() as stack:
        ann = Listener(stack, there, "ann")
        id = post(here, "teacher", whole(mine)).json()["id"]
        assert ann.until("whole")["panes"][0]["frames"] == mine
        for frame in range(6):
            assert post(here, "teacher", change(id, frame=frame)).status_code == 204
        while ann.until("setting")["frame"] != 5:
            pass
        fresh = serve()  # which knows nothing of it, and asks for all
        assert post(fresh, "teacher", change(id, frame=1)).status_code == 409
        id = post(fresh, "teacher", whole(mine, frame=2)).json()["id"]
        while ann.until("whole")["frame"] != 2:
            pass


def test_followers_do_not_ask_the_database(
    lesson: Class, serve: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, mine = serve(), frames("teacher")
    with ExitStack() as stack:
        ann = Listener(stack, address, "ann")
        id = post(address, "teacher", whole(mine)).json()["id"]
        ann.until("whole")
        monkeypatch.setattr(stream_channel.store, "version", None)  # a look would end its task
        for name in ("of_class", "members_of"):
            monkeypatch.setattr(stream_channel.store, name, None)
        monkeypatch.setattr(stream, "seat_of", None)
        for frame in range(1, 6):
            post(address, "teacher", change(id, frame=frame))
            assert ann.until("setting")["frame"] == frame


def test_the_oldest_of_too_many_streams_makes_room(lesson: Class, serve: Callable[[], str]) -> None:
    address = serve()
    with ExitStack() as stack:
        listeners = [
            Listener(stack, address, "ann") for _ in range(stream_channel.MOST_STREAMS + 1)
        ]
        assert listeners[0].until("end") == "elsewhere"
        post(address, "teacher", whole(frames("teacher")))
        for each in listeners[1:]:
            each.until("whole")
