"""What jobs leave in a worker's memory: as much as fits, as long as they may come back for it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ctdenoise.jobs import leases, parking, queue
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.settings import settings

pytestmark = pytest.mark.usefixtures("home", "clean")


@dataclass(frozen=True)
class Left:
    held_bytes: int


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    parking.clear()
    yield
    parking.clear()


def test_what_does_not_fit_is_not_kept_and_what_waits_stays() -> None:
    most = int(parking.SHARE * (settings().worker_memory_mb << 20))
    first, second = Left(most // 2), Left(most // 2 + 2)
    parking.put("a", "1", first)
    parking.put("b", "2", second)
    assert parking.take("b", "2") is None and parking.take("a", "1") is first
    parking.put("b", "2", second)  # there is room again
    assert parking.take("b", "other lease") is None
    assert parking.take("b", "2") is None  # somebody else had the job: it is worth nothing
    parking.put("b", "2", second)
    assert parking.clear() and not parking.clear()


def test_what_nobody_comes_back_for_is_let_go() -> None:
    ids = [queue.add(TRAIN, Train(), who).id for who in ("ann", "bob", "cid", "dan")]
    held = []
    for _ in ids:
        taken = leases.claim("train", "w")
        assert taken
        held.append(taken)
    for job in held:
        parking.put(job.id, job.lease, Left(1))
        leases.give_way(job, 0.1, "")
    ann, bob, cid, dan = held
    queue.stop(ann.id)
    queue.remove(bob.id)
    elsewhere = leases.take(cid.id, "another")
    assert elsewhere
    assert parking.here() == {dan.id: dan.lease}
    assert [parking.take(job.id, job.lease) for job in held] == [None, None, None, Left(1)]
    assert parking.here() == {}
