"""Every address of the server, asked by another and by nobody: none hands over what is somebody
else's, and none changes it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from apptest import COOKIES, WORKSPACE, OnTheSpot
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from streamlit.web.server.starlette import starlette_app

from ctdenoise.exports.formats import FORMATS
from ctdenoise.jobs import queue
from ctdenoise.jobs.kinds.denoise import start
from ctdenoise.jobs.kinds.export import EXPORT, Export
from ctdenoise.ui import downloads, pictures, server, uploads
from ctdenoise.ui.classroom import stream
from ctdenoise.ui.gate import Gate, Names
from ctdenoise.ui.visitors import COOKIE
from ctdenoise.workspace import classes, presented, shares
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import PairRecord
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import Run, runs_of

CONTENT = b"what the owner has sent"


@dataclass(frozen=True)
class Asked:
    """What one route is asked for, with addresses of the owner's things where it has such."""

    addresses: Callable[["Things"], list[str]]
    stranger: int = 404
    """The status for whoever has a workspace of their own."""
    nobody: int = 404
    """The status without a cookie, or with one that is none of ours."""
    json: Callable[["Things"], object] = lambda of: None
    body: bytes | None = None
    owner: int | None = 200
    """The status for the owner; None where the answer does not end."""


@dataclass(frozen=True)
class Things:
    run: Run
    pair: PairRecord
    export: str
    """Address of a file that was prepared of a result."""
    upload: str
    """Id of an upload on its way."""
    lesson: Class
    """Which the owner teaches."""


def shown(of: Things) -> object:
    """What a viewer sends to a class."""
    frame = pictures.FullDose(owner=WORKSPACE, pair=of.pair.id, index=0).address
    pane = {"name": "Full", "color": "#009E73", "frames": [frame]}
    return {"title": "Look", "shown": {"panes": [pane], "window": [40, 400]}}


ROUTES = {
    "GET /pixels/{address:path}": Asked(
        lambda of: [
            pictures.FullDose(owner=WORKSPACE, pair=of.pair.id, index=0).address,
            f"/pixels/reference/{of.run.id}/full.tif",
            f"/pixels/denoised/{of.run.id}/1/{WORKSPACE}/{of.pair.id}/0",
        ],
        nobody=403,
    ),
    "GET /downloads/{address:path}": Asked(
        lambda of: [
            of.export,
            downloads.of_run(of.run, "card"),
            downloads.of_run(of.run, "network"),
            downloads.of_class(of.lesson.id, named=True),
            downloads.of_class(of.lesson.id, named=False),
            "/downloads/profile?end=1,1&end=5,5&name=a&picture="
            + pictures.FullDose(owner=WORKSPACE, pair=of.pair.id, index=0).address,
        ]
    ),
    "POST /uploads": Asked(
        lambda of: ["/uploads", f"/uploads?id={of.upload}"],
        stranger=200,  # an upload of their own
        nobody=400,
        json=lambda of: [{"name": "a", "size": 1}],
    ),
    "PUT /uploads/{id}/{number:int}/{begin:int}": Asked(
        lambda of: [f"/uploads/{of.upload}/0/{begin}" for begin in (0, len(CONTENT))],
        stranger=400,
        nobody=400,
        body=b"what a stranger sends",
    ),
    "POST /classroom/present": Asked(
        lambda of: [stream.PRESENT, stream.present_to(of.lesson.id)], 403, 403, json=shown
    ),
    "POST /classroom/show": Asked(lambda of: [stream.SHOW], 403, 403, json=shown),
    "GET /classroom/follow": Asked(lambda of: [stream.FOLLOW], 403, 403, owner=None),
    "GET /healthz": Asked(lambda of: ["/healthz"], 200, 200),
    "GET /readyz": Asked(lambda of: ["/readyz"], 403, 403, owner=403),
    "GET /metrics": Asked(lambda of: ["/metrics"], 403, 403, owner=403),
}
"""Who adds a route says here what becomes of it for others."""

