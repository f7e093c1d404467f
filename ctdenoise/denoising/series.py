"""A series of any length denoised in the memory of a few slices.

Reading, computing and writing overlap: what reads runs ahead in a thread, the method in another,
and whoever takes the results writes them in its own. File systems, decoders and torch leave Python
alone while they work, so threads are enough.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctdenoise.denoising.methods import Method
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import SliceSource

AHEAD = 2
"""Slices that wait between two of the threads."""
Item = TypeVar("Item")


class Denoised(NamedTuple):
    """A slice before and after, (rows, columns), and where it comes from."""

    source: SliceSource
    noisy: NDArray[np.float32]
    denoised: NDArray[np.float32]


def stream(
    slices: Iterable[tuple[SliceSource, NDArray[np.float32]]], method: Method, mix: float = 1.0
) -> Generator[Denoised, None, None]:
    """Denoise slices as they come; ``mix`` is the denoised image's share in the result, 0 to 1.

    Close the generator to stop early; an error in any thread ends it. Raises :class:`Problem` for
    another ``mix``.
    """
    if not 0 <= mix <= 1:
        raise Problem(f"The mix of {mix:g}", "is no share", "choose 0 (input) to 1 (denoised)")
    return ahead(_computed(ahead(slices), method, mix))


def ahead(items: Iterable[Item], depth: int = AHEAD) -> Generator[Item, None, None]:
    """The same items, made in a thread of its own, up to ``depth`` of them ahead of who asks."""
    end = object()
    coming = iter(items)
    thread = ThreadPoolExecutor(1)
    try:
        waiting = deque(thread.submit(next, coming, end) for _ in range(depth))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, coming, end))
            yield item  # type: ignore[misc]
    finally:
        thread.shutdown(cancel_futures=True)
        if isinstance(coming, Generator):
            coming.close()


def _computed(
    slices: Generator[tuple[SliceSource, NDArray[np.float32]], None, None],
    method: Method,
    mix: float,
) -> Iterator[Denoised]:
    begun: deque[tuple[SliceSource, NDArray[np.float32]]] = deque()

    def images() -> Iterator[NDArray[np.float32]]:
        for source, noisy in slices:
            begun.append((source, noisy))
            yield noisy

    with closing(slices):
        for denoised in method.each(images()):
            source, noisy = begun.popleft()
            if mix < 1:
                denoised = noisy + np.float32(mix) * (denoised - noisy)
            yield Denoised(source, noisy, denoised)
