"""The noise-spectrum loss against NumPy and by what it must not see."""

import numpy as np
import pytest
import torch

from ctdenoise.losses.spectrum import spectrum


def noise(sd: float, seed: int, count: int = 400) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return sd * torch.randn(count, 1, 16, 16, generator=generator, dtype=torch.float64)


def test_against_numpy() -> None:
    output, target = (np.random.default_rng(seed).normal(0, 20, (3, 16, 12)) for seed in (0, 1))
    window = np.outer(np.hanning(18)[1:-1], np.hanning(14)[1:-1])

    def decibels(patches: np.ndarray) -> np.ndarray:
        centred = patches - patches.mean((1, 2), keepdims=True)
        power = np.abs(np.fft.rfft2(centred * window)) ** 2 / np.sum(window**2)
        rings = np.rint(12 * np.hypot(np.fft.fftfreq(16)[:, None], np.fft.rfftfreq(12)))
        means = [power.mean(0)[rings == ring].mean() for ring in range(1, 7)]
        return 10 * np.log10(np.array(means) + 1)

    wanted = np.mean((decibels(output) - decibels(target)) ** 2)
    found = spectrum(torch.tensor(output)[:, None], torch.tensor(target)[:, None], 1.0)
    assert float(found) == pytest.approx(wanted)


def test_other_grain_of_the_same_kind_costs_little_and_weaker_grain_its_decibels() -> None:
    like = float(spectrum(noise(20, 0), noise(20, 1), 0.1))
    weaker = float(spectrum(noise(10, 0), noise(20, 1), 0.1))
    assert like < 0.5
    assert weaker == pytest.approx((20 * np.log10(2)) ** 2, rel=0.05)


def test_gradient_is_right() -> None:
    output, target = noise(5, 0, 2)[..., :5, :6], noise(5, 1, 2)[..., :5, :6]
    assert torch.autograd.gradcheck(lambda o: spectrum(o, target, 1.0), output.requires_grad_())
