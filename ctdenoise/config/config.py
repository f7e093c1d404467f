"""The single record of a run: it draws the form, validates, travels in links and is stored."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from ctdenoise.config import loss as losses
from ctdenoise.config.loss import Loss
from ctdenoise.config.record import Group, Record, Setting, fields, setting
from ctdenoise.errors import Problem
from ctdenoise.losses.term import LOSS_TERMS
from ctdenoise.networks.spec import ACTIVATION_WORDS, NETWORKS, Activation, NetworkSpec

MOST_EPOCHS = 1000


def _titles() -> dict[str, str]:
    return {name: spec.title for name, spec in NETWORKS.items()}


def _kinds() -> str:
    """What each kind of network says of itself."""
    return " ".join(f"{s.title[0].upper()}{s.title[1:]}: {s.sentence}" for s in NETWORKS.values())


class Config(Record):
    """Everything that makes a run repeatable, apart from the data it saw."""

    # the network
    network: str = setting(
        "Kind of network",
        _kinds,
        Group.NETWORK,
        words=_titles,
        default="chain",
    )
    layers: int = setting(
        "Layers",
        "Steps of looking, one behind the other. More of them see further around each pixel: "
        "stronger smoothing, slower training. A U-Net has as many in each of its five stages.",
        Group.FIRST,
        slider=16,
        default=6,
        ge=2,
        le=30,
    )
    filters: int = setting(
        "Filters",
        "Each filter of a layer looks for one pattern, such as an edge or a grain, all over the "
        "picture. More of them tell more kinds of texture apart; time grows with their square.",
        Group.FIRST,
        slider=128,
        default=64,
        ge=1,
        le=256,
    )
    kernel_size: int = setting(
        "Kernel size",
        "The side of the small square at which a filter looks at once; odd, so that it has a "
        "centre. Larger ones see further and take longer.",
        Group.NETWORK,
        unit="pixels",
        step=2,
        default=3,
        ge=1,
        le=11,
    )
    stride: int = setting(
        "Stride",
        "1 looks at every pixel. Above 1 a layer skips pixels and the picture shrinks; the network "
        "then has to enlarge it again and fine detail is lost.",
        Group.NETWORK,
        unit="pixels",
        default=1,
        ge=1,
        le=4,
    )
    activation: Activation = setting(
        "Activation",
        "The bend between layers; without one, the whole network is a single linear filter.",
        Group.NETWORK,
        words=ACTIVATION_WORDS,
        default=Activation.RELU,
    )
    residual: bool = setting(
        "Learn the noise",
        "Known as residual learning. On: the network predicts the noise and subtracts it, and "
        "starts out as the unchanged image. Off: it has to rebuild the whole image first, as in "
        "the article.",
        Group.FIRST,
        default=True,
    )
    # the loss
    loss: Loss = Field(default_factory=Loss)
    # the optimiser
    optimiser: Literal["adam", "adamw", "sgd", "rmsprop"] = setting(
        "Optimiser",
        "The rule by which the network's weights are corrected after each step. Adam is usual.",
        Group.OPTIMISER,
        words={"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"},
        default="adam",
    )
    learning_rate: float = setting(
        "Learning rate",
        "How large each correction of the weights is. Too small: the curve creeps. Too large: it "
        "jumps or blows up.",
        Group.OPTIMISER,
        default=2e-3,
        gt=0,
        le=1,
    )
    schedule: Literal["constant", "one_cycle", "cosine"] = setting(
        "Schedule",
        "How the learning rate changes on the way. One cycle: up, then down to almost nothing, so "
        "that the end is calm. Cosine: down all the way. Constant: always the same.",
        Group.OPTIMISER,
        words={"one_cycle": "one cycle"},
        default="one_cycle",
    )
    # the data
    batch: int = setting(
        "Batch",
        "How many small squares of the pictures are looked at before each correction of the "
        "weights. More: calmer and slower steps.",
        Group.OPTIMISER,
        unit="patches",
        default=4,
        ge=1,
        le=256,
    )
    patch: int = setting(
        "Patch size",
        "Training looks at small squares cut from the slices; this is their side. Larger ones show "
        "more of what is around, and fewer are seen a second.",
        Group.DATA,
        unit="pixels",
        default=32,
        ge=8,
        le=256,
    )
    patches: int = setting(
        "Patch collection",
        "0 cuts new random patches at every step; a number cuts that many once "
        "and shows them in the same order every epoch, as the article does.",
        Group.DATA,
        default=0,
        ge=0,
        le=100_000,
    )
    augment: bool = setting(
        "Flip and turn", "Mirrored and turned patches count as new ones.", Group.DATA, default=True
    )
    validation_patches: int = setting(
        "Validation patches",
        "The fixed squares on which every epoch is judged; more of them are steadier and slower.",
        Group.DATA,
        default=64,
        ge=1,
        le=10_000,
    )
    # how long
    epochs: int = setting(
        "Epochs",
        "Rounds of training. Each ends with a picture and a test on squares that training never "
        "sees. More rounds: a better picture, up to a point.",
        Group.FIRST,
        slider=60,
        default=48,
        ge=1,
        le=MOST_EPOCHS,
    )
    steps_per_epoch: int = setting(
        "Steps an epoch",
        "Corrections of the weights between two pictures.",
        Group.DURATION,
        default=20,
        ge=1,
        le=10_000,
    )
    time_budget_s: Annotated[float, Field(gt=0, le=86_400)] | None = setting(
        "Time budget",
        "Training ends when it is used up, whatever the epochs say; the schedule "
        "fits itself to it.",
        Group.DURATION,
        unit="s",
        default=None,
    )
    # the machine
    seed: int = setting(
        "Seed",
        "Where chance begins. The same seed, settings and machine give the same network.",
        Group.MACHINE,
        default=1,
        ge=0,
        le=2**31 - 1,
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "Device",
        "Automatic takes a graphics processor where there is one.",
        Group.MACHINE,
        words={
            "auto": "automatic",
            "cpu": "processor (CPU)",
            "cuda": "NVIDIA GPU (CUDA)",
            "mps": "Apple GPU (MPS)",
        },
        default="auto",
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "Precision",
        "Automatic takes bfloat16 where the processor multiplies it faster; the last layer "
        "and the loss always stay in float32.",
        Group.MACHINE,
        words={"auto": "automatic"},
        default="auto",
    )

    @field_validator("kernel_size")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("must be odd, so that the kernel has a centre pixel")
        return value

    @field_validator("network")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in NETWORKS:
            raise ValueError(f"Input should be {' or '.join(map(repr, NETWORKS))}")
        return name

    @model_validator(mode="after")
    def _can_be_trained(self) -> "Config":
        for term in (LOSS_TERMS[name] for name, weight in self.loss.terms.items() if weight):
            if self.patch < term.smallest_patch:
                raise ValueError(
                    f"{term.title} needs a patch size of {term.smallest_patch} pixels or more"
                )
        self.spec.check(self)
        return self

    @property
    def spec(self) -> NetworkSpec:
        """What is known of its kind of network."""
        return NETWORKS[self.network]

    @property
    def dials(self) -> int:
        """How many loss terms are on the dial."""
        return len(self.loss.dial)


NETWORK = ("network", "layers", "filters", "kernel_size", "stride", "activation", "residual")
"""The settings that say how a network is built."""


def network_settings(config: Config) -> dict[str, Any]:
    """What two networks must share for one to go on with the other's weights."""
    return {name: getattr(config, name) for name in NETWORK} | {"dial": config.loss.dial}


