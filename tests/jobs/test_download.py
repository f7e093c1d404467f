"""The download as a job: watched, stopped, found again."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mayo import Mayo, forget

from ctdenoise.errors import Problem
from ctdenoise.jobs import download as fetching
from ctdenoise.jobs.executor import Engine
from ctdenoise.scans import bucket, ldct
from ctdenoise.settings import settings
from ctdenoise.workspace.library import Library

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def library() -> Iterator[Library]:
    library = Library(settings().workspaces / "eve")
    yield library
    for record in (*library.pairs(), *library.scans()):
        library.remove(record.id)


def test_patients_arrive_one_after_the_other(library: Library, mayo: Mayo) -> None:
    seen: list[tuple[float, str]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if found := fetching.progress("eve"):
                seen.append(found)
            time.sleep(0.01)

    watching = threading.Thread(target=watch)
    watching.start()
    made = fetching.fetch_pairs("eve", ["L004", "C002"], 2)
    done.set()
    watching.join()
    assert [library.pair_record(id).name for id in made] == [
        "Mayo L004, abdomen",
        "Mayo C002, chest",
    ]
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and any(0 < each < 1 for each in fractions)
    assert any("L004" in sentence for _, sentence in seen)
    assert fetching.progress("eve") is None


def test_a_stop_keeps_what_is_whole_and_the_next_download_goes_on(
    library: Library, mayo: Mayo, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = bucket.Bucket._get

    def stopped_in_the_middle(self: bucket.Bucket, stored: bucket.Stored, **options: str) -> bytes:
        if stored.key.startswith("C002") and "Range" not in options:
            fetching.stop("eve")
        return get(self, stored, **options)

    monkeypatch.setattr(bucket.Bucket, "_get", stopped_in_the_middle)
    assert len(fetching.fetch_pairs("eve", ["L004", "C002"], 1)) == 1
    assert [pair.name for pair in library.pairs()] == ["Mayo L004, abdomen"]
    assert len(library.scans()) == 2
    assert fetching.progress("eve") is None
    monkeypatch.setattr(bucket.Bucket, "_get", get)
    assert len(fetching.fetch_pairs("eve", ["C002"], 1)) == 1  # the stop held once
    assert len(set(mayo.whole())) == len(mayo.whole())


def test_a_stop_that_came_too_late_is_forgotten(library: Library, mayo: Mayo) -> None:
    fetching.stop("eve")
    fetching.allow("eve")
    assert len(fetching.fetch_pairs("eve", ["C002"], 1)) == 1


def test_an_unknown_patient_is_told_before_anything_is_asked(mayo: Mayo) -> None:
    with pytest.raises(Problem, match="L999"):
        fetching.fetch_pairs("eve", ["C002", "L999"], 1)
    assert not mayo.asked


def test_a_download_whose_worker_died_is_not_under_way(home: Path) -> None:
    file = fetching._file("eve")
    file.parent.mkdir(exist_ok=True)
    file.write_text('[0.5, "Downloading"]')
    assert fetching.progress("eve") == (0.5, "Downloading")
    long_ago = time.time() - 2 * fetching.LOST_SECONDS
    os.utime(file, (long_ago, long_ago))
    assert fetching.progress("eve") is None
    file.unlink()


def test_the_sentence_comes_back_from_a_worker(
    home: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("CTDENOISE_S3", f"http://127.0.0.1:{closed_port}")
    forget()
    engine = Engine()
    try:
        answer = engine.ask(fetching.fetch_pairs, "fay", ["L004"], 5, net=True)
        with pytest.raises(Problem, match=f"{ldct.ARCHIVE} on the internet cannot be reached"):
            answer.result(60)
    finally:
        engine.shutdown()
        forget()
    assert not (settings().workspaces / "fay").exists()
