"""What reading may cost: told before anything is allocated, and never to an honest file."""

import itertools
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdenoise.errors import Problem
from ctdenoise.scans import budget
from ctdenoise.scans.budget import MEGABYTE, Budget, affordable, inflated, limited, unpacked_most
from ctdenoise.settings import settings


class File:
    """A file of any length that takes no disk."""

    name = "scan.dcm"

    def __init__(self, length: int) -> None:
        self.st_size = length

    def stat(self) -> "File":
        return self


def asked(length: int, slices: int = 1, rows: int = 512, columns: int = 512, **other: float) -> str:
    """What is told of a header, "" where it is affordable."""
    said = {"stored_bytes": 2, "compressed": False} | other
    try:
        affordable(File(length), slices=slices, rows=rows, columns=columns, **said)  # type: ignore[arg-type]
    except Problem as problem:
        return str(problem)
    return ""


@given(
    slices=st.integers(1, 1000),
    rows=st.integers(1, 1024),
    columns=st.integers(1, 1024),
    stored_bytes=st.sampled_from([0.125, 1, 1.5, 2, 4]),
    ratio=st.floats(1, 50),
)
def test_what_a_scanner_writes_is_affordable(
    slices: int, rows: int, columns: int, stored_bytes: float, ratio: float
) -> None:
    pixels = slices * rows * columns
    length = int(pixels * stored_bytes) + 1
    assert asked(length, slices, rows, columns, stored_bytes=stored_bytes) == ""
    packed = int(length / ratio) + 1
    assert asked(packed, slices, rows, columns, stored_bytes=stored_bytes, compressed=True) == ""


@given(slices=st.integers(1, 10**12), rows=st.integers(1, 2**32), columns=st.integers(1, 2**32))
def test_what_is_affordable_fits_whatever_the_header_says(
    slices: int, rows: int, columns: int
) -> None:
    limits = settings()
    for compressed in (True, False):
        if not asked(2 * MEGABYTE, slices, rows, columns, compressed=compressed):
            assert rows * columns <= limits.slice_megapixels * MEGABYTE
            assert slices <= limits.file_slices
            assert slices * rows * columns * 2 <= 256 * MEGABYTE
            assert compressed or slices * rows * columns * 2 <= 2 * MEGABYTE


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (asked(79_000, 1, 43_000, 43_000, compressed=True), "slices of 43,000 × 43,000 pixels"),
        (asked(1_750_000, 900, 2048, 1024, compressed=True), "as no scan does"),
        (asked(4096, 3_000_000, 1, 1, stored_bytes=0.001), "holds 3,000,000 slices"),
        (asked(4096, 1000), "should hold 500 MB of pixels and has 4,096 bytes"),
        (asked(10**12, 20_000), "takes 19.5 GB of memory"),
        (asked(4096, 0), "holds no pixels"),
        (asked(4096, 1, -4, -4), "holds no pixels"),
    ],
)
def test_attacks_end_in_a_sentence(told: str, words: str) -> None:
    assert told.startswith("scan.dcm ") and words in told


def test_a_picture_of_one_value_compresses_a_thousandfold() -> None:
    assert asked(100 * 512, 100, compressed=True) == ""


def test_a_stream_is_cut_where_it_becomes_too_much() -> None:
    drawn = []

    def zeros():  # type: ignore[no-untyped-def]
        for n in itertools.count():
            drawn.append(n)
            yield bytes(MEGABYTE)

    with pytest.raises(Problem, match=r"bomb\.gz unpacks to more than 256 MB out of 10 KB"):
        for _ in limited(zeros(), "bomb.gz", 10_240):
            pass
    assert len(drawn) == 257


@given(st.binary(max_size=5000), st.sampled_from([-15, 15, 31]))
def test_inflating_gives_what_was_deflated(content: bytes, wbits: int) -> None:
    deflater = zlib.compressobj(wbits=wbits)
    packed = deflater.compress(content) + deflater.flush()
    assert inflated(packed, "a", wbits=wbits) == content
    with pytest.raises(zlib.error):
        inflated(packed[:-1], "a", wbits=wbits)


def test_a_deflated_bomb_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(settings(), unpack_free_mb=4)
    monkeypatch.setattr(budget, "settings", lambda: small)
    deflater = zlib.compressobj(wbits=-15)
    pieces = [deflater.compress(bytes(MEGABYTE)) for _ in range(200)]
    packed = b"".join([*pieces, deflater.flush()])
    assert unpacked_most(len(packed)) < 30 * MEGABYTE
    tracemalloc.start()
    with pytest.raises(Problem, match="as no scan does"):
        inflated(packed, "bomb.dcm")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 70 * MEGABYTE


def test_all_that_one_reading_holds_counts() -> None:
    budget = Budget()
    for n in range(4):
        budget.hold(f"{n}.png", 1024, 512, 512)
    with pytest.raises(Problem, match=r"4\.png takes 5 GB of memory .* more than 4 GB"):
        budget.hold("4.png", 1024, 512, 512)


def test_seconds_of_reading_count_and_those_between_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("ctdenoise.scans.budget.time.thread_time", lambda: now)

    def steps(seconds: float):  # type: ignore[no-untyped-def]
        nonlocal now
        for n in range(5):
            now += seconds
            yield n

    budget = Budget()
    for _ in budget.timed(steps(50)):
        now += 1000  # a network denoises the slice meanwhile
    with pytest.raises(Problem, match="took longer than 300 s"):
        list(budget.timed(steps(11)))


def test_a_path_is_enough(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(128))
    affordable(tmp_path / "a.raw", slices=1, rows=8, columns=8, stored_bytes=2, compressed=False)
