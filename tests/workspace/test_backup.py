"""A copy of everything, made while others write, and put back: whole or not at all."""

import io
import shutil
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from homes import forget
from sqlalchemy import create_engine, text

from ctdenoise.config import events
from ctdenoise.config.config import Config
from ctdenoise.errors import Problem
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.metrics.removal import Removal
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import settings
from ctdenoise.workspace import backup, database_copy, migrations, restore, results
from ctdenoise.workspace.copies import MANIFEST, TAKING, Manifest
from ctdenoise.workspace.database import database
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.results import SliceFigures, Source
from ctdenoise.workspace.runs import create_run, damaged, find_run, remove_run, runs_of

RNG = np.random.default_rng(0)


def pair(owner: str = "ann") -> str:
    low = RNG.normal(0, 30, (1, 3, 32, 32)).astype(np.float32)
    full = np.zeros((3, 32, 32), np.float32)
    return library_of(owner).add_pair(Pair("p", low, full, (1.0, 1.0), np.arange(3.0))).id


def elsewhere(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Another, empty home, and an empty database."""
    url = settings().database
    database().dispose()
    monkeypatch.setenv("CTDENOISE_HOME", str(home))
    if url.startswith("postgresql"):
        emptied = create_engine(url.replace("postgresql:", "postgresql+pg8000:"))
        with emptied.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        emptied.dispose()
    forget()


def test_a_copy_that_is_made_while_others_write_is_whole_when_it_is_back(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pair()
    run = create_run("ann", "First", Config(layers=2), [("ann", made)])
    queue.add(TRAIN, Train(), "ann", id=run.id)
    assert leases.take(run.id, "a worker that is gone")
    source = Source(owner="ann", kind="pair", id=made)
    result = results.create("ann", source, ClassicalFilter(name="gaussian", strength=1))
    image = RNG.normal(0, 30, (32, 32)).astype(np.float32)
    result.keep(image, SliceFigures(index=1, seconds=1, removal=Removal((9, 6, 3), None, {})))
    before = np.array(library_of("ann").pair(made).low)
    stop, wrote = threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            new = create_run("bob", "Of bob", Config(), [("bob", pair("bob"))])
            events.append(new.folder, events.Notice(time=1.0, sentence="Begun."))
            queue.add(TRAIN, Train(), "bob", id=new.id)
            gone = create_run("bob", "Gone", Config(), [("bob", "0" * 12)])
            remove_run(gone.id)
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert wrote.wait(60)
    file = tmp_path / "copy.tar.gz"
    backup.save(file)
    stop.set()
    writer.join()
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []

    elsewhere(monkeypatch, tmp_path / "other")
    restore.restore(file)
    found = find_run(run.id)
    assert (found.name, found.config, found.pairs) == ("First", run.config, run.pairs)
    np.testing.assert_array_equal(library_of("ann").pair(made).low, before)
    (kept,) = results.every("ann")
    np.testing.assert_array_equal(kept.output(1), image)
    theirs = runs_of("bob")
    assert theirs and {each.name for each in theirs} == {"Of bob"}
    for each in theirs:
        assert library_of("bob").pair(each.pairs[0][1]).full.shape == (3, 32, 32)
    assert library_of("bob").damaged() == []
    with database().begin() as connection:  # its worker has been silent since the copy was made
        connection.execute(text("UPDATE jobs SET heartbeat = heartbeat - 60"))
    leases.put_back_lost([])  # as the first look of a server does
    assert queue.job(run.id).state == "queued"
    taken = leases.claim("train", "w")
    assert taken and taken.id == run.id


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a small home; what follows happens in another, empty one."""
    monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path / "first"))
    forget()
    create_run("ann", "First", Config(), [("ann", pair())])
    (settings().home / "lessons" / "ours").mkdir(parents=True)
    (settings().home / "lessons" / "ours" / "lesson.yaml").write_text("title: Ours")
    (settings().workspaces / "ann" / ".making-x").mkdir()
    (settings().workspaces / "ann" / ".making-x" / "half.npy").write_text("half")
    (settings().workspaces / "ann" / "link").symlink_to("/etc/passwd")
    backup.save(tmp_path / "copy.tar")
    elsewhere(monkeypatch, tmp_path / "home")
    return tmp_path / "copy.tar"


