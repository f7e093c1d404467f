"""Patches cut from slices that stay resident on the device as one tensor."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctdenoise.config.fit import patch_too_large
from ctdenoise.config.split import Part
from ctdenoise.scans.scan import Pair

Array = NDArray[np.float32]
Patches = tuple[Tensor, Tensor]
"""Low dose and full dose, each (batch, 1, patch, patch) float32 in the unit of the pairs."""


class Patchwork:
    """The slices of some parts, laid out end to end, and a cutter of square patches.

    Pairs may differ in size. A place is a row of five numbers: region, draw, first row, first
    column and orientation (bit 0 mirrors rows, bit 1 mirrors columns, bit 2 transposes).

    Parts too small for a patch of side ``patch`` are left out;
    :class:`~ctdenoise.errors.Problem` if all are.
    """

    def __init__(self, pairs: Sequence[Pair], parts: Sequence[Part], patch: int,
                 device: torch.device) -> None:  # fmt: skip
        low: list[Array] = []
        full: list[Array] = []
        regions: list[tuple[int, int, int, int, int]] = []
        low_start = full_start = 0
        for part in parts:
            pair = pairs[part.pair]
            first, end = part.rows or (0, pair.full.shape[1])
            columns = pair.full.shape[2]
            if min(end - first, columns) < patch:
                continue
            for i in part.slices:
                draws = np.asarray(pair.low[:, i, first:end], np.float32)
                regions.append((low_start, full_start, len(draws), end - first, columns))
                low_start += draws.size
                full_start += (end - first) * columns
                low.append(draws.reshape(-1))
                full.append(np.asarray(pair.full[i, first:end], np.float32).reshape(-1))
        if not regions:
            sizes = [(pair.full.shape[1], pair.full.shape[2]) for pair in pairs]
            raise patch_too_large(patch, "this part of the data", parts, sizes)
        self.patch, self.device = patch, device
        self.regions = torch.tensor(regions)
        self.low = torch.from_numpy(np.concatenate(low)).to(device)
        self.full = torch.from_numpy(np.concatenate(full)).to(device)
        side = torch.arange(patch, device=device)
        self._grid = side[None, :, None], side[None, None, :]

    def places(self, count: int, generator: torch.Generator, augment: bool) -> Tensor:
        """``count`` random places, every position equally likely; (count, 5) on the processor."""
        draws, rows, columns = self.regions[:, 2], self.regions[:, 3], self.regions[:, 4]
        spare = torch.stack([rows, columns], 1) - self.patch + 1
        weights = spare.prod(1).double().cumsum(0)
        u = torch.rand(count, 5, generator=generator, dtype=torch.float64)
        region = torch.searchsorted(weights, u[:, 0] * weights[-1], right=True)
        limits = torch.stack([draws[region], spare[region, 0], spare[region, 1]], 1)
        where = (u[:, 1:4] * limits).long()
        turn = (u[:, 4] * 8).long() if augment else torch.zeros(count, dtype=torch.long)
        return torch.cat([region[:, None], where, turn[:, None]], 1)

    def cut(self, places: Tensor) -> Patches:
        """The patches at ``places``."""
        region, draw, row, column, turn = places.unbind(1)
        low_start, full_start, _, rows, columns = self.regions[region].unbind(1)
        numbers = torch.stack([low_start + draw * rows * columns, full_start, row, column, columns,
                               turn])  # fmt: skip
        if self.device.type == "cuda":
            numbers = numbers.pin_memory()
        numbers = numbers.to(self.device, non_blocking=True)
        low_start, full_start, row, column, columns, turn = numbers[:, :, None, None]
        i, j = self._grid
        turned = turn & 4 > 0
        r, c = torch.where(turned, j, i), torch.where(turned, i, j)
        last = self.patch - 1
        r = torch.where(turn & 1 > 0, last - r, r)
        c = torch.where(turn & 2 > 0, last - c, c)
        offset = (row + r) * columns + column + c
        return (self.low[low_start + offset].unsqueeze(1),
                self.full[full_start + offset].unsqueeze(1))  # fmt: skip

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
