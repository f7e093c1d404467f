"""The grain of an image as a loss: its power spectrum."""

from functools import cache

import torch
from torch import Tensor


def spectrum(output: Tensor, target: Tensor, floor: float) -> Tensor:
    """Mean squared difference of the radial power spectra in dB, over rings of frequency.

    A denoised patch with too little grain lacks power at high frequencies, and squared error does
    not mind. ``floor``: an amplitude in units of the image below which grain counts as none. Where
    a pixel's noise cannot be told, its strength and coarseness still can. Both are
    (batch, 1, rows, columns); the means are taken out and a Hann window keeps edges out. Power is
    averaged over the batch and each ring first: the logarithm of a single frequency's would be
    mostly chance.
    """
    rows, columns = output.shape[-2:]
    window = torch.outer(_hann(rows, output), _hann(columns, output))
    rings = _rings(rows, columns).to(output)

    def power(image: Tensor) -> Tensor:
        centred = image - image.mean((-2, -1), keepdim=True)
        transform = torch.fft.rfft2(centred * window)
        density = (transform.real.square() + transform.imag.square()) / window.square().sum()
        return 10 * torch.log10(rings @ density.mean((0, 1)).flatten() + floor**2)

    return (power(output) - power(target)).square().mean()


@cache
def _rings(rows: int, columns: int) -> Tensor:
    """Weights (rings, frequencies) that average a half spectrum over rings one frequency wide.

    Zero frequency, and what lies beyond the coarser direction's Nyquist frequency, is left out.
    """
    down, across = torch.fft.fftfreq(rows), torch.fft.rfftfreq(columns)
    smallest = min(rows, columns)
    ring = torch.hypot(down[:, None], across).mul(smallest).round().long().flatten()
    rings = torch.nn.functional.one_hot(ring).T[1 : smallest // 2 + 1].float()
    return rings / rings.sum(1, keepdim=True)


def _hann(length: int, like: Tensor) -> Tensor:
    return torch.hann_window(length + 2, periodic=False, device=like.device, dtype=like.dtype)[1:-1]
