"""The settings of a loss: which terms training minimises and how much of each."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ctdenoise.config.record import Record, setting

VGG_LAYERS = (
    "block1_conv1",
    "block1_conv2",
    "block2_conv1",
    "block2_conv2",
    "block3_conv1",
    "block3_conv2",
    "block3_conv3",
    "block4_conv1",
    "block4_conv2",
    "block4_conv3",
    "block5_conv1",
    "block5_conv2",
    "block5_conv3",
)
"""VGG16's convolutions by their Keras names; blocks 1 to 3 ship with the program."""
NOT_SHIPPED = frozenset(f"vgg_{layer}" for layer in VGG_LAYERS if layer[5] in "45")
"""The terms whose weights are downloaded when they are first used."""

WEIGHTS = (
    "mse",
    "mae",
    "charbonnier",
    "ssim",
    "ms_ssim",
    "gradient",
    "texture",
    "vgg",
    "adversarial",
)
"""The settings of :class:`Loss` that weigh a term."""


class Loss(Record):
    """What training minimises: a weighted sum of terms."""

    weighting: Literal["influence", "factor"] = setting(
        "Weights are",
        "Influence shares the total loss out in percent and finds the factors on the "
        "first batch; factor multiplies each term as given.",
        more=True,
        default="influence",
    )
    mse: float = setting(
        "Mean squared error",
        "Smooth and true in CT number; alone it blurs fine texture.",
        default=100.0,
        ge=0,
        le=1e9,
    )
    mae: float = setting(
        "Mean absolute error",
        "Like squared error, but forgiving of single bright pixels; edges stay a little sharper.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    charbonnier: float = setting(
        "Charbonnier",
        "An absolute error that is rounded near zero, so that it settles calmly.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    ssim: float = setting(
        "Structural similarity (SSIM)",
        "Compares brightness, contrast and structure in small windows.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    ms_ssim: float = setting(
        "SSIM at several scales (MS-SSIM)",
        "The same for fine and for coarse structure; larger patches give it more scales.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    gradient: float = setting(
        "Edges (gradient difference)",
        "Wants steps from pixel to pixel as large as at full dose: edges stay sharp.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    texture: float = setting(
        "Grain (noise spectrum)",
        "Wants grain as strong and as coarse as at full dose, wherever its grains lie.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    vgg: float = setting(
        "VGG16 features",
        "Keeps the grain and edges that a network trained on photographs "
        "recognises; too much of it shifts the CT number.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    adversarial: float = setting(
        "Critic (adversarial)",
        "A second network learns to tell the result from full dose, and this one to fool it: "
        "looks real, may invent. Slow.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    vgg_layers: tuple[Literal[VGG_LAYERS], ...] = setting(  # type: ignore[valid-type]
        "VGG16 layers",
        "Early layers see edges and grain, later ones larger shapes.",
        more=True,
        default=("block3_conv3",),
    )
    vgg_shares: tuple[Annotated[float, Field(ge=0, le=1e9)], ...] = setting(
        "Shares of the VGG16 layers",
        "In the order of the layers; none shares equally.",
        more=True,
        default=(),
    )
    vgg_input: Literal["imagenet", "article"] = setting(
        "VGG16 is shown",
        "ImageNet: a window of the image as VGG was trained on it; article: "
        "clip((HU+1024)/1500, 0, 1) unscaled.",
        more=True,
        default="imagenet",
    )

    dial: tuple[Literal[WEIGHTS], ...] = setting(  # type: ignore[valid-type]
        "On the dial",
        "The network learns all weights of these terms, from none up to the one above; afterwards "
        "a slider moves between them. One term or two.",
        more=True,
        default=(),
        max_length=2,
    )

    @model_validator(mode="after")
    def _something_to_minimise(self) -> "Loss":
        if not any(getattr(self, name) for name in WEIGHTS):
            raise ValueError("at least one loss weight must be above zero")
        if self.vgg > 0 and not self.vgg_layers:
            raise ValueError("the VGG16 term needs at least one layer")
        if self.vgg_shares and len(self.vgg_shares) != len(self.vgg_layers):
            raise ValueError("there must be one share for each VGG16 layer, or none at all")
        if self.vgg_shares and not any(self.vgg_shares):
            raise ValueError("at least one share of a VGG16 layer must be above zero")
        if any(not getattr(self, name) for name in self.dial):
            raise ValueError("a term on the dial needs a weight above zero")
        if self.dial and not any(getattr(self, n) for n in WEIGHTS if n not in self.dial):
            raise ValueError("at least one term with a weight must stay off the dial")
        return self

    def weights(self) -> dict[str, float]:
        """The terms in use and the number beside each; every VGG16 layer is a term of its own,
        called ``vgg_`` and its name."""
        used = {name: w for name in WEIGHTS if name != "vgg" and (w := getattr(self, name)) > 0}
        shares = self.vgg_shares or (1.0,) * len(self.vgg_layers)
        for layer, share in sorted(zip(self.vgg_layers, shares, strict=True)):
            if self.vgg * share > 0:
                used[f"vgg_{layer}"] = self.vgg * share / sum(shares)
        return used

    def dialled(self, factors: Mapping[str, float], setting: Sequence[float]) -> dict[str, float]:
        """The factors of all terms while the dial stands at ``setting`` (0 to 1 for each term).

        All are made smaller as the dial adds weight, so that no setting moves the network more
        than another.
        """
        turned = dict(zip(self.dial, setting, strict=True))
        parts = {n: turned.get("vgg" if n.startswith("vgg_") else n, 1.0) for n in factors}
        weights = self.weights()
        added = sum(w * parts[n] for n, w in weights.items())
        fixed = sum(getattr(self, n) for n in WEIGHTS if n not in self.dial)
        return {n: factor * parts[n] * fixed / added for n, factor in factors.items()}


def term_title(name: str) -> str:
    """What people call a term of :meth:`Loss.weights`."""
    if name in WEIGHTS:
        return str(Loss.model_fields[name].title)
    return f"VGG16 {name.removeprefix('vgg_')}"