def untouched() -> bool:
    home = settings().home
    return not home.exists() or not [each for each in home.rglob("*") if each.name != "empty"]


def test_lessons_are_kept_and_what_is_half_made_or_leads_elsewhere_is_not(copy: Path) -> None:
    manifest = restore.restore(copy)
    assert (settings().home / "lessons" / "ours" / "lesson.yaml").read_text() == "title: Ours"
    assert not [name for name in manifest.files if "making" in name or "link" in name]
    assert {each.name for each in settings().home.iterdir()} == {
        "runs", "workspaces", "lessons", "runs.sqlite",
    }  # fmt: skip
    assert [run.name for run in runs_of("ann")] == ["First"]


@pytest.mark.parametrize("part", range(5))
def test_a_damaged_copy_is_a_sentence_and_changes_nothing(
    copy: Path, part: int, tmp_path: Path
) -> None:
    content = bytearray(copy.read_bytes())
    packed = tmp_path / "copy.tar.gz"
    if part == 0:
        content = content[: len(content) // 2]
    elif part == 1:
        content = bytearray(b"nothing of the kind")
    else:
        content[part * len(content) // 6] ^= 0xFF  # in arrays, the database, or a header
    packed.write_bytes(content)
    with pytest.raises(Problem, match=r"copy.tar.gz is cut off or damaged: copy or export it"):
        restore.restore(packed)
    assert untouched()


def altered(copy: Path, change: object) -> Path:
    """The copy with its members passed through ``change`` (member, content) -> the same."""
    file = copy.with_name("altered.tar")
    with tarfile.open(copy) as old, tarfile.open(file, "w") as new:
        for member in old:
            taken = old.extractfile(member)
            for each, content in change(member, taken.read() if taken else b""):  # type: ignore[operator]
                each.size = len(content)
                new.addfile(each, io.BytesIO(content))
    return file


def named(name: str, type: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type, link
    return info


@pytest.mark.parametrize(
    "member",
    [
        named("../outside"),
        named("runs/../../outside"),
        named("/tmp/outside"),
        named("runs//outside"),
        named("runs/a\\..\\outside"),
        named("engine/key.pem"),
        named(".restoring/x"),
        named("runs/link", tarfile.SYMTYPE, "/etc/passwd"),
        named("runs/link", tarfile.LNKTYPE, "../../../etc/passwd"),
        named("runs/device", tarfile.CHRTYPE),
        named("runs/pipe", tarfile.FIFOTYPE),
        named("runs/folder", tarfile.DIRTYPE),
    ],
    ids=lambda member: f"{member.name} {member.type!r}",
)
def test_a_copy_that_leads_elsewhere_is_refused(
    copy: Path, member: tarfile.TarInfo, tmp_path: Path
) -> None:
    def add(each: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
        return [(each, content), *([(member, b"")] if each.name == MANIFEST else [])]

    outside = set(tmp_path.iterdir()) | {tmp_path / "altered.tar", tmp_path / "home"}
    with pytest.raises(Problem, match="is no copy made by CT Denoise"):
        restore.restore(altered(copy, add))
    assert untouched() and set(tmp_path.iterdir()) <= outside


def test_a_member_that_comes_twice_is_refused(copy: Path) -> None:
    twice = altered(copy, lambda member, content: [(member, content)] * (1 + member.isreg()))
    with pytest.raises(Problem, match="is no copy made by CT Denoise"):
        restore.restore(twice)


def test_a_copy_of_a_newer_version_or_another_database_is_refused(copy: Path) -> None:
    def changed(**values: str) -> Path:
        def change(member: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
            if member.name == MANIFEST:
                manifest = Manifest.model_validate_json(content).model_copy(update=values)
                content = manifest.model_dump_json().encode()
            return [(member, content)]

        return altered(copy, change)

    with pytest.raises(Problem, match=r"was made by a newer CT Denoise \(9.0\): install that"):
        restore.restore(changed(revision="9999", version="9.0"))
    with pytest.raises(Problem, match="of the kind postgresql, and here is sqlite"):
        restore.restore(changed(database="postgresql"))
    assert untouched() and migrations.newest() < "9999"


def test_a_home_that_holds_something_is_kept_unless_it_shall_be_replaced(copy: Path) -> None:
    mine = create_run("ann", "Mine", Config(), [("ann", pair())])
    with pytest.raises(Problem, match="The home folder is not empty: set CTDENOISE_HOME"):
        restore.restore(copy)
    assert [run.name for run in runs_of("ann")] == ["Mine"] and mine.folder.exists()
    database().dispose()
    restore.restore(copy, overwrite=True)
    forget()
    assert [run.name for run in runs_of("ann")] == ["First"] and not mine.folder.exists()


class Killed(BaseException):
    """As if the process ended here."""


@pytest.mark.parametrize("where", ["_check", "_unpack"])
def test_what_is_stopped_before_it_takes_its_place_means_nothing(
    copy: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(restore, where, killed)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)  # nobody tidies up after a kill
        with pytest.raises(Killed):
            restore.restore(copy)
    assert runs_of("ann") == []  # an empty home, as it was
    database().dispose()
    restore.restore(copy, overwrite=True)
    forget()
    assert [run.name for run in runs_of("ann")] == ["First"]


@pytest.mark.parametrize("at", range(1, 5))
def test_what_is_stopped_while_it_takes_its_place_is_said_and_can_be_done_again(
    copy: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, rename, move = 0, Path.rename, shutil.move

    def until(step: object) -> object:
        def stepped(*arguments: object) -> object:
            nonlocal count
            count += 1
            if count == 2 * at:
                raise Killed
            return step(*arguments)  # type: ignore[operator]

        return stepped

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", until(rename))
        patch.setattr(shutil, "move", until(move))
        with pytest.raises(Killed):
            restore.restore(copy)
    with pytest.raises(Problem, match="holds half of a copy, since restoring it was stopped: run"):
        runs_of("ann")
    restore.restore(copy)
    assert [run.name for run in runs_of("ann")] == ["First"]
    assert not (settings().home / TAKING).exists()


def test_a_disk_that_fills_up_leaves_no_copy(
    copy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    create_run("ann", "x", Config(), [("ann", "0" * 12)])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(Problem, match="the disk is full"):
        backup.save(tmp_path / "second.tar")
    assert not list(tmp_path.glob("*second*")) and not list(tmp_path.glob(".backup*"))


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a pair and two runs; where to copy it to."""
    monkeypatch.delenv("CTDENOISE_DATABASE", raising=False)
    monkeypatch.setenv("CTDENOISE_HOME", str(tmp_path / "first"))
    forget()
    for name in ("Kept", "Removed"):
        create_run("ann", name, Config(), [("ann", pair())])
    return tmp_path / "copy.tar"


def test_a_run_that_is_removed_after_the_database_was_copied_is_not_in_the_copy(
    one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = database_copy.save

    def then_remove(target: Path) -> None:
        save(target)
        remove_run(next(run.id for run in runs_of("ann") if run.name == "Removed"))

    monkeypatch.setattr(database_copy, "save", then_remove)
    backup.save(one)
    elsewhere(monkeypatch, tmp_path / "home")
    restore.restore(one)
    assert [run.name for run in runs_of("ann")] == ["Kept"] and damaged("ann") == []


def test_a_pair_that_is_removed_while_it_is_copied_is_not_in_the_copy(
    one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, add = library_of("ann").pairs()[0].id, backup._Writer.add

    def then_remove(self: backup._Writer, path: Path, name: str) -> None:
        add(self, path, name)
        if name.endswith(f"{gone}/full.npy"):
            library_of("ann").remove(gone)

    monkeypatch.setattr(backup._Writer, "add", then_remove)
    manifest = backup.save(one)
    assert not [name for name in manifest.files if gone in name]
    elsewhere(monkeypatch, tmp_path / "home")
    restore.restore(one)
    assert len(library_of("ann").pairs()) == 1 and library_of("ann").damaged() == []
