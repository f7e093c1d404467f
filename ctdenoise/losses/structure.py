"""Structural similarity as a loss: 1 - SSIM, and the same over several scales."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctdenoise.losses.terms.structure import SIDE

SIGMA = 1.5
"""Of SSIM's Gaussian window, in pixels."""
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales, from fine to coarse (Wang et al., Asilomar 2003)."""


def scales(side: int) -> int:
    """How many of the five scales fit a patch of ``side`` pixels; 0 where not even one does."""
    return sum(side // 2**scale >= SIDE for scale in range(len(WEIGHTS)))


class Similarity(nn.Module):
    """1 - SSIM (Wang et al., IEEE TIP 2004), or 1 - MS-SSIM with ``multiscale``.

    ``width``: the data range. Images are taken from ``lower``, since SSIM's luminance term compares
    ratios of means. Only windows that lie inside the patch count. A patch too small for all five
    scales is judged on those that fit, their weights adding up to 1.
    """

    window: Tensor

    def __init__(self, lower: float, width: float, multiscale: bool) -> None:
        super().__init__()
        self.lower, self.width, self.multiscale = lower, width, multiscale
        place = torch.arange(SIDE) - SIDE // 2
        bell = torch.exp(-(place**2) / (2 * SIGMA**2))
        self.register_buffer("window", (bell / bell.sum())[None, None])

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Scalar, 0 for equal images; both are (batch, 1, rows, columns)."""
        x, y = (image - self.lower for image in (output, target))
        if not self.multiscale:
            return 1 - self._parts(x, y)[0]
        weights = WEIGHTS[: scales(min(x.shape[-2:]))]
        factors = []
        for scale, weight in enumerate(weights):
            whole, contrast = self._parts(x, y)
            last = scale == len(weights) - 1
            factor = whole if last else contrast
            factors.append(factor.clamp(min=1e-6) ** (weight / sum(weights)))
            if not last:
                x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        return 1 - torch.stack(factors).prod()

    def _parts(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Means of SSIM and of its contrast-structure part."""
        moments = torch.cat([x, y, x * x, y * y, x * y])
        rows = F.conv2d(moments, self.window[..., None])
        x, y, xx, yy, xy = F.conv2d(rows, self.window[..., None, :]).chunk(5)
        c1, c2 = (0.01 * self.width) ** 2, (0.03 * self.width) ** 2
        contrast = (2 * (xy - x * y) + c2) / (xx - x * x + yy - y * y + c2)
        luminance = (2 * x * y + c1) / (x * x + y * y + c1)
        return (luminance * contrast).mean(), contrast.mean()
