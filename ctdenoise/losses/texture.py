"""The grain of an image as a loss: its power spectrum."""

import torch
from torch import Tensor


def spectrum(output: Tensor, target: Tensor, floor: float) -> Tensor:
    """Mean squared difference of the power spectra in dB, over all frequencies of the patches.

    A denoised patch with too little grain lacks power at high frequencies, and squared error does
    not mind. ``floor``: an amplitude in units of the image below which grain counts as none. Where
    a pixel's noise cannot be told, its strength and coarseness still can. Both are
    (batch, 1, rows, columns); the means are taken out and a Hann window keeps edges out.
    """
    rows, columns = output.shape[-2:]
    window = torch.outer(_hann(rows, output), _hann(columns, output))

    def power(image: Tensor) -> Tensor:
        centred = image - image.mean((-2, -1), keepdim=True)
        transform = torch.fft.rfft2(centred * window)
        density = (transform.real.square() + transform.imag.square()) / window.square().sum()
        return 10 * torch.log10(density.mean(0) + floor**2)

    return (power(output) - power(target)).square().mean()


def _hann(length: int, like: Tensor) -> Tensor:
    return torch.hann_window(length + 2, periodic=False, device=like.device, dtype=like.dtype)[1:-1]
