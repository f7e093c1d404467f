"""Files and folders are there whole or not at all."""

import errno
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from ctdenoise import files
from ctdenoise.config.config import Config
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import atomic_file, atomic_folder, remove_folder, sweep, write_atomically
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.training import checkpoint
from ctdenoise.training.checkpoint import build_network
from ctdenoise.training.trainer import train
from ctdenoise.workspace.library import Library


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


class Serialization(Exception):
    """As safetensors has one of its own."""


SAID = (
    OSError(errno.ENOSPC, "No space left on device"),
    OSError("8388608 requested and 4096 written"),  # numpy's, without a number
    Serialization("Error while serializing: I/O error: No space left on device (os error 28)"),
    Serialization("I/O error: Disk quota exceeded (os error 122)"),
)


@pytest.mark.parametrize("error", SAID)
@pytest.mark.parametrize("make", [atomic_file, atomic_folder])
def test_whoever_finds_the_disk_full_says_so_in_one_sentence(
    tmp_path: Path, error: Exception, make: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    @telling_disk_problems
    def write() -> None:
        with make(tmp_path / "kept"):
            raise error

    with pytest.raises(Problem, match="could not be written because the disk is full: free some"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    for make in (atomic_file, atomic_folder):
        with pytest.raises(Serialization, match="header"), make(tmp_path / "kept"):
            raise Serialization("header too large")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB, where this user may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may make a small disk, and not everywhere")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _scan(disk: Path) -> None:
    scan = Scan("x", ZEROS, (1.0, 1.0), np.arange(2.0), np.zeros((2, 3)))
    Library(disk / "ann").add_scan(scan, [])


def _pair(disk: Path) -> None:
    pair = Pair("x", ZEROS[None], ZEROS, (1.0, 1.0), np.arange(2.0))
    Library(disk / "ann").add_pair(pair)


def _checkpoint(disk: Path) -> None:
    network = build_network(WIDE)
    checkpoint.save(disk / checkpoint.NAME, network, WIDE, {})


def _run(disk: Path) -> None:
    pair = Pair("x", ZEROS[None], ZEROS, (1.0, 1.0), np.arange(2.0))
    train(WIDE, [pair], disk / "run")


ZEROS = np.zeros((2, 128, 128), np.float32)
WIDE = Config(
    filters=128, layers=3, epochs=1, steps_per_epoch=1, batch=1, patch=16, validation_patches=1
)


@pytest.mark.parametrize("write", [_scan, _pair, _checkpoint, _run])
def test_whatever_is_written_to_a_full_disk_is_a_sentence_and_leaves_no_half(
    tiny_disk: Path, write: Callable[[Path], None]
) -> None:
    with pytest.raises(Problem, match="could not be written because the disk is full"):
        write(tiny_disk)
    left = [path.name for path in tiny_disk.rglob("*") if path.is_file()]
    assert not [name for name in left if name.endswith((".part", ".npy", ".safetensors"))]


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
