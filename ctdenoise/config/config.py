"""The single record of a run: it draws the form, validates, travels in links and is stored."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from ctdenoise.config.loss import Loss
from ctdenoise.config.record import Record, setting
from ctdenoise.errors import Problem

SMALLEST_SSIM_PATCH = 11
MOST_EPOCHS = 1000


class Activation(StrEnum):
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    ELU = "elu"
    GELU = "gelu"
    SILU = "silu"
    NONE = "none"


class Config(Record):
    """Everything that makes a run repeatable, apart from the data it saw."""

    # the network
    network: Literal["chain", "unet"] = setting(
        "Kind of network",
        "Chain: the article's row of layers. U-Net: also works on the picture at half and quarter "
        "size, so that it sees further in the same time.",
        default="chain",
        more=True,
    )
    layers: int = setting(
        "Layers",
        "More layers see further around each pixel: stronger smoothing, slower training. A U-Net "
        "has as many in each of its five stages.",
        default=6,
        ge=2,
        le=30,
    )
    filters: int = setting(
        "Filters",
        "More filters tell more kinds of texture apart; time grows with their square.",
        default=64,
        ge=1,
        le=256,
    )
    kernel_size: int = setting(
        "Kernel size",
        "How far one layer looks; odd, so that it has a centre.",
        unit="pixels",
        default=3,
        ge=1,
        le=11,
        more=True,
    )
    stride: int = setting(
        "Stride",
        "Above 1 a layer skips pixels and the picture shrinks; the network then has to "
        "enlarge it again and fine detail is lost.",
        unit="pixels",
        default=1,
        ge=1,
        le=4,
        more=True,
    )
    activation: Activation = setting(
        "Activation",
        "The bend between layers; without one, the whole network is a single linear filter.",
        default=Activation.RELU,
        more=True,
    )
    residual: bool = setting(
        "Learn the noise",
        "On: the network predicts the noise and subtracts it, and starts out as "
        "the unchanged image. Off: it has to rebuild the whole image first.",
        default=True,
    )
    # the loss
    loss: Loss = Loss()
    # the optimiser
    optimiser: Literal["adam", "adamw", "sgd", "rmsprop"] = setting(
        "Optimiser", "The rule by which the weights move.", default="adam", more=True
    )
    learning_rate: float = setting(
        "Learning rate",
        "Too small: the curve creeps. Too large: it jumps or blows up.",
        default=2e-3,
        gt=0,
        le=1,
        more=True,
    )
    schedule: Literal["constant", "one_cycle", "cosine"] = setting(
        "Schedule",
        "One cycle: up, then down to almost nothing, so that the end is calm.",
        default="one_cycle",
        more=True,
    )
    # the data
    batch: int = setting(
        "Batch",
        "Patches seen before each move of the weights.",
        unit="patches",
        default=4,
        ge=1,
        le=256,
        more=True,
    )
    patch: int = setting(
        "Patch size",
        "The side of the squares cut from the slices; more context, fewer of them a second.",
        unit="pixels",
        default=32,
        ge=8,
        le=256,
        more=True,
    )
    patches: int = setting(
        "Patch collection",
        "0 cuts new random patches at every step; a number cuts that many once "
        "and shows them in the same order every epoch, as the article does.",
        default=0,
        ge=0,
        le=100_000,
        more=True,
    )
    augment: bool = setting(
        "Flip and turn", "Mirrored and turned patches count as new ones.", default=True, more=True
    )
    validation_patches: int = setting(
        "Validation patches",
        "The fixed squares on which every epoch is judged; more of them are steadier and slower.",
        default=64,
        ge=1,
        le=10_000,
        more=True,
    )
    # how long
    epochs: int = setting(
        "Epochs", "Each ends with a picture and a validation.", default=48, ge=1, le=MOST_EPOCHS
    )
    steps_per_epoch: int = setting(
        "Steps an epoch",
        "Moves of the weights between two pictures.",
        default=20,
        ge=1,
        le=10_000,
        more=True,
    )
    time_budget_s: Annotated[float, Field(gt=0, le=86_400)] | None = setting(
        "Time budget",
        "Training ends when it is used up, whatever the epochs say; the schedule "
        "fits itself to it.",
        unit="s",
        default=None,
        more=True,
    )
    # the machine
    seed: int = setting(
        "Seed",
        "The same seed, settings and machine give the same network.",
        default=1,
        ge=0,
        le=2**31 - 1,
        more=True,
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "Device", "Auto takes a graphics processor where there is one.", default="auto", more=True
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
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
