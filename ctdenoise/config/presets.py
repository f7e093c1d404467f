"""The configs to start from."""

from ctdenoise.config.config import Config
from ctdenoise.config.loss import Loss

_ARTICLE = Config(
    residual=False,
    learning_rate=1e-4,
    schedule="constant",
    batch=32,
    patch=30,
    patches=2000,
    augment=False,
    validation_patches=1000,
    epochs=15,
    steps_per_epoch=62,
    precision="float32",
)
_FEATURES = Loss(weighting="factor", mse=0.01, vgg=1.0, vgg_input="article")

PRESETS: dict[str, Config] = {
    "recommended": Config(),
    "article": _ARTICLE,
    "article-features": _ARTICLE.model_copy(update={"loss": _FEATURES}),
    "dial": Config(
        loss=Loss(texture=20_000.0, vgg_layers=("block1_conv2", "block2_conv2"), dial=("texture",)),
        filters=32,
        batch=8,
        epochs=100,
    ),
    "optimised": Config(
        network="unet",
        layers=4,
        filters=32,
        batch=16,
        patch=64,
        learning_rate=1e-3,
        epochs=60,
        steps_per_epoch=50,
        loss=Loss(mse=0.0, charbonnier=100.0),
    ),
}
"""By name: the recipe of choice, the article's, the article's with the feature loss, a network with
a dial, and the strongest network, which takes longest."""
