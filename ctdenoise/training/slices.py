"""Slices that stay resident on a device, once for all trainings of a process that use them."""

import mmap
import os
from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctdenoise.config.split import Part
from ctdenoise.scans.scan import Pair

Array = NDArray[np.float32]


class Slices:
    """The slices of some parts of pairs, laid out end to end.

    ``low`` and ``full`` are one long row each, (pixels,) float32 on the device. ``regions``, on the
    processor: where each slice begins in ``low`` and in ``full``, and its draws, rows and columns.
    ``users``: who learns from them.
    """

    def __init__(self, pairs: Sequence[Pair], parts: Sequence[Part], device: torch.device) -> None:
        low: list[Array] = []
        full: list[Array] = []
        regions: list[tuple[int, int, int, int, int]] = []
        low_start = full_start = 0
        for part in parts:
            pair = pairs[part.pair]
            first, end = part.rows or (0, pair.full.shape[1])
            columns = pair.full.shape[2]
            for i in part.slices:
                draws = np.asarray(pair.low[:, i, first:end], np.float32)
                regions.append((low_start, full_start, len(draws), end - first, columns))
                low_start += draws.size
                full_start += (end - first) * columns
                low.append(draws.reshape(-1))
                full.append(np.asarray(pair.full[i, first:end], np.float32).reshape(-1))
        self.users: WeakSet[object] = WeakSet()
        self.regions = torch.tensor(regions)
        self.low = torch.from_numpy(np.concatenate(low)).to(device)
        self.full = torch.from_numpy(np.concatenate(full)).to(device)

    @property
    def share(self) -> int:
        """Bytes that each of those who use them has to answer for."""
        return bytes_of([self.low, self.full]) // max(1, len(self.users))

    @cached_property
    def statistics(self) -> tuple[float, float, float]:
        """Mean and SD of the input, and SD of what is to be removed, over all draws."""
        low = self.low.double()
        squared = 0.0
        for low_start, full_start, draws, rows, columns in self.regions.tolist():
            size = rows * columns
            noisy = self.low[low_start : low_start + draws * size].view(draws, size)
            squared += float((noisy - self.full[full_start : full_start + size]).square().sum())
        noise_sd = (squared / low.numel()) ** 0.5
        return float(low.mean()), max(float(low.std(correction=0)), 1e-6), max(noise_sd, 1e-6)


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Bytes of the memory behind tensors, some of which may show the same."""
    memory = (tensor.untyped_storage() for tensor in tensors)
    return sum({each.data_ptr(): each.nbytes() for each in memory}.values())


_resident: WeakValueDictionary[Hashable, Slices] = WeakValueDictionary()


def resident(pairs: Sequence[Pair], parts: Sequence[Part], device: torch.device) -> Slices:
    """The slices of ``parts``: those that are there already for the same files, as long as somebody
    uses them."""
    files = [_file(array) for part in parts for array in _arrays(pairs[part.pair])]
    if not all(files):
        return Slices(pairs, parts, device)
    where = tuple((part.slices, part.rows) for part in parts)
    key = (tuple(files), where, str(device))
    found = _resident.get(key)
    if found is None:
        found = _resident[key] = Slices(pairs, parts, device)
    return found


def _arrays(pair: Pair) -> tuple[Array, Array]:
    return pair.low, pair.full


def _file(array: NDArray[Any]) -> Hashable | None:
    """What tells the file behind a memory map apart from any other, and from one that took its
    place; None for what is no whole file."""
    if not isinstance(array, np.memmap) or not isinstance(array.base, mmap.mmap):
        return None
    try:
        found = os.stat(array.filename or "")
    except OSError:  # deleted meanwhile
        return None
    return str(array.filename), found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
