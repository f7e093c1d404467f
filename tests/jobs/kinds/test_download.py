"""The download as a job: watched, stopped, and gone on with."""

from collections.abc import Iterator

import pytest
from mayo import Mayo, forget
from waiting import until

from ctdenoise.errors import Problem
from ctdenoise.jobs import queue, worker
from ctdenoise.jobs.kinds.download import DOWNLOAD, Download
from ctdenoise.scans import bucket, ldct
from ctdenoise.settings import settings
from ctdenoise.workspace.database import Job
from ctdenoise.workspace.library import Library


@pytest.fixture(autouse=True)
def here(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_worker", lambda: "here")


@pytest.fixture
def library(home: object) -> Iterator[Library]:
    library = Library(settings().workspaces / "eve")
    yield library
    for record in (*library.pairs(), *library.scans()):
        library.remove(record.id)


def download(*patients: str, every: int = 1) -> Job:
    id = queue.add(DOWNLOAD, Download(patients=patients, every=every), "eve").id
    worker.serve("download")
    return queue.job(id)


def test_patients_arrive_one_after_the_other(
    library: Library, mayo: Mayo, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, str]] = []
    make = worker._running

    def listening(*given: object) -> object:
        running = make(*given)  # type: ignore[arg-type]
        tell = running.tell
        running.tell = lambda *told: (seen.append(told), tell(*told))[1]  # type: ignore
        return running

    monkeypatch.setattr(worker, "_running", listening)
    job = download("L004", "C002", every=2)
    assert (job.state, job.message) == ("finished", "2 pairs added to the list below.")
    assert [library.pair_record(id).name for id in job.result] == [
        "Mayo L004, abdomen",
        "Mayo C002, chest",
    ]
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and any(0 < each < 1 for each in fractions)
    assert any("L004" in message for _, message in seen)


def test_a_stop_keeps_what_is_whole_and_the_next_download_goes_on(
    library: Library, mayo: Mayo, monkeypatch: pytest.MonkeyPatch
) -> None:
    get, make = bucket.Bucket._get, worker._running
    running: list[worker.Running[Download]] = []

    def made(*given: object) -> object:
        running.append(make(*given))  # type: ignore[arg-type]
        return running[-1]

    def stopped_in_the_middle(self: bucket.Bucket, stored: bucket.Stored, **options: str) -> bytes:
        if stored.key.startswith("C002") and "Range" not in options:
            queue.stop(running[-1].job.id)
            until(lambda: running[-1].stop_wanted)
        return get(self, stored, **options)

    monkeypatch.setattr(worker, "_running", made)
    monkeypatch.setattr(bucket.Bucket, "_get", stopped_in_the_middle)
    job = download("L004", "C002")
    assert (job.state, len(job.result)) == ("stopped", 1)
    assert job.message == "Stopped, 1 pair added. Download again, and it goes on where it was."
    assert [pair.name for pair in library.pairs()] == ["Mayo L004, abdomen"]
    assert len(library.scans()) == 2
    monkeypatch.setattr(bucket.Bucket, "_get", get)
    again = queue.requeue(job.id)  # the same job: what is there already is not fetched again
    worker.serve("download")
    assert len(queue.job(again.id).result) == 2
    assert len(set(mayo.whole())) == len(mayo.whole())


def test_an_unknown_patient_is_told_before_anything_is_asked(mayo: Mayo) -> None:
    job = download("C002", "L999")
    assert job.state == "failed" and "L999" in job.message
    assert not mayo.asked


def test_an_archive_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("CTDENOISE_S3", f"http://127.0.0.1:{closed_port}")
    forget()
    job = download("L004", every=5)
    assert f"{ldct.ARCHIVE} on the internet cannot be reached" in job.message
    forget()
    assert not list(Library(settings().workspaces / "eve").pairs())
    with pytest.raises(Problem):
        ldct.patient("none")
