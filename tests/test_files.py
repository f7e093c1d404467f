"""Files and folders are there whole or not at all."""

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from ctdenoise import files
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import atomic_file, atomic_folder, remove_folder, sweep, write_atomically


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_appears_when_it_is_whole(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with atomic_file(path, durable=durable) as part:
        part.write_text("ne")
        assert path.read_text() == "old"
        part.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_durable_content_is_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "a", []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: seen.append(path.exists()) or sync(file))
    with atomic_file(path, durable=True) as part:
        part.write_text("1")
    assert seen == [False]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_file(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_utf_8_and_bytes_are_bytes(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "±\n")
    write_atomically(tmp_path / "b", b"\xff\n")
    assert (tmp_path / "a").read_bytes() == b"\xc2\xb1\n"
    assert (tmp_path / "b").read_bytes() == b"\xff\n"


def test_a_disk_problem_names_the_file_and_not_its_hidden_name(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        write_atomically(tmp_path / "missing" / "a.json", "1")
    assert caught.value.filename == str(tmp_path / "missing" / "a.json")

    @telling_disk_problems
    def full() -> None:
        with atomic_file(tmp_path / "b.json"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Problem, match="the disk is full"):
        full()
    assert list(tmp_path.iterdir()) == []


def test_many_write_one_file_and_readers_find_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    texts = [str(digit) * 20_000 for digit in range(4)]
    write_atomically(path, texts[0])
    failed: list[BaseException] = []

    def write(text: str) -> None:
        try:
            for _ in range(30):
                write_atomically(path, text)
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=[text]) for text in texts]
    for each in writers:
        each.start()
    while any(each.is_alive() for each in writers):
        assert path.read_text() in texts
    assert not failed
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "scans" / "1"
    with atomic_folder(path, tmp_path) as making:
        assert making.parent == tmp_path and making.name.startswith(files.MAKING)
        (making / "a").touch()
        assert not path.exists()
    assert [each.name for each in path.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [path.parent]


def test_a_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "1") as making:
        (making / "a").touch()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_does_not_replace_another(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "theirs").touch()
    with pytest.raises(OSError), atomic_folder(tmp_path / "1") as making:
        (making / "ours").touch()
    assert [each.name for each in (tmp_path / "1").iterdir()] == ["theirs"]
    assert list(tmp_path.iterdir()) == [tmp_path / "1"]


def test_a_removed_folder_is_gone(tmp_path: Path) -> None:
    (tmp_path / "scans" / "1").mkdir(parents=True)
    (tmp_path / "scans" / "1" / "a").touch()
    remove_folder(tmp_path / "scans" / "1", tmp_path)
    assert list(tmp_path.rglob("*")) == [tmp_path / "scans"]
    with pytest.raises(FileNotFoundError):
        remove_folder(tmp_path / "scans" / "1")


def test_sweeping_spares_what_is_young(tmp_path: Path) -> None:
    old, young = tmp_path / ".making-1", tmp_path / ".making-2"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (0, time.time() - 100))
    sweep([old, young, tmp_path / "gone already"], 50)
    assert list(tmp_path.iterdir()) == [young]
