"""The pictures of a denoised scan on their way to the viewer, while it is still being denoised."""

import threading
from typing import Any

import numpy as np
import pytest
from apptest import COOKIES, WORKSPACE, OnTheSpot
from starlette.applications import Starlette
from starlette.testclient import TestClient
from waiting import until

from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.jobs.kinds.denoise import start
from ctdenoise.metrics.removal import Removal
from ctdenoise.ui import server
from ctdenoise.units import to_int16
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library, PairRecord
from ctdenoise.workspace.results import Result, SliceFigures, Source


@pytest.fixture
def result(pair: PairRecord, on_the_spot: OnTheSpot) -> Result:
    """One whose job waits."""
    on_the_spot.waiting.add("denoise")
    source = Source(owner=WORKSPACE, kind="pair", id=pair.id)
    return start(WORKSPACE, source, ClassicalFilter(name="gaussian", strength=1))


def address(result: Result, index: int, share: str, owner: str = WORKSPACE) -> str:
    id = result.record.id
    return f"/pixels/result/{owner}/{id}/{index}/{share}"


def focus(result: Result) -> int | None:
    job = result.job
    return job.focus if job else None


def asked(result: Result, index: int, share: str, owner: str = WORKSPACE) -> Any:
    client = TestClient(Starlette(routes=server.ROUTES), cookies=COOKIES)
    return client.get(address(result, index, share, owner))


def finish(result: Result, index: int) -> np.ndarray:
    image = np.full((64, 64), 7.0 * index, np.float32)
    removal = Removal((3, 2, 1), None, {})
    result.keep(image, SliceFigures(index=index, seconds=1, removal=removal))
    return image


def test_both_ends_of_the_strength_slider(result: Result, mine: Library, pair: PairRecord) -> None:
    output = finish(result, 2)
    low = mine.pair(pair.id).low[0, 2]
    assert asked(result, 2, "0").content == to_int16(low).tobytes()
    assert asked(result, 2, "1").content == to_int16(output).tobytes()


def test_a_slice_that_is_still_to_come_is_wanted_and_waited_for(result: Result) -> None:
    def work() -> None:
        until(lambda: focus(result) == 4)
        finish(result, 4)

    worker = threading.Thread(target=work)
    worker.start()
    answer = asked(result, 4, "1")
    worker.join()
    assert answer.status_code == 200
    assert set(np.frombuffer(answer.content, "<i2")) == {28}


def test_a_slice_that_will_not_come_is_told_at_once(result: Result) -> None:
    queue.stop(result.record.id)
    answer = asked(result, 1, "1")
    assert answer.status_code == 404
    assert answer.text.startswith("Slice 2 of Phantom has not been denoised")
    assert asked(result, 6, "0").status_code == 404


@pytest.mark.parametrize("rest", ["1", "x/0/1", "a/b/c/d/1", "", "000000000000/0/1"])
def test_an_address_that_is_none_is_told(mine: Library, rest: str) -> None:
    answer = TestClient(
        Starlette(routes=server.ROUTES), cookies=COOKIES, raise_server_exceptions=False
    ).get(f"/pixels/result/{WORKSPACE}/{rest}")
    assert answer.status_code == 404
    assert answer.text.startswith("This ") and answer.text.endswith(".")


def test_an_index_that_is_no_number_is_told(result: Result) -> None:
    client = TestClient(
        Starlette(routes=server.ROUTES), cookies=COOKIES, raise_server_exceptions=False
    )
    answer = client.get(f"/pixels/result/{WORKSPACE}/{result.record.id}/x/1")
    assert answer.status_code == 404 and "does not exist" in answer.text


def test_a_wish_that_cannot_be_kept_spoils_nothing(
    result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        finish(result, 3)
        raise Problem("The database", "could not be written", "free some space")

    monkeypatch.setattr(queue, "look_at", full)
    assert asked(result, 3, "1").status_code == 200


def test_nobody_else_sees_it(result: Result) -> None:
    finish(result, 0)
    stranger = TestClient(
        Starlette(routes=server.ROUTES), cookies={"ctdenoise_workspace": "0" * 32}
    )
    for share in "01":
        answer = stranger.get(address(result, 0, share))
        assert answer.status_code == 404 and "another workspace" in answer.text
    assert stranger.get(address(result, 3, "1")).status_code == 404
    assert focus(result) is None
