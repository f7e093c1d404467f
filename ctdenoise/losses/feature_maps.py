"""What VGG16 sees in a picture: the maps behind the feature loss."""

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ctdenoise.losses.vgg import ARTICLE, VggFeatures
from ctdenoise.units import Window

Order = Literal["strongest", "most different"]


def feature_maps(
    images: NDArray[np.float32], layer: str, window: Window, imagenet: bool
) -> NDArray[np.float32]:
    """Activated features of ``images`` (count, rows, columns): (count, maps, rows', columns').

    ``window`` is what VGG16 is shown where ``imagenet``, else it is the article's. Raises
    :class:`Problem` where the layer's weights cannot be had.
    """
    return feature_maps_of(images, (layer,), window, imagenet)[0]


def feature_maps_of(
    images: NDArray[np.float32], layers: tuple[str, ...], window: Window, imagenet: bool
) -> list[NDArray[np.float32]]:
    """:func:`feature_maps` of several ``layers``, in the order of depth, in one pass."""
    network = _network(layers, window if imagenet else ARTICLE, imagenet)
    with torch.inference_mode():
        found = [network.features(torch.from_numpy(one.copy())[None, None]) for one in images]
    return [torch.cat(each).numpy() for each in zip(*found, strict=True)]


def difference(maps: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean squared difference of two images' maps (maps, rows, columns) at each place: its mean is
    the feature loss."""
    mean: NDArray[np.float32] = np.square(maps - others).mean(0)
    return mean


def order(maps: NDArray[np.float32], others: NDArray[np.float32], by: Order) -> NDArray[np.intp]:
    """Numbers of the maps, the first being the one with the most activity or difference."""
    rank = np.square(maps) if by == "strongest" else np.square(maps - others)
    return np.argsort(-rank.mean((1, 2)), kind="stable")


@lru_cache(maxsize=4)
def _network(layers: tuple[str, ...], window: Window, imagenet: bool) -> VggFeatures:
    return VggFeatures(layers, window, imagenet)
