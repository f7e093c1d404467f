"""A bucket on a bad network: closed, silent, cut off."""

import socket
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from mayo import BUCKET, Mayo, forget, prefix

from ctdenoise.errors import Problem
from ctdenoise.scans import bucket
from ctdenoise.scans.bucket import Bucket, Stored, in_parallel

CONTENT = bytes(range(256)) * 40
UNREACHABLE = "The archive on the internet cannot be reached: check the connection"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Bucket]]:
    """A bucket on a port of this machine."""

    def at(port: int) -> Bucket:
        monkeypatch.setenv("CTDENOISE_S3", f"http://127.0.0.1:{port}")
        forget()
        return Bucket(BUCKET, "The archive")

    yield at
    forget()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server that takes every connection and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield silent


class CutOff(BaseHTTPRequestHandler):
    """Breaks off in the middle of the first answers, as many as ``left``."""

    left: ClassVar[int]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        type(self).left -= 1
        self.wfile.write(CONTENT[:100] if self.left >= 0 else CONTENT)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def cutting() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), CutOff) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_listing_and_the_start_of_an_object(mayo: Mayo) -> None:
    there = Bucket(BUCKET, "The archive")
    objects = there.objects(prefix("C002", "low"))
    assert [each.key for each in objects] == mayo.keys("C002", "low")
    content = mayo.content(objects[0].key)
    assert objects[0].fits(content) and not objects[0].fits(content[:-1])
    assert there.start(objects[0], 200) == content[:200]
    assert there.start(objects[0], 1 << 20) == content


def test_a_closed_port(opened: Callable[[int], Bucket], closed_port: int) -> None:
    with pytest.raises(Problem, match=UNREACHABLE):
        opened(closed_port).objects("a/")


def test_a_network_that_swallows_what_is_sent(
    opened: Callable[[int], Bucket], listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "FIRST_ANSWER_SECONDS", 0.3)
    with pytest.raises(Problem, match=UNREACHABLE):
        opened(listening.getsockname()[1]).objects("a/")


def test_a_bucket_that_there_is_not(mayo: Mayo) -> None:
    with pytest.raises(Problem, match=r"The archive does not give a/ \(NoSuchBucket\)"):
        Bucket("nothing-here", "The archive").objects("a/")


@pytest.mark.parametrize("etag", ["", "0123456789abcdef0123456789abcdef-2"])
def test_an_answer_that_is_cut_off_is_asked_for_again(
    opened: Callable[[int], Bucket], cutting: ThreadingHTTPServer, tmp_path: Path, etag: str
) -> None:
    there, stored = opened(cutting.server_port), Stored("a/1.dcm", len(CONTENT), etag)
    CutOff.left = bucket.ATTEMPTS - 1
    there.download(stored, tmp_path / "1.dcm")
    assert (tmp_path / "1.dcm").read_bytes() == CONTENT
    CutOff.left = bucket.ATTEMPTS
    with pytest.raises(Problem, match=r"a/1\.dcm arrived damaged again and again"):
        there.download(stored, tmp_path / "2.dcm")
    assert [path.name for path in tmp_path.iterdir()] == ["1.dcm"]


def test_a_start_that_is_cut_off_is_asked_for_again(
    opened: Callable[[int], Bucket], cutting: ThreadingHTTPServer
) -> None:
    there, stored = opened(cutting.server_port), Stored("a/1.dcm", len(CONTENT), "")
    CutOff.left = bucket.ATTEMPTS - 1
    assert there.start(stored, len(CONTENT)) == CONTENT
    CutOff.left = bucket.ATTEMPTS
    with pytest.raises(Problem, match=UNREACHABLE):
        there.start(stored, len(CONTENT))


def test_a_content_that_is_not_what_was_listed(
    opened: Callable[[int], Bucket], cutting: ThreadingHTTPServer, tmp_path: Path
) -> None:
    CutOff.left = 0
    with pytest.raises(Problem, match="arrived damaged"):
        opened(cutting.server_port).download(
            Stored("a/1.dcm", len(CONTENT), "0" * 32), tmp_path / "1.dcm"
        )
    assert not list(tmp_path.iterdir())


def test_results_come_in_order_and_are_counted() -> None:
    counted: list[int] = []
    assert in_parallel(lambda n: n * n, range(20), counted.append) == [n * n for n in range(20)]
    assert counted == list(range(1, 21))


def test_the_first_error_ends_it() -> None:
    begun: list[int] = []

    def work(n: int) -> None:
        begun.append(n)
        if n == 0:
            raise Problem("That", "failed", "try again")
        time.sleep(0.3)  # long enough for the others to be called off

    with pytest.raises(Problem):
        in_parallel(work, range(1000), lambda n: None)
    assert len(begun) < 1000