STREAMLITS = {
    "/_stcore/agent/interact",  # switched off, see test_served.py
    "/_stcore/agent/mcp",
    "/_stcore/agent/openapi.json",
    "/_stcore/bidi-components/{path:path}",  # the viewer's own script
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",  # the operator's alone, see test_gate.py
    "/_stcore/metrics/",
    "/_stcore/stream",  # the session of whom the cookie names
    "/_stcore/upload_file/{session_id}/{file_id}",  # needs a token and a session
    "/auth/login",
    "/auth/logout",
    "/component/{path:path}",
    "/media/{file_id:path}",  # nothing of ours is kept there, see test_security_browser.py
    "/oauth2callback",
    "",  # the files of its page
}
"""What Streamlit serves of its own: what a new version adds is looked at before it is let in."""


def served() -> Starlette:
    """Our routes behind their gate, for whoever is not on this computer."""
    gate = Middleware(Gate, names=Names(frozenset({"testserver"})))
    return Starlette(routes=server.ROUTES, middleware=[gate])


def of_ours() -> dict[str, Route]:
    return {
        f"{method} {route.path}": route
        for route in server.ROUTES
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_every_route_of_ours_is_listed() -> None:
    assert set(of_ours()) == set(ROUTES)


def test_streamlit_brings_no_route_that_nobody_looked_at() -> None:
    routes = starlette_app.create_streamlit_routes(MagicMock())
    assert all(isinstance(each, Route | WebSocketRoute | Mount) for each in routes)
    assert {str(each.path) for each in routes} <= STREAMLITS  # type: ignore[attr-defined]


@pytest.fixture
def things(trained: Run, pair: PairRecord, on_the_spot: OnTheSpot) -> Things:
    source = Source(owner=WORKSPACE, kind="pair", id=pair.id)
    result = start(WORKSPACE, source, ClassicalFilter(name="gaussian", strength=1))
    asked = Export(result=result.record.id, format="npy", mix=1.0, index=1, level=40.0, width=400.0)
    on_the_spot.submit(EXPORT, asked, WORKSPACE, subject=result.record.id)
    (file,) = (result.folder / "exports" / "npy").iterdir()
    upload = uploads.announce(WORKSPACE, [uploads.Chosen(name="a", size=100)])
    uploads.receive(WORKSPACE, upload, 0, 0, CONTENT)
    export = downloads.of_result(result, FORMATS["npy"], file)
    lesson, _ = classes.create(WORKSPACE, "Residents", "article")
    return Things(trained, pair, export, upload, lesson)


def kept(home: Path) -> dict[str, int]:
    """The owner's files and their sizes."""
    mine = [home / "runs", home / "workspaces" / WORKSPACE]
    return {
        str(file): file.stat().st_size
        for folder in mine
        for file in folder.rglob("*")
        if file.is_file()
    }


def jobs_of_all() -> list[Job]:
    return sorted(queue.rows(), key=lambda job: job.id)


@pytest.mark.parametrize("who", ["stranger", "nobody", "an odd cookie"])
def test_others_see_nothing_and_change_nothing(who: str, things: Things, home: Path) -> None:
    cookie = {"stranger": "0" * 32, "an odd cookie": f"../{WORKSPACE}"}.get(who)
    cookies = {COOKIE: cookie} if cookie else {}
    client = TestClient(served(), cookies=cookies)
    before, jobs, runs = kept(home), jobs_of_all(), runs_of(WORKSPACE)
    for name, asked in ROUTES.items():
        method, _, _ = name.partition(" ")
        expected = asked.stranger if who == "stranger" else asked.nobody
        for address in asked.addresses(things):
            answer = client.request(method, address, json=asked.json(things), content=asked.body)
            assert answer.status_code == expected, (name, address, answer.text)
            if expected != 200:
                told = answer.text
                assert told.endswith(".") and "\n" not in told and things.run.name not in told
    assert (kept(home), jobs_of_all(), runs_of(WORKSPACE)) == (before, jobs, runs)
    assert presented.of_class(things.lesson.id) == (0, None)
    assert shares.of_class(things.lesson.id) == []


def test_the_owner_gets_all_of_it(things: Things) -> None:
    """So that a wrong address above is not taken for a refusal."""
    client = TestClient(served(), cookies=COOKIES)
    for name, asked in ROUTES.items():
        method, _, _ = name.partition(" ")
        if asked.owner is None:
            continue
        for address in asked.addresses(things):
            answer = client.request(method, address, json=asked.json(things), content=asked.body)
            assert answer.status_code == asked.owner, (name, address, answer.text)
