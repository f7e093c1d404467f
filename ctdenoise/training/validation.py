"""What each epoch is judged by: patches and a slice that are never trained on."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctdenoise.config.config import Config
from ctdenoise.config.cost import VALIDATION_PIXELS
from ctdenoise.config.events import Epoch
from ctdenoise.config.progress_slice import ProgressSlice
from ctdenoise.config.split import Split
from ctdenoise.scans.scan import Pair
from ctdenoise.training.collapse import collapsed
from ctdenoise.training.patches import Patchwork, stream
from ctdenoise.training.slices import bytes_of

Denoise = Callable[[Tensor], Tensor]
"""What (batch, 1, rows, columns) becomes."""


class Validation:
    """The validation patches on the device, and the progress slice."""

    def __init__(self, config: Config, pairs: Sequence[Pair], split: Split,
                 device: torch.device) -> None:  # fmt: skip
        self.config, self.device = config, device
        aside = Patchwork(pairs, split.validation, config.patch, device)
        self.patches = aside.cut(aside.places(
            config.validation_patches, stream(config.seed, 2), augment=False))  # fmt: skip
        self.slice = ProgressSlice(pairs, split.progress)

    @property
    def held_bytes(self) -> int:
        """What it takes of memory."""
        return bytes_of(self.patches) + self.slice.low.nbytes + self.slice.full.nbytes

    def mse(self, denoise: Denoise) -> float:
        """Of the validation patches, in squared units of the image."""
        low, full = self.patches
        size = max(1, VALIDATION_PIXELS // self.config.patch**2)
        with torch.inference_mode():
            means = [
                (denoise(some) - wanted).square().mean() * len(some)
                for some, wanted in zip(low.split(size), full.split(size), strict=True)
            ]
        return float(torch.stack(means).sum()) / len(low)

    def picture(self, denoise: Denoise) -> NDArray[np.float32]:
        """The progress slice, (rows, columns)."""
        low = torch.from_numpy(self.slice.low).to(self.device)
        with torch.inference_mode():
            return denoise(low[None, None])[0, 0].float().cpu().numpy()

    def collapsed(self, event: Epoch, image: NDArray[np.float32], last: Epoch | None) -> str:
        """What has become of the network where it has collapsed; ``image``: its picture of the
        epoch, ``last``: the epoch before."""
        rows = self.slice.rows
        return collapsed(self.config, event.epoch, image[rows], self.slice.full[rows],
                         (event.validation_mse, event.low_mse),
                         last.validation_mse if last else math.inf)  # fmt: skip
