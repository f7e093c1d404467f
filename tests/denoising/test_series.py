"""A series streams: in order, a few slices at a time, whole or not at all, and exact."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from phantoms import disc_phantom, write_ct_series, write_enhanced_ct

from ctdenoise.denoising.methods import Classical, find_method
from ctdenoise.denoising.series import AHEAD, ahead, stream
from ctdenoise.errors import Problem
from ctdenoise.scans.reading import find, read
from ctdenoise.scans.scan import SliceSource
from ctdenoise.scans.writing import write_series

Image = NDArray[np.float32]


class Identity:
    """A network that removes nothing."""

    description, recipe, unit = "Identity", "identity", None

    def each(self, slices: Iterable[Image]) -> Iterator[Image]:
        return iter(slices)


def numbered(count: int) -> Iterator[tuple[SliceSource, Image]]:
    for n in range(count):
        yield SliceSource(Path(f"{n}.dcm")), np.full((64, 64), n, np.float32)


def test_slices_keep_their_order_and_their_sources() -> None:
    got = list(stream(numbered(20), Identity()))
    assert [each.source.path.stem for each in got] == [str(n) for n in range(20)]
    assert [float(each.denoised[0, 0]) for each in got] == list(range(20))


def test_only_a_few_slices_are_under_way() -> None:
    """What is read waits until what was read before has been taken."""
    read_so_far = 0

    def counted() -> Iterator[tuple[SliceSource, Image]]:
        nonlocal read_so_far
        for item in numbered(50):
            read_so_far += 1
            yield item

    with_results = stream(counted(), Identity())
    for taken, _ in enumerate(with_results, 1):
        assert read_so_far <= taken + 2 * (AHEAD + 1)
    assert read_so_far == 50


def test_reading_runs_in_another_thread_than_computing_and_writing() -> None:
    threads: dict[str, int] = {}

    def reading() -> Iterator[tuple[SliceSource, Image]]:
        threads["reading"] = threading.get_ident()
        yield from numbered(2)

    class Watched(Identity):
        def each(self, slices: Iterable[Image]) -> Iterator[Image]:
            for image in slices:
                threads["computing"] = threading.get_ident()
                yield image

    assert len(list(stream(reading(), Watched()))) == 2
    assert len({*threads.values(), threading.get_ident()}) == 3


def test_a_method_that_looks_ahead_keeps_its_pairs() -> None:
    """As a GPU has the next slice under way before the last is back."""

    class Late(Identity):
        def each(self, slices: Iterable[Image]) -> Iterator[Image]:
            yield from [image + 1 for image in slices]

    for each in stream(numbered(6), Late()):
        np.testing.assert_array_equal(each.denoised, each.noisy + 1)


def test_the_mix_goes_from_the_input_to_the_denoised_image() -> None:
    noisy = disc_phantom(64, noise=25)[0]
    method = find_method("gaussian")
    [filtered] = method.each([noisy])
    for mix, wanted in ((0.0, noisy), (0.25, 0.75 * noisy + 0.25 * filtered), (1.0, filtered)):
        [result] = stream([(SliceSource(Path("a")), noisy)], method, mix)
        np.testing.assert_allclose(result.denoised, wanted, atol=1e-3)
    for mix in (-0.1, 1.1, float("nan")):
        with pytest.raises(Problem, match="choose 0"):
            stream(numbered(1), method, mix)


@pytest.mark.parametrize("where", ["reading", "computing"])
def test_an_error_in_a_thread_reaches_who_takes_the_results(where: str) -> None:
    def reading() -> Iterator[tuple[SliceSource, Image]]:
        yield from numbered(3)
        if where == "reading":
            raise Problem("scan", "is gone", "look for it")

    class Broken(Identity):
        def each(self, slices: Iterable[Image]) -> Iterator[Image]:
            for n, image in enumerate(slices):
                if where == "computing" and n == 3 - 1:
                    raise Problem("network", "is gone", "look for it")
                yield image

    before = threading.active_count()
    with pytest.raises(Problem, match="is gone"):
        list(stream(reading(), Broken()))
    assert threading.active_count() == before


def test_stopping_early_stops_the_threads_and_closes_what_they_read() -> None:
    closed = threading.Event()

    def endless() -> Iterator[tuple[SliceSource, Image]]:
        try:
            while True:
                yield from numbered(1)
        finally:
            closed.set()

    before = threading.active_count()
    results = stream(endless(), Identity())
    next(results)
    results.close()
    assert closed.is_set() and threading.active_count() == before


def test_ahead_is_the_same_items() -> None:
    assert list(ahead(range(9))) == list(range(9)) and list(ahead([])) == []


@pytest.mark.parametrize(
    "syntax",
    [
        None,
        pydicom.uid.JPEGLSLossless,
        pydicom.uid.JPEG2000Lossless,
        pydicom.uid.RLELossless,
        "enhanced",
        "enhanced, compressed",
    ],
)
def test_the_identity_gives_the_input_exactly(tmp_path: Path, syntax: str | None) -> None:
    values = np.rint(disc_phantom(64, slices=5, noise=20))
    if syntax and syntax.startswith("enhanced"):
        path = write_enhanced_ct(tmp_path / "in", values)
        if "compressed" in syntax:
            dataset = pydicom.dcmread(path)
            dataset.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
            dataset.save_as(path)
    else:
        write_ct_series(tmp_path / "in", values, syntax=syntax)
    finding = find([tmp_path / "in"])
    [series] = finding.series
    results = ((each.source, each.denoised) for each in stream(series.images(), Identity()))
    write_series(results, tmp_path / "out", description="Identity", recipe="identity")
    [scan] = read([tmp_path / "out"]).scans
    np.testing.assert_array_equal(scan.values, values)
    assert finding.problems == []


def test_every_real_series_comes_back_exactly(shared_data: Path, tmp_path: Path) -> None:
    for n, series in enumerate(find([shared_data / "ct"]).series):
        given: list[Image] = []

        def results(series=series, given=given):
            for each in stream(series.images(), Identity()):
                given.append(each.noisy)
                yield each.source, each.denoised

        write_series(results(), tmp_path / str(n), description="Identity", recipe="identity")
        [scan] = read([tmp_path / str(n)]).scans
        np.testing.assert_array_equal(scan.values, np.stack(given))


def test_a_damaged_slice_is_told_and_the_others_are_written(tmp_path: Path) -> None:
    values = np.rint(disc_phantom(64, slices=5, noise=20))
    paths = write_ct_series(tmp_path / "in", values)
    paths[2].write_bytes(paths[2].read_bytes()[:-500])
    finding = find([tmp_path / "in"])
    [series] = finding.series
    assert len(series.sources) == 5 and finding.problems == []
    results = ((each.source, each.denoised) for each in stream(series.images(), Identity()))
    written = write_series(results, tmp_path / "out", description="D", recipe="R")
    assert len(written) == 4
    assert [problem.subject for problem in finding.problems] == [paths[2].name]


def test_a_filter_streams_as_it_filters_one_by_one() -> None:
    slices = list(disc_phantom(64, slices=4, noise=25))
    method = find_method("gaussian")
    assert isinstance(method, Classical)
    sources = [SliceSource(Path(str(n))) for n in range(4)]
    for each, image in zip(stream(zip(sources, slices, strict=True), method), slices, strict=True):
        np.testing.assert_array_equal(each.denoised, method.filter.apply(image, method.strength))
