"""Patches cut from slices that stay resident on the device as one tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ctdenoise.config.fit import patch_too_large, size
from ctdenoise.config.split import Part
from ctdenoise.scans.scan import Pair
from ctdenoise.training.slices import resident

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
        sizes = [(pair.full.shape[1], pair.full.shape[2]) for pair in pairs]
        fitting = tuple(part for part in parts if min(size(part, sizes)) >= patch)
        if not fitting:
            raise patch_too_large(patch, "this part of the data", parts, sizes)
        self.patch, self.device = patch, device
        self.slices = resident(pairs, fitting, device)
        self.slices.users.add(self)
        self.regions, self.low, self.full = (
            self.slices.regions, self.slices.low, self.slices.full)  # fmt: skip
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


def stream(seed: int, number: int) -> torch.Generator:
    """Numbers drawn on the processor, alike for every device; one stream a purpose."""
    return torch.Generator().manual_seed(seed * 4 + number)
