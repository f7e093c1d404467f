"""A trained network applied to slices of any size and number."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctdenoise.config.config import NETWORK, Config
from ctdenoise.errors import Problem, Progress, is_out_of_memory
from ctdenoise.metrics.noise import SOFT_TISSUE
from ctdenoise.networks.base import Network
from ctdenoise.training.checkpoint import Checkpoint, load
from ctdenoise.training.device import choose, keeping_memory

TILES = {"cpu": (128, 512)}
"""Rows and columns of what passes through the network at once, by kind of device: memory stays
bounded at any size, and a layer's result stays in the processor's cache, which halves the time."""
LARGE_TILE = (1024, 1024)
"""On all other devices."""
SMALLEST_TILE = 64
FAITHFUL, FAITHFUL_PIXEL = 0.25, 1.0
"""Largest RMS difference from float32, and largest one of any pixel of soft tissue, in HU, at which
a faster number format is used: half of what a result may differ, as only a part is looked at."""
PROBE = 256
"""Side in pixels of the part of a slice on which that is checked."""


class Denoiser:
    """A checkpoint ready to denoise: takes and returns the unit that it was trained in.

    A :class:`~ctdenoise.denoising.methods.Method`. ``recipe`` tells this network from any other.

    ``setting`` is where the dial of a network with one stands, 0 to 1 for each of its terms; all 0
    where nothing is given.
    """

    description = "Denoised by a CNN"

    def __init__(
        self, checkpoint: Checkpoint, device: str = "auto", setting: Sequence[float] = ()
    ) -> None:
        config = checkpoint.config
        self.config, self.card = config, checkpoint.card
        # bfloat16 has three digits: enough for a residue, not for the image of a direct network
        self.machine = choose(device, "auto" if config.residual else "float32", config.filters)
        network = checkpoint.network
        if setting and not network.dials:
            raise Problem("This network", "has no dial", "leave the setting of the dial out")
        network = network.fixed(_on_dial(config, setting))
        self.recipe = _digest(network, config)
        self.network = network.to(self.machine.device).to(memory_format=self.machine.memory_format)
        self.margin = config.spec.halo(config)
        self.tile = TILES.get(self.machine.device.type, LARGE_TILE)
        self.checked = self.machine.hidden == torch.float32

    @property
    def unit(self) -> str:
        """The unit that the network was trained in, "HU" or "" for others."""
        return str(self.card.get("unit", "HU"))

    @classmethod
    def load(cls, path: Path, device: str = "auto", setting: Sequence[float] = ()) -> "Denoiser":
        """From a checkpoint file or a run's folder; :class:`Problem` for anything else."""
        return cls(load(path), device, setting)

    def settle(self, seen: Iterable[NDArray[np.float32]]) -> None:
        """Choose the number format as it was chosen for slices (rows, columns) that were denoised
        before, so that the rest of them does not depend on whether the network was loaded anew."""
        for noisy in seen:
            if self.checked:
                return
            self._check_precision(torch.from_numpy(np.array(noisy, np.float32)))

    def denoise(
        self, slices: NDArray[np.float32], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Denoise (slices, rows, columns), one after the other, so that a memory map is read only
        once and only the result is held in memory."""
        denoised = np.empty(slices.shape, np.float32)
        for n, image in enumerate(self.each(slices)):
            denoised[n] = image
            if progress:
                progress((n + 1) / len(slices), f"Denoised slice {n + 1} of {len(slices)}")
        return denoised

    def each(self, slices: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Denoise slices (rows, columns) as they come, and give them back in their order.

        On CUDA, one slice is computed while the one before travels back.
        """
        under_way = 1 if self.machine.device.type == "cuda" else 0
        started: deque[Callable[[], NDArray[np.float32]]] = deque()
        with keeping_memory():
            for noisy in slices:
                started.append(self._start(np.ascontiguousarray(noisy, np.float32)))
                if len(started) > under_way:
                    yield started.popleft()()
            while started:
                yield started.popleft()()

    def _start(self, noisy: NDArray[np.float32]) -> Callable[[], NDArray[np.float32]]:
        """Denoise a slice; what comes back waits for the result, where that is still under way."""
        image = torch.from_numpy(noisy.copy())  # a memory map is read-only, which torch warns of
        while True:
            try:
                if not self.checked:
                    self._check_precision(image)
                return self._fetched(self._tiled(self._sent(image)))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if max(self.tile) <= SMALLEST_TILE:
                    raise Problem(
                        "The slice",
                        f"does not fit the memory of {self.machine.kind}",
                        "close other programs or use another device",
                    ) from error
                rows, columns = self.tile
                self.tile = (rows // 2, columns) if rows > columns else (rows, columns // 2)

    def _sent(self, image: Tensor) -> Tensor:
        """The image on the device; from pinned memory it travels while something else goes on."""
        device = self.machine.device
        pinned = image.pin_memory() if device.type == "cuda" else image
        return pinned.to(device, non_blocking=True)

    def _fetched(self, result: Tensor) -> Callable[[], NDArray[np.float32]]:
        if self.machine.device.type != "cuda":
            here = result.cpu().numpy()
            return lambda: here
        pinned = torch.empty(result.shape, pin_memory=True)
        pinned.copy_(result, non_blocking=True)
        arrived = torch.cuda.Event()
        arrived.record()

        def wait() -> NDArray[np.float32]:
            arrived.synchronize()
            return pinned.numpy()

        return wait

    def _tiled(self, image: Tensor) -> Tensor:
        """Pass overlapping tiles through the network; keep of each what no inner edge reaches."""
        step = self.config.spec.size_multiple(self.config)
        high, wide = (max(side // step, 1) * step for side in self.tile)
        result = torch.empty_like(image)
        for rows, wide_rows in _stretches(image.shape[0], high, self.margin):
            for columns, wide_columns in _stretches(image.shape[1], wide, self.margin):
                out = self._pass(image[wide_rows, wide_columns])
                top, left = rows.start - wide_rows.start, columns.start - wide_columns.start
                result[rows, columns] = out[
                    top : top + rows.stop - rows.start, left : left + columns.stop - columns.start
                ]
        return result

    @torch.inference_mode()
    def _pass(self, image: Tensor) -> Tensor:
        machine = self.machine
        given = image[None, None].contiguous(memory_format=machine.memory_format)
        with torch.autocast(
            machine.device.type, machine.hidden, enabled=machine.hidden != torch.float32
        ):
            output: Tensor = self.network(given)[0, 0]
        return output.float()

    def _check_precision(self, image: Tensor) -> None:
        """Fall back to float32 where the faster number format changes the picture.

        A slice in HU without soft tissue says nothing about that, so the next is looked at too.
        """
        rows, columns = (max(0, (side - PROBE) // 2) for side in image.shape)
        probe = self._sent(image[rows : rows + PROBE, columns : columns + PROBE].contiguous())
        fast, chosen = self._tiled(probe), self.machine
        self.machine = replace(chosen, hidden=torch.float32)
        exact = self._tiled(probe)
        off = (fast - exact).abs()
        of_tissue = off[(exact > SOFT_TISSUE[0]) & (exact < SOFT_TISSUE[1])]
        largest = float(of_tissue.max()) if len(of_tissue) else 0.0
        if float(off.square().mean().sqrt()) <= FAITHFUL and largest <= FAITHFUL_PIXEL:
            self.machine = chosen
            self.checked = bool(len(of_tissue)) or self.unit != "HU"
        else:
            self.checked = True


def _digest(network: Network, config: Config) -> str:
    """What a network does to an image, in one word: its shape and its weights."""
    digest = hashlib.sha256(config.model_dump_json(include=set(NETWORK)).encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def _on_dial(config: Config, setting: Sequence[float]) -> Tensor:
    dials = config.dials
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
