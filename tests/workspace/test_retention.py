"""What nobody uses goes after some days, and nothing else."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from ctdenoise.config.config import Config
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.denoise import DENOISE, Denoise
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.settings import settings
from ctdenoise.workspace import classes, results, retention
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library, library_of
from ctdenoise.workspace.results import Result, Source
from ctdenoise.workspace.runs import Run, create_run, find_run, runs_of, star_run
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

pytestmark = pytest.mark.usefixtures("store")
ZEROS = np.zeros((3, 32, 32), np.float32)


def scan(owner: str = "ann") -> str:
    made = Scan("water", ZEROS, (1.0, 1.0), np.arange(3.0), np.zeros((3, 3)))
    return library_of(owner).add_scan(made, []).id


def pair(owner: str = "ann") -> str:
    return library_of(owner).add_pair(Pair("p", ZEROS[None], ZEROS, (1.0, 1.0), np.arange(3.0))).id


def run(*pairs: tuple[str, str], owner: str = "ann") -> Run:
    return create_run(owner, "Run", Config(), pairs or [(owner, "0" * 12)])


def result(scan: str) -> Result:
    source = Source(owner="ann", kind="scan", id=scan)
    return results.create("ann", source, ClassicalFilter(name="gaussian", strength=1))


def age(days: float) -> None:
    """Everything was used last so many days ago."""
    moment = time.time() - days * 86_400
    for path in settings().home.rglob("*"):
        os.utime(path, (moment, moment))


def left(owner: str = "ann") -> tuple[set[str], set[str], set[str]]:
    """The scans and pairs, runs and results that are there."""
    library = library_of(owner)
    things = {record.id for record in (*library.scans(), *library.pairs())}
    works = {each.id for each in runs_of(owner)}, {each.record.id for each in results.every(owner)}
    return things, *works


def everywhere(days: int = 30) -> int:
    return retention.sweep(retention.everybody(), days)


def test_what_nobody_uses_goes_and_what_is_younger_stays() -> None:
    old = scan()
    run((("ann"), pair()))
    result(old)
    pair("bob")
    age(29)
    assert everywhere() == 0
    age(31)
    fresh = scan()
    assert everywhere() == 5
    assert left() == ({fresh}, set(), set()) and left("bob") == (set(), set(), set())
    assert list((settings().home / "runs").iterdir()) == []


def test_what_is_opened_stays() -> None:
    opened = scan(), pair(), run(), result(scan())
    age(31)
    Library(settings().workspaces / "ann").scans()  # a list opens nothing
    library_of("ann").scan(opened[0])
    library_of("ann").pair(opened[1])
    find_run(opened[2].id)
    with (opened[3].folder / "slices.jsonl").open("ab") as file:
        file.write(b"\n")
    everywhere()
    things, runs, made = left()
    assert {opened[0], opened[1]} <= things
    assert (runs, made) == ({opened[2].id}, {opened[3].record.id})


def test_starred_runs_and_what_they_learned_from_stay() -> None:
    kept, lost, theirs = pair(), pair(), pair("bob")
    star_run(run(("ann", kept), ("bob", theirs)).id, True)
    run(("ann", lost))
    age(400)
    everywhere()
    things, runs, _ = left()
    assert things == {kept} and len(runs) == 1 and left("bob")[0] == {theirs}


def test_where_something_is_at_work_all_stays() -> None:
    source = scan()
    denoised = result(source)
    queue.add(DENOISE, Denoise(), "ann", id=denoised.record.id)
    waiting = run(owner="bob")
    queue.add(TRAIN, Train(), "bob", id=waiting.id)
    assert leases.take(waiting.id, "w")
    age(400)
    assert everywhere() == 0
    queue.stop(denoised.record.id)
    assert everywhere() == 2
    assert left("bob")[1] == {waiting.id}


def test_the_sample_stays_and_so_do_other_workspaces() -> None:
    ours, theirs = pair(SAMPLE), pair("bob")
    run(("bob", theirs), owner="bob")
    age(400)
    assert retention.sweep(["ann", SAMPLE], 1) == 0
    assert left(SAMPLE)[0] == {ours} and left("bob")[0] == {theirs}


def test_what_cannot_be_read_is_left_for_its_owner() -> None:
    damaged = scan()
    (settings().workspaces / "ann" / "scans" / damaged / "record.json").write_text("{")
    age(400)
    assert everywhere() == 0
    assert [each.id for each in library_of("ann").damaged()] == [damaged]


def test_a_clock_that_was_set_back_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, now = scan(), time.time()
    monkeypatch.setattr(time, "time", lambda: now - 400 * 86_400)
    assert everywhere() == 0
    assert left()[0] == {kept}


def test_a_disk_that_cannot_be_written_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = scan()
    age(31)

    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "utime", refused)
    assert library_of("ann").scan(kept).name == "water"


def test_learners_of_a_class_keep_their_things_for_as_long_as_it_says() -> None:
    lesson, _ = classes.create("tess", "Residents", "article")
    classes.join(lesson, "ann", "Ann")
    classes.change(lesson.id, retention_days=2)
    for who in ("ann", "bob", "tess"):
        run(owner=who)
    age(3)
    assert retention.sweep_all(None) == 1 and not runs_of("ann")
    assert runs_of("bob") and runs_of("tess")
    assert retention.sweep_all(4) == 0
    assert retention.sweep_all(2) == 2
