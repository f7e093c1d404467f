"""Feature maps: the same numbers as the feature loss, in the order that was asked for."""

import numpy as np
import pytest
import torch

from ctdenoise.losses.feature_maps import difference, feature_maps, order
from ctdenoise.losses.vgg import ARTICLE, VggFeatures
from ctdenoise.units import WINDOWS

IMAGES = np.random.default_rng(0).normal(40, 100, (2, 40, 48)).astype(np.float32)
WINDOW = WINDOWS["soft tissue"]


@pytest.mark.parametrize("imagenet", [True, False])
def test_the_mean_of_the_difference_is_the_loss(imagenet: bool) -> None:
    low, full = feature_maps(IMAGES, "block2_conv1", WINDOW, imagenet)
    assert low.shape == (128, 20, 24)
    loss = VggFeatures(["block2_conv1"], WINDOW if imagenet else ARTICLE, imagenet)
    tensors = torch.from_numpy(IMAGES)[:, None, None]
    expected = float(loss(tensors[0], tensors[1])["block2_conv1"])
    assert difference(low, full).mean() == pytest.approx(expected, rel=1e-5)


def test_order_puts_the_most_active_or_most_changed_first() -> None:
    full = np.array([[[1.0]], [[3.0]], [[2.0]]], np.float32)
    low = np.array([[[1.5]], [[3.0]], [[0.0]]], np.float32)
    assert order(full, low, "strongest").tolist() == [1, 2, 0]
    assert order(full, low, "most different").tolist() == [2, 0, 1]
