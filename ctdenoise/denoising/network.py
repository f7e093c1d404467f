"""A trained network applied to slices of any size and number."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctdenoise.errors import Problem
from ctdenoise.networks.dial import DialCNN
from ctdenoise.training.architecture import grid, reach
from ctdenoise.training.checkpoint import Checkpoint, load
from ctdenoise.training.config import Config
from ctdenoise.training.machine import choose

TILE = 512
"""Side in pixels of what passes through the network at once: memory stays bounded at any size."""
SMALLEST_TILE = 64
FAITHFUL = 0.25
"""Largest RMS difference from float32, in HU, at which a faster number format is used."""
PROBE = 256
"""Side in pixels of the part of the first slice on which that is checked."""
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")

Progress = Callable[[float, str], None]
"""Told how much is done, from 0 to 1, and a sentence about it."""


class Denoiser:
    """A checkpoint ready to denoise: takes and returns the unit that it was trained in.

    ``setting`` is where the dial of a network with one stands, 0 to 1 for each of its terms; all 0
    where nothing is given.
    """

    def __init__(
        self, checkpoint: Checkpoint, device: str = "auto", setting: Sequence[float] = ()
    ) -> None:
        config = checkpoint.config
        self.config, self.card = config, checkpoint.card
        # bfloat16 has three digits: enough for a residue, not for the image of a direct network
        precision = "auto" if config.residual else "float32"
        self.machine = choose(device, precision, config.filters)
        network = checkpoint.network
        if isinstance(network, DialCNN):
            network = network.fixed(_on_dial(config, setting))
        elif setting:
            raise Problem("This network", "has no dial", "leave the setting of the dial out")
        self.network = network.to(self.machine.device).to(memory_format=self.machine.memory_format)
        self.margin = reach(config)
        self.tile = TILE
        self.checked = self.machine.hidden == torch.float32

    @classmethod
    def load(cls, path: Path, device: str = "auto", setting: Sequence[float] = ()) -> "Denoiser":
        """From a checkpoint file or a run's folder; :class:`Problem` for anything else."""
        return cls(load(path), device, setting)

    def denoise(
        self, slices: NDArray[np.float32], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Denoise (slices, rows, columns), one after the other, so that a memory map is read only
        once and only the result is held in memory."""
        denoised = np.empty(slices.shape, np.float32)
        for n, noisy in enumerate(slices):
            denoised[n] = self._slice(np.ascontiguousarray(noisy, np.float32))
            if progress:
                progress((n + 1) / len(slices), f"Denoised slice {n + 1} of {len(slices)}")
        return denoised

    def _slice(self, noisy: NDArray[np.float32]) -> NDArray[np.float32]:
        image = torch.from_numpy(noisy.copy())  # a memory map is read-only, which torch warns of
        while True:
            try:
                if not self.checked:
                    self._check_precision(image)
                return self._tiled(image).numpy()
            except (RuntimeError, MemoryError) as error:
                if not _is_memory(error):
                    raise
                if self.tile <= SMALLEST_TILE:
                    raise Problem(
                        "The slice",
                        f"does not fit the memory of the {self.machine.device.type}",
                        "close other programs or use another device",
                    ) from error
                self.tile //= 2

    def _tiled(self, image: Tensor) -> Tensor:
        """Pass overlapping tiles through the network; keep of each what no inner edge reaches."""
        step = max(self.tile // grid(self.config), 1) * grid(self.config)
        result = torch.empty_like(image)
        for rows, wide_rows in _stretches(image.shape[0], step, self.margin):
            for columns, wide_columns in _stretches(image.shape[1], step, self.margin):
                out = self._pass(image[wide_rows, wide_columns]).cpu()
                top, left = rows.start - wide_rows.start, columns.start - wide_columns.start
                result[rows, columns] = out[
                    top : top + rows.stop - rows.start, left : left + columns.stop - columns.start
                ]
        return result

    @torch.inference_mode()
    def _pass(self, image: Tensor) -> Tensor:
        machine = self.machine
        given = image.to(machine.device)[None, None].contiguous(memory_format=machine.memory_format)
        with torch.autocast(
            machine.device.type, machine.hidden, enabled=machine.hidden != torch.float32
        ):
            return self.network(given)[0, 0].float()

    def _check_precision(self, image: Tensor) -> None:
        """Fall back to float32 where the faster number format changes the picture."""
        rows, columns = (max(0, (side - PROBE) // 2) for side in image.shape)
        probe = image[rows : rows + PROBE, columns : columns + PROBE]
        fast, chosen = self._pass(probe), self.machine
        self.machine = replace(chosen, hidden=torch.float32)
        if float((fast - self._pass(probe)).square().mean().sqrt()) <= FAITHFUL:
            self.machine = chosen
        self.checked = True


def _on_dial(config: Config, setting: Sequence[float]) -> Tensor:
    dials = len(config.loss.dial)
    if setting and (len(setting) != dials or not all(0 <= part <= 1 for part in setting)):
        numbers = "one number" if dials == 1 else f"{dials} numbers"
        raise Problem("The setting of the dial", "does not fit this network",
                      f"give {numbers} from 0 to 1 ({', '.join(config.loss.dial)})")  # fmt: skip
    return torch.tensor(list(setting) or [0.0] * dials)


def _stretches(length: int, step: int, margin: int) -> Iterator[tuple[slice, slice]]:
    """Cut ``length`` into stretches of ``step``; each also widened by ``margin`` on both sides."""
    for start in range(0, length, step):
        stop = min(start + step, length)
        yield slice(start, stop), slice(max(0, start - margin), min(length, stop + margin))


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(text in str(error) for text in OUT_OF_MEMORY)
