"""Uploads: what was chosen is what arrives, under names of ours, or is named as missing."""

import asyncio
import io
import random
from pathlib import Path
from typing import Any

import pytest
from apptest import WORKSPACE, opened, say, send
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from ctdenoise.errors import Problem
from ctdenoise.settings import settings
from ctdenoise.ui import uploads
from ctdenoise.ui.components import upload
from ctdenoise.ui.gate import Gate, Names
from ctdenoise.ui.uploads import Chosen
from ctdenoise.ui.visitors import COOKIE, device_of, new_cookie

pytestmark = pytest.mark.usefixtures("on_the_spot")
NAMES = [
    "a:b.dcm", "low/1.png", "full/1.png", "LOW/1.PNG", "low/1.png", "../../etc/x.dcm", "..", ".",
    "/abs/x.dcm", "C:\\scans\\x.dcm", "con.dcm", "NUL", "lpt1.tar.gz", "dots. . .", " .dcm", "x",
    "x/y.dcm", "x/y.dcm/z.dcm", "\x00\x1b[31m.dcm", "new\nline.dcm", "e\u0301.dcm", "\u00e9.dcm",
    "\u4f4e\u5242\u91cf/slice 3.dcm", "n" * 300 + "17.nii.gz", "n" * 300 + "18.nii.gz",
    "/".join("deep" for _ in range(40)) + "/slice_2.dcm", "\u4f4e" * 200 + ".dcm", "~", "-rf",
    "a|b?.tif", "list.json", "0",
]  # fmt: skip


def arrived(*names: str) -> Path:
    """The folder of an upload of files of these names, each of which holds its number."""
    id = uploads.announce(
        WORKSPACE, [Chosen(name=n, size=len(str(i))) for i, n in enumerate(names)]
    )
    for number in range(len(names)):
        uploads.receive(WORKSPACE, id, number, 0, str(number).encode())
    assert uploads.missing(WORKSPACE, id) == []
    return settings().workspaces / WORKSPACE / "uploads" / uploads.take(WORKSPACE, id)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_whatever_files_are_called_each_is_there_once_below_the_upload(home: Path) -> None:
    draw = random.Random(1)
    for _ in range(60):
        folder = arrived(*draw.choices(NAMES, k=draw.randint(1, 12)), *NAMES[: draw.randint(0, 40)])
        found = files(folder)
        contents = sorted(int(path.read_text()) for path in found)
        assert contents == list(range(len(contents)))
        inside = [path.relative_to(folder) for path in found]
        assert len({str(path).casefold() for path in inside}) == len(inside)
        for part in {part for path in inside for part in path.parts}:
            assert part.isprintable() and len(part.encode()) <= 120
            assert not set(part) & set('<>:"|?*\\') and part == part.strip(" ").rstrip(". ")
            assert part.split(".")[0].lower() not in ("con", "nul", "lpt1")
    assert not list(home.parent.glob("etc"))


def test_what_names_tell_readers_stays(home: Path) -> None:
    (one,) = files(arrived("study:1/Low Dose/slice_0012:x.nii.gz"))
    assert one.parts[-3:] == ("study_1", "Low Dose", "slice_0012_x.nii.gz")
    (long,) = files(arrived("low " + "n" * 300 + " 0017.nii.gz"))
    assert long.name.startswith("low ") and long.name.endswith(" 0017.nii.gz")


def test_pieces_go_on_where_the_file_ends_however_often_they_come(home: Path) -> None:
    content = bytes(range(256)) * 5
    id = uploads.announce(WORKSPACE, [Chosen(name="a", size=len(content))])
    draw, there = random.Random(2), 0
    while there < len(content):
        begin = draw.choice([there, there, 0, max(there - 7, 0), there + 5])
        piece = content[begin : begin + draw.randint(1, 100)]
        there = uploads.receive(WORKSPACE, id, 0, begin, piece)
        assert uploads.missing(WORKSPACE, id) == ([] if there == len(content) else ["a"])
    assert uploads.receive(WORKSPACE, id, 0, there, b"more than was said") == there
    ((_, file),) = uploads.chosen(WORKSPACE, id)
    assert file.read_bytes() == content


