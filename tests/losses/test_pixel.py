import numpy as np
import pytest
import torch

from ctdenoise.losses.terms.pixel import charbonnier, gradient, mae, mse


def test_hand_computed() -> None:
    output = torch.tensor([[[[1.0, -2.0], [3.0, 10.0]]]])
    target = torch.tensor([[[[0.0, 0.0], [3.0, 4.0]]]])
    assert float(mse(output, target)) == pytest.approx((1 + 4 + 0 + 36) / 4)
    assert float(mae(output, target)) == pytest.approx((1 + 2 + 0 + 6) / 4)
    # sqrt(e² + 0.75²) for errors of 1, 2, 0 and 6 by hand
    assert float(charbonnier(output, target, 0.75)) == pytest.approx(
        (1.25 + 2.136001 + 0.75 + 6.046693) / 4
    )
    # steps down the columns: 2, 12 against 3, 4; along the rows: 3, 7 against 0, 1
    assert float(gradient(output, target)) == pytest.approx(((1 + 8) / 2 + (3 + 6) / 2) / 2)


def test_gradient_difference_against_numpy() -> None:
    output, target = np.random.default_rng(0).normal(0, 50, (2, 3, 1, 9, 7))
    wanted = np.mean([
        np.mean(np.abs(np.abs(np.diff(output, axis=a)) - np.abs(np.diff(target, axis=a))))
        for a in (-1, -2)
    ])  # fmt: skip
    assert float(gradient(torch.tensor(output), torch.tensor(target))) == pytest.approx(wanted)


@pytest.mark.parametrize("loss", [mse, mae, gradient, lambda o, t: charbonnier(o, t, 0.1)])
def test_gradient(loss) -> None:
    torch.manual_seed(0)
    output = torch.randn(2, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    target = torch.randn(2, 1, 3, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda o: loss(o, target), output)
