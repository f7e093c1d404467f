"""The single record of a run: it draws the form, validates, travels in links and is stored."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ctdenoise.errors import Problem

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
SMALLEST_SSIM_PATCH = 11

MOST_EPOCHS = 1000


class Activation(StrEnum):
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    ELU = "elu"
    GELU = "gelu"
    SILU = "silu"
    NONE = "none"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _setting(
    title: str, sentence: str, *, unit: str = "", more: bool = False, **limits: Any
) -> Any:
    """A field with what its control needs: title, unit, what will be seen when it moves."""
    return Field(
        title=title, description=sentence, json_schema_extra={"unit": unit, "more": more}, **limits
    )


class Loss(_Record):
    """What training minimises: a weighted sum of terms."""

    weighting: Literal["influence", "factor"] = _setting(
        "Weights are",
        "Influence shares the total loss out in percent and finds the factors on the "
        "first batch; factor multiplies each term as given.",
        more=True,
        default="influence",
    )
    mse: float = _setting(
        "Mean squared error",
        "Smooth and true in CT number; alone it blurs fine texture.",
        default=100.0,
        ge=0,
        le=1e9,
    )
    mae: float = _setting(
        "Mean absolute error",
        "Like squared error, but forgiving of single bright pixels; edges stay a little sharper.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    charbonnier: float = _setting(
        "Charbonnier",
        "An absolute error that is rounded near zero, so that it settles calmly.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    ssim: float = _setting(
        "Structural similarity (SSIM)",
        "Compares brightness, contrast and structure in small windows.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    ms_ssim: float = _setting(
        "SSIM at several scales (MS-SSIM)",
        "The same for fine and for coarse structure; larger patches give it more scales.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    gradient: float = _setting(
        "Edges (gradient difference)",
        "Wants steps from pixel to pixel as large as at full dose: edges stay sharp.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    texture: float = _setting(
        "Grain (noise spectrum)",
        "Wants grain as strong and as coarse as at full dose, wherever its grains lie.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    vgg: float = _setting(
        "VGG16 features",
        "Keeps the grain and edges that a network trained on photographs "
        "recognises; too much of it shifts the CT number.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    adversarial: float = _setting(
        "Critic (adversarial)",
        "A second network learns to tell the result from full dose, and this one to fool it: "
        "looks real, may invent. Slow.",
        default=0.0,
        ge=0,
        le=1e9,
    )
    vgg_layers: tuple[Literal[VGG_LAYERS], ...] = _setting(  # type: ignore[valid-type]
        "VGG16 layers",
        "Early layers see edges and grain, later ones larger shapes.",
        more=True,
        default=("block3_conv3",),
    )
    vgg_shares: tuple[Annotated[float, Field(ge=0, le=1e9)], ...] = _setting(
        "Shares of the VGG16 layers",
        "In the order of the layers; none shares equally.",
        more=True,
        default=(),
    )
    vgg_input: Literal["imagenet", "article"] = _setting(
        "VGG16 is shown",
        "ImageNet: a window of the image as VGG was trained on it; article: "
        "clip((HU+1024)/1500, 0, 1) unscaled.",
        more=True,
        default="imagenet",
    )

    dial: tuple[Literal[WEIGHTS], ...] = _setting(  # type: ignore[valid-type]
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


class Config(_Record):
    """Everything that makes a run repeatable, apart from the data it saw."""

    # the network
    network: Literal["chain", "unet"] = _setting(
        "Kind of network",
        "Chain: the article's row of layers. U-Net: also works on the picture at half and quarter "
        "size, so that it sees further in the same time.",
        default="chain",
        more=True,
    )
    layers: int = _setting(
        "Layers",
        "More layers see further around each pixel: stronger smoothing, slower training. A U-Net "
        "has as many in each of its five stages.",
        default=6,
        ge=2,
        le=30,
    )
    filters: int = _setting(
        "Filters",
        "More filters tell more kinds of texture apart; time grows with their square.",
        default=64,
        ge=1,
        le=256,
    )
    kernel_size: int = _setting(
        "Kernel size",
        "How far one layer looks; odd, so that it has a centre.",
        unit="pixels",
        default=3,
        ge=1,
        le=11,
        more=True,
    )
    stride: int = _setting(
        "Stride",
        "Above 1 a layer skips pixels and the picture shrinks; the network then has to "
        "enlarge it again and fine detail is lost.",
        unit="pixels",
        default=1,
        ge=1,
        le=4,
        more=True,
    )
    activation: Activation = _setting(
        "Activation",
        "The bend between layers; without one, the whole network is a single linear filter.",
        default=Activation.RELU,
        more=True,
    )
    residual: bool = _setting(
        "Learn the noise",
        "On: the network predicts the noise and subtracts it, and starts out as "
        "the unchanged image. Off: it has to rebuild the whole image first.",
        default=True,
    )
    # the loss
    loss: Loss = Loss()
    # the optimiser
    optimiser: Literal["adam", "adamw", "sgd", "rmsprop"] = _setting(
        "Optimiser", "The rule by which the weights move.", default="adam", more=True
    )
    learning_rate: float = _setting(
        "Learning rate",
        "Too small: the curve creeps. Too large: it jumps or blows up.",
        default=2e-3,
        gt=0,
        le=1,
        more=True,
    )
    schedule: Literal["constant", "one_cycle", "cosine"] = _setting(
        "Schedule",
        "One cycle: up, then down to almost nothing, so that the end is calm.",
        default="one_cycle",
        more=True,
    )
    # the data
    batch: int = _setting(
        "Batch",
        "Patches seen before each move of the weights.",
        unit="patches",
        default=4,
        ge=1,
        le=256,
        more=True,
    )
    patch: int = _setting(
        "Patch size",
        "The side of the squares cut from the slices; more context, fewer of them a second.",
        unit="pixels",
        default=32,
        ge=8,
        le=256,
        more=True,
    )
    patches: int = _setting(
        "Patch collection",
        "0 cuts new random patches at every step; a number cuts that many once "
        "and shows them in the same order every epoch, as the article does.",
        default=0,
        ge=0,
        le=100_000,
        more=True,
    )
    augment: bool = _setting(
        "Flip and turn", "Mirrored and turned patches count as new ones.", default=True, more=True
    )
    validation_patches: int = _setting(
        "Validation patches",
        "The fixed squares on which every epoch is judged; more of them are steadier and slower.",
        default=64,
        ge=1,
        le=10_000,
        more=True,
    )
    # how long
    epochs: int = _setting(
        "Epochs", "Each ends with a picture and a validation.", default=48, ge=1, le=MOST_EPOCHS
    )
    steps_per_epoch: int = _setting(
        "Steps an epoch",
        "Moves of the weights between two pictures.",
        default=20,
        ge=1,
        le=10_000,
        more=True,
    )
    time_budget_s: Annotated[float, Field(gt=0, le=86_400)] | None = _setting(
        "Time budget",
        "Training ends when it is used up, whatever the epochs say; the schedule "
        "fits itself to it.",
        unit="s",
        default=None,
        more=True,
    )
    # the machine
    seed: int = _setting(
        "Seed",
        "The same seed, settings and machine give the same network.",
        default=1,
        ge=0,
        le=2**31 - 1,
        more=True,
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = _setting(
        "Device", "Auto takes a graphics processor where there is one.", default="auto", more=True
    )
    precision: Literal["auto", "float32", "bfloat16"] = _setting(
        "Precision",
        "Auto takes bfloat16 where the processor multiplies it faster; the last layer "
        "and the loss always stay in float32.",
        default="auto",
        more=True,
    )

    @field_validator("kernel_size")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("must be odd, so that the kernel has a centre pixel")
        return value

    @model_validator(mode="after")
    def _patch_holds_a_window(self) -> "Config":
        if (self.loss.ssim or self.loss.ms_ssim) and self.patch < SMALLEST_SSIM_PATCH:
            raise ValueError(f"SSIM needs a patch size of {SMALLEST_SSIM_PATCH} pixels or more")
        return self

    @model_validator(mode="after")
    def _a_unet_can_be_built(self) -> "Config":
        if self.network == "unet":
            if self.layers % 2:
                raise ValueError("a U-Net's layers come in pairs, so their number must be even")
            if self.stride > 1:
                raise ValueError("a U-Net makes the picture smaller by itself and needs stride 1")
            if self.loss.dial:
                raise ValueError("a U-Net cannot have a dial; choose the chain for it")
        return self


NETWORK = ("network", "layers", "filters", "kernel_size", "stride", "activation", "residual")
"""The settings that say how a network is built."""


def network_settings(config: Config) -> dict[str, Any]:
    """What two networks must share for one to go on with the other's weights."""
    return {name: getattr(config, name) for name in NETWORK} | {"dial": config.loss.dial}


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


def parse(values: dict[str, Any]) -> Config:
    """A config from plain values (a form, a link, a file); or a :class:`Problem`."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "loss"
        reason = first["msg"].removeprefix("Value error, ")
        raise Problem(
            f"The setting {where}",
            f"cannot be used ({reason[0].lower()}{reason[1:]})",
            "correct it or take the preset's value",
        ) from error


def override(config: Config, assignments: dict[str, str]) -> Config:
    """``config`` with settings replaced by texts, nested ones by a dotted key (``loss.vgg``)."""
    import json

    values = config.model_dump(mode="json")
    for key, text in assignments.items():
        *path, last = key.split(".")
        place = values
        for part in path:
            place = place.get(part) if isinstance(place, dict) else None  # type: ignore[assignment]
        if not isinstance(place, dict) or last not in place:
            known = ", ".join([*Config.model_fields, *(f"loss.{n}" for n in Loss.model_fields)])
            raise Problem(f"The setting {key}", "does not exist", f"choose one of {known}")
        if last in ("vgg_layers", "vgg_shares", "dial"):
            place[last] = [t for t in text.split(",") if t]
            continue
        try:
            place[last] = json.loads(text, parse_constant=float)
        except json.JSONDecodeError:
            place[last] = text
    return parse(values)
