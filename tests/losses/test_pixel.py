import pytest
import torch

from ctdenoise.losses.pixel import mae, mse


def test_hand_computed() -> None:
    output = torch.tensor([[[[1.0, -2.0], [3.0, 10.0]]]])
    target = torch.tensor([[[[0.0, 0.0], [3.0, 4.0]]]])
    assert float(mse(output, target)) == pytest.approx((1 + 4 + 0 + 36) / 4)
    assert float(mae(output, target)) == pytest.approx((1 + 2 + 0 + 6) / 4)


@pytest.mark.parametrize("loss", [mse, mae])
def test_gradient(loss) -> None:
    output = torch.randn(2, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    target = torch.randn(2, 1, 3, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda o: loss(o, target), output)
