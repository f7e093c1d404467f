import pytest
import torch

from ctdenoise.losses.balance import backward, calibrate


def test_influences_become_shares_of_the_total() -> None:
    values = {"mse": 900.0, "mae": 20.0, "vgg": 5e4}
    factors = calibrate({"mse": 60, "mae": 10, "vgg": 30}, values)
    weighted = {name: factors[name] * values[name] for name in values}
    total = sum(weighted.values())
    assert [weighted[n] / total for n in values] == pytest.approx([0.6, 0.1, 0.3])
    assert factors["mse"] == 1


def test_one_term_alone_keeps_its_units() -> None:
    assert calibrate({"vgg": 40.0}, {"vgg": 123.0}) == {"vgg": pytest.approx(1)}


def test_a_vanishing_term_does_not_divide_by_zero() -> None:
    assert all(
        f < float("inf") for f in calibrate({"mse": 50, "mae": 50}, dict(mse=1, mae=0)).values()
    )


@pytest.mark.parametrize("apart", [True, False])
def test_the_gradient_is_that_of_the_weighted_sum(apart) -> None:
    """f = 2 a^2 + 3 a b at a = 1, b = 2 has the gradient (4a + 3b, 3a) = (10, 3)."""
    a = torch.tensor([1.0], requires_grad=True)
    b = torch.tensor([2.0], requires_grad=True)
    terms = {"square": (a * a + 0 * b).sum(), "product": (a * b).sum()}
    norms = backward(terms, {"square": 2.0, "product": 3.0}, [a, b], apart=apart)
    assert (float(a.grad), float(b.grad)) == (10, 3)
    if apart:
        assert float(norms["square"]) == pytest.approx(4)
        assert float(norms["product"]) == pytest.approx((6**2 + 3**2) ** 0.5)
    else:
        assert norms == {}


def test_gradients_keep_the_layout_of_their_parameter() -> None:
    """Fused optimisers go through memory in order and would mix weights up otherwise."""
    layer = torch.nn.Conv2d(4, 8, 3, padding=1).to(memory_format=torch.channels_last)
    x = torch.randn(2, 4, 9, 9)
    backward({"mse": layer(x).square().mean()}, {"mse": 1.0}, list(layer.parameters()), apart=True)
    assert layer.weight.grad.stride() == layer.weight.stride()
