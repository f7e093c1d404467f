"""Features of VGG16, each chosen layer a part of the term (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctdenoise.errors import Problem
from ctdenoise.losses.term import LOSS_TERMS, Context, LossTerm, Settings, Work

if TYPE_CHECKING:
    from ctdenoise.losses.term import Term

LAYERS = {
    f"block{block}_conv{conv}": index
    for index, (block, conv) in zip(
        (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
        [(b, c) for b, n in enumerate((2, 2, 3, 3, 3), 1) for c in range(1, n + 1)],
        strict=True,
    )
}
"""Place of each convolution in torchvision's ``vgg16().features``, by its Keras name; blocks 1 to 3
ship with the program."""


def layer_title(name: str) -> str:
    """What people call a layer.

    >>> layer_title("block3_conv2")
    'block 3, layer 2'
    """
    block, conv = name.removeprefix("block").split("_conv")
    return f"block {block}, layer {conv}"


CHANNELS = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}
"""Of the convolutions of each block."""


def _shares(loss: Settings) -> dict[str, float]:
    shares = loss.vgg_shares or (1.0,) * len(loss.vgg_layers)
    return {n: share for n, share in sorted(zip(loss.vgg_layers, shares, strict=True)) if share > 0}


def _build(context: Context) -> Term:
    """Raises :class:`Problem` where the patch is too small for the deepest layer or its weights
    cannot be had."""
    from ctdenoise.losses.vgg import ARTICLE, VggFeatures

    layers, imagenet = list(_shares(context.loss)), context.loss.vgg_input == "imagenet"
    features = VggFeatures(
        layers, context.window if imagenet or not context.is_hu else ARTICLE, imagenet
    )
    if context.patch < features.smallest:
        raise Problem(
            f"The patch size of {context.patch} pixels",
            f"is halved away before {layer_title(max(layers))} of VGG16",
            f"use at least {features.smallest} or an earlier VGG16 layer",
        )
    return features


def _work(loss: Settings, patch: int) -> Work:
    """The output's features and their halved pictures (with int64 places) are kept for the way
    back; those of the target and the gradients pass by, a few layers at a time."""
    deepest = max(LAYERS[layer] for layer in loss.vgg_layers)
    numbers = values = operations = 0
    channels, largest = 3, 64 * patch**2
    for name, index in LAYERS.items():
        if index <= deepest:
            wide, pixels = CHANNELS[name[5]], (patch >> int(name[5]) - 1) ** 2
            weights = wide * (9 * channels + 1)
            numbers += weights
            operations += 3 * weights * pixels  # forward twice, and once back
            values += wide * pixels + (3 * channels * pixels if channels not in (3, wide) else 0)
            channels = wide
    return Work(numbers, values + 4 * largest, operations)


LOSS_TERMS.register(
    LossTerm(
        name="vgg",
        title="VGG16 features",
        rank=7,
        sentence="Keeps the grain and edges that a network trained on photographs recognises; too "
        "much of it shifts the CT number.",
        leads_to="textured",
        build=_build,
        first=True,
        shares=_shares,
        part_title=lambda name: f"VGG features ({layer_title(name)})",
        work=_work,
        downloaded=frozenset(layer for layer in LAYERS if layer[5] in "45"),
    )
)