def test_a_piece_that_comes_twice_at_once_is_there_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another request looks and writes between our look and our writing."""
    id = uploads.announce(WORKSPACE, [Chosen(name="a", size=6)])
    opened, answers = Path.open, []

    class Slow(io.FileIO):
        def write(self, content: Any) -> int:
            monkeypatch.setattr(Path, "open", opened)
            answers.append(uploads.receive(WORKSPACE, id, 0, 0, b"123"))
            return super().write(content)

    monkeypatch.setattr(Path, "open", lambda path, mode: Slow(path, mode.replace("b", "")))
    assert [uploads.receive(WORKSPACE, id, 0, 0, b"123"), *answers] == [3, 3]
    assert uploads.receive(WORKSPACE, id, 0, 3, b"456") == 6
    ((_, file),) = uploads.chosen(WORKSPACE, id)
    assert file.read_bytes() == b"123456"


def test_limits_hold_before_anything_is_sent(home: Path) -> None:
    limits = settings()
    for sizes, reason in (
        ([], "is not between 1"),
        ([1] * (limits.upload_files + 1), "is not between 1"),
        ([(limits.upload_file_mb << 20) + 1], "is larger than 1024 MB"),
        ([1000 << 20] * 5, "is larger than 4096 MB in all"),
    ):
        with pytest.raises(Problem, match=reason):
            uploads.announce(WORKSPACE, [Chosen(name="a", size=size) for size in sizes])
    assert not (settings().workspaces / WORKSPACE).exists()


def test_what_was_left_half_sent_makes_room(home: Path) -> None:
    ids = [uploads.announce(WORKSPACE, [Chosen(name="a", size=1)]) for _ in range(9)]
    left = list((settings().workspaces / WORKSPACE / "uploads").iterdir())
    assert len(left) == uploads.MOST_OPEN and uploads.missing(WORKSPACE, ids[-1]) == ["a"]
    with pytest.raises(Problem, match="is not there any more"):
        uploads.missing(WORKSPACE, ids[0])


@pytest.fixture
def client(home: Path) -> TestClient:
    gate = Middleware(Gate, names=Names(frozenset({"ct.example"})))
    app = Starlette(routes=uploads.ROUTES, middleware=[gate])
    client = TestClient(app, base_url="http://ct.example")
    client.cookies.set(COOKIE, new_cookie())
    return client


def test_a_browser_sends_a_file(client: TestClient) -> None:
    id = client.post("/uploads", json=[{"name": "a.png", "size": 5}]).json()["id"]
    for begin, piece in ((0, b"12"), (0, b"12"), (2, b"345")):
        answer = client.put(f"/uploads/{id}/0/{begin}", content=piece)
    assert answer.json() == {"there": 5}
    workspace = device_of(client.cookies[COOKIE])
    assert workspace and uploads.missing(workspace, id) == []


def test_nobody_else_sends_anything(client: TestClient) -> None:
    id = client.post("/uploads", json=[{"name": "a.png", "size": 5}]).json()["id"]
    there = f"/uploads/{id}/0/0"
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                    {"Origin": "http://ct.example:81"}):  # fmt: skip
        for answer in (client.put(there, content=b"1", headers=headers),
                       client.post("/uploads", json=[], headers=headers)):  # fmt: skip
            assert answer.status_code == 403 and "by a page of another site" in answer.text
    ok = client.put(there, content=b"1", headers={"Origin": "http://ct.example"})
    assert ok.status_code == 200
    client.cookies.set(COOKIE, new_cookie())
    assert "not there any more" in client.put(there, content=b"1").text
    client.cookies.clear()
    assert "keeps no cookie" in client.put(there, content=b"1").text


@pytest.mark.parametrize(
    "body", [b"", b"[", b"{}", b"[1]", b'[{"name": ""}]', b'[{"name": "a", "size": -1}]', b"\xff"]
)
def test_a_list_that_is_none_is_a_sentence(client: TestClient, body: bytes) -> None:
    answer = client.post("/uploads", content=body)
    assert answer.status_code == 400 and answer.text.endswith(": reload the page.")


def test_what_is_sent_at_once_is_bounded(client: TestClient) -> None:
    id = client.post("/uploads", json=[{"name": "a", "size": 50 << 20}]).json()["id"]
    answer = client.put(f"/uploads/{id}/0/0", content=bytes(uploads.PIECE + 1))
    assert answer.status_code == 400 and "too much at once" in answer.text
    for address in (f"/uploads/{id}/1/0", "/uploads/0123456789ab/0/0", "/uploads/..%2F..%2Fx/0/0"):
        assert client.put(address, content=b"1").status_code in (400, 404)


@pytest.mark.parametrize(("method", "most"), [("PUT", uploads.PIECE), ("POST", uploads.LIST_BYTES)])
def test_what_has_no_end_is_cut_off(home: Path, method: str, most: int) -> None:
    """Whatever length it says, or none: so much of it is taken and no more."""
    cookie = new_cookie()
    id = uploads.announce(str(device_of(cookie)), [Chosen(name="a", size=1 << 30)])
    path = f"/uploads/{id}/0/0" if method == "PUT" else "/uploads"
    scope = {"type": "http", "method": method, "path": path, "query_string": b"",
             "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())]}  # fmt: skip
    taken: list[int] = []
    answers: list[Any] = []

    async def endless() -> dict[str, Any]:
        taken.append(1 << 20)
        return {"type": "http.request", "body": bytes(1 << 20), "more_body": True}

    async def answer(message: Any) -> None:
        answers.append(message)

    asyncio.run(Starlette(routes=uploads.ROUTES)(scope, endless, answer))
    assert answers[0]["status"] == 400 and b"too much at once" in answers[1]["body"]
    assert sum(taken) <= most + (1 << 20)


def test_twenty_thousand_files_are_one_sentence(client: TestClient) -> None:
    listed = [{"name": f"{n}.dcm", "size": 1} for n in range(20_000)]
    answer = client.post("/uploads", json=listed)
    assert answer.status_code == 400
    assert answer.text.startswith("An upload of 20,000 files is not between 1 and 5,000 files")


def test_nothing_is_read_before_all_has_arrived_or_somebody_goes_on_without(home: Path) -> None:
    app = opened("Scans")
    id = uploads.announce(WORKSPACE, [Chosen(name=f"{n}.txt", size=1) for n in range(3)])
    for number in range(2):
        uploads.receive(WORKSPACE, id, number, 0, b"x")
    for how in ("sending", "broken", "arrived"):  # whatever a browser says
        say(app, id, how)
        assert not app.exception and uploads.missing(WORKSPACE, id) == ["2.txt"]
    say(app, id, "without")
    assert not (settings().workspaces / WORKSPACE / "uploads" / f"{id}.coming").exists()
    assert any("2 files could not be read" in each.value for each in app.error)
    assert any("0.txt" in each.value for each in app.markdown)  # it has been read


def test_what_the_browser_says_is_checked(home: Path) -> None:
    app = opened("Scans")
    for said in (7, "x", [], ["../../x", "arrived"], ["0123456789ab", "arrived"], [1, 2]):
        app.session_state["upload-0"] = {"upload": said}
        assert not app.run().exception
    assert not upload.jobs.queue.jobs_of(WORKSPACE, "ingest")


def test_a_full_disk_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    id = client.post("/uploads", json=[{"name": "a", "size": 5}]).json()["id"]

    opened = Path.open

    def full(path: Path, mode: str = "r", *given: Any, **named: Any) -> Any:
        if mode == "r+b":
            raise OSError(28, "No space left on device", str(path))
        return opened(path, mode, *given, **named)

    monkeypatch.setattr(Path, "open", full)
    answer = client.put(f"/uploads/{id}/0/0", content=b"1")
    assert answer.status_code == 400 and "the disk is full" in answer.text
    assert str(settings().home) not in answer.text


def test_send_of_the_helper_is_read(home: Path) -> None:
    app = send(opened("Scans"), ("notes.txt", b"no scan"))
    assert any("notes.txt" in each.value for each in app.error)


def test_an_upload_whose_page_was_left_is_told_and_can_be_dropped(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [uploads.Chosen(name=name, size=2) for name in ("a", "b", "c")]
    id = uploads.announce(WORKSPACE, listed)
    uploads.receive(WORKSPACE, id, 0, 0, b"12")
    assert uploads.left(WORKSPACE) == []  # another tab may be sending it
    monkeypatch.setattr(uploads, "QUIET_SECONDS", -1)
    assert uploads.left(WORKSPACE) == [(id, 1, 3)]
    uploads.drop(WORKSPACE, id)
    assert uploads.left(WORKSPACE) == []