class Misfit(Problem):
    """Settings that cannot be used. ``key``: the dotted key of the one at fault, "loss" where its
    terms do not go together, "" where several do not."""

    def __init__(self, subject: str, reason: str, hint: str, key: str = "") -> None:
        super().__init__(subject, reason, hint)
        self.key = key


def parse(values: dict[str, Any]) -> Config:
    """A config from plain values (a form, a link, a file); or a :class:`Misfit`."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        reason = f"{reason[0].lower()}{reason[1:]}"
        if not where:
            raise Misfit(
                "These settings",
                f"do not go together ({reason})",
                "correct one of them or take the preset's values",
            ) from error
        raise Misfit(
            f"The setting {where}",
            f"cannot be used ({reason})",
            "correct it or take the preset's value",
            where,
        ) from error


def settings() -> dict[str, Setting]:
    """Every setting by its dotted key (``layers``, ``loss.vgg``), in the order of lists.

    What registries hold is looked up now, so that a network or loss term just added is there.
    """
    own = list(fields(Config))
    first = list(Config.model_fields).index("loss")
    return {each.key: each for each in [*own[:first], *losses.settings(), *own[first:]]}


def override(config: Config, assignments: dict[str, str]) -> Config:
    """``config`` with settings replaced by texts, nested ones by a dotted key (``loss.vgg``)."""
    values, known = config.model_dump(mode="json"), settings()
    for key, text in assignments.items():
        if key not in known:
            raise Problem(
                f"The setting {key}", "does not exist", f"choose one of {', '.join(known)}"
            )
        place = values["loss"] if key.startswith("loss.") else values
        place[key.removeprefix("loss.")] = _read(text, known[key].kind)
    return parse(values)


def as_text(value: Any) -> str:
    """A plain value as :func:`override` reads it.

    >>> as_text([1, 2]), as_text(True), as_text(None)
    ('1,2', 'true', 'null')
    """
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


def _read(text: str, kind: type) -> Any:
    """A value as people type it."""
    if kind is tuple:
        return [part for part in text.split(",") if part]
    try:
        return json.loads(text, parse_constant=float)
    except (ValueError, RecursionError):  # too many digits, or brackets
        return text
