"""The critic: its loss written out, its gradient, and that it learns what it is there for."""

import numpy as np
import pytest
import torch

from ctdenoise.losses.adversarial import Critic

SIDE = 16


def patches(sd: float, seed: int, count: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 40 + sd * torch.randn(count, 1, SIDE, SIDE, generator=generator)


def made(seed: int = 1) -> Critic:
    return Critic(SIDE, -160.0, 400.0, seed)


def test_the_loss_is_minus_the_mean_score() -> None:
    critic, output = made(), patches(20, 0)
    scores = [critic.score(one[None]).item() for one in output]
    assert critic(output).item() == pytest.approx(-np.mean(scores), abs=1e-6)


def test_it_learns_to_prefer_full_dose_with_a_slope_of_one() -> None:
    critic = made()
    for step in range(220):
        critic.learn(patches(2, 2 * step, 8), patches(40, 2 * step + 1, 8))
    with torch.no_grad():
        ahead = critic.score(patches(40, 999)).mean() - critic.score(patches(2, 998)).mean()
    assert ahead.item() > 0.1
    image = torch.lerp(patches(2, 997), patches(40, 996), 0.5).requires_grad_()
    slopes = torch.autograd.grad(critic.score(image).sum(), image)[0] * 400
    assert float(slopes.flatten(1).norm(dim=1).mean()) == pytest.approx(1, abs=0.35)
    term = torch.autograd.grad(critic(image), image)[0].norm()
    assert critic.pull(16) == pytest.approx(float(term), rel=0.4)


def test_gradient_is_right() -> None:
    critic = made().double()
    output = patches(20, 0, 1).double().requires_grad_()
    assert torch.autograd.gradcheck(critic, output, eps=1e-4, rtol=1e-2, fast_mode=True)


def test_a_restored_critic_goes_on_as_if_it_had_never_paused() -> None:
    one, other = made(), made(seed=2)
    one.learn(patches(2, 0), patches(40, 1))
    other.restore({k: v.clone() for k, v in one.tensors().items()})
    for critic in (one, other):
        critic.learn(patches(2, 2), patches(40, 3))
    for name, tensor in one.tensors().items():
        assert torch.equal(tensor, other.tensors()[name]), name
