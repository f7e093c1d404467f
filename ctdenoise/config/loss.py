"""The settings of a loss: which terms training minimises and how much of each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from ctdenoise.config.record import Group, Record, Setting, fields, setting
from ctdenoise.losses.term import LOSS_TERMS, term_of
from ctdenoise.losses.terms.vgg import LAYERS, layer_title

VGG_LAYERS = tuple(LAYERS)
"""VGG16's convolutions by their Keras names."""


def _titles() -> dict[str, str]:
    return {name: term.title for name, term in LOSS_TERMS.items()}


class Loss(Record):
    """What training minimises: a weighted sum of terms.

    Every term of :data:`~ctdenoise.losses.term.LOSS_TERMS` is a setting of that name, its weight:
    ``Loss(mse=50, vgg=20)``, ``loss.vgg``. What is not said has the term's own default.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[float, Field(ge=0, le=1e9)]]

    if TYPE_CHECKING:

        def __init__(self, **settings: Any) -> None: ...
        def __getattr__(self, name: str) -> float: ...

    weighting: Literal["influence", "factor"] = setting(
        "Loss terms are weighed by",
        "Shares: how much each term pulls on the picture, in percent; the program finds the "
        "factors for it when training starts. Factors, as in the article: each term is multiplied "
        "by its number and all are added up. Terms differ a thousandfold in size, so factors alone "
        "do not tell which one counts for more.",
        Group.FIRST,
        words={"influence": "share in percent", "factor": "factor, as in the article"},
        default="influence",
    )
    vgg_layers: tuple[Literal[VGG_LAYERS], ...] = setting(  # type: ignore[valid-type]
        "VGG16 layers",
        "VGG16 looks in five blocks of two or three layers. Early ones see edges and grain, later "
        "ones larger shapes; blocks 4 and 5 are downloaded at their first use. The article takes "
        "block 3, layer 3.",
        Group.LOSS,
        words={name: layer_title(name) for name in LAYERS},
        default=("block3_conv3",),
    )
    vgg_shares: tuple[Annotated[float, Field(ge=0, le=1e9)], ...] = setting(
        "Shares of the VGG16 layers",
        "In the order of the layers; none shares equally.",
        Group.LOSS,
        default=(),
    )
    vgg_input: Literal["imagenet", "article"] = setting(
        "VGG16 is shown",
        "As it was trained: through a window, as bright as the photographs that it knows. As in "
        "the article: -1024 to 476 HU become 0 to 1, and nothing more.",
        Group.LOSS,
        words={"imagenet": "as VGG was trained", "article": "as in the article"},
        default="imagenet",
    )
    dial: tuple[str, ...] = setting(
        "On the dial",
        "The network learns all weights of these terms, from none up to the one above; afterwards "
        "a slider moves between them. One term or two.",
        Group.LOSS,
        words=_titles,
        default=(),
        max_length=2,
    )

    @model_validator(mode="before")
    @classmethod
    def _every_term_has_a_weight(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        weights = {name: given.get(name, term.default) for name, term in LOSS_TERMS.items()}
        return {name: value for name, value in given.items() if name not in weights} | weights

    @field_validator("dial")
    @classmethod
    def _dial_has_terms(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if set(names) - set(LOSS_TERMS):
            raise ValueError(f"Input should be {' or '.join(map(repr, LOSS_TERMS))}")
        return names

    @model_validator(mode="after")
    def _something_to_minimise(self) -> "Loss":
        if unknown := set(self.__pydantic_extra__) - set(LOSS_TERMS):
            raise ValueError(f"{min(unknown)} is no loss term; choose from {', '.join(LOSS_TERMS)}")
        if not any(self.terms.values()):
            raise ValueError("at least one loss weight must be above zero")
        if self.terms["vgg"] and not self.vgg_layers:
            raise ValueError("the VGG16 term needs at least one layer")
        if self.vgg_shares and len(self.vgg_shares) != len(self.vgg_layers):
            raise ValueError("there must be one share for each VGG16 layer, or none at all")
        if self.vgg_shares and not any(self.vgg_shares):
            raise ValueError("at least one share of a VGG16 layer must be above zero")
        if not all(self.terms[name] for name in self.dial):
            raise ValueError("a term on the dial needs a weight above zero")
        if self.dial and not any(w for n, w in self.terms.items() if n not in self.dial):
            raise ValueError("at least one term with a weight must stay off the dial")
        return self

    def __hash__(self) -> int:
        return hash((*(getattr(self, n) for n in Loss.model_fields), *self.terms.items()))

    @property
    def terms(self) -> dict[str, float]:
        """The weight of each term, 0 for those not in use, in the registry's order."""
        return {n: self.__pydantic_extra__.get(n, term.default) for n, term in LOSS_TERMS.items()}

    def weights(self) -> dict[str, float]:
        """The terms in use and the number beside each; parts of a term are terms of their own, and
        come last."""
        used = {name: weight for name, weight in self.terms.items() if weight > 0}
        parts: dict[str, float] = {}
        for name, weight in used.items():
            if shares := LOSS_TERMS[name].shares:
                found = shares(self)
                whole = sum(found.values())
                parts |= {f"{name}_{n}": weight * share / whole for n, share in found.items()}
        return {n: w for n, w in used.items() if not LOSS_TERMS[n].shares} | parts

    def dialled(self, factors: Mapping[str, float], setting: Sequence[float]) -> dict[str, float]:
        """The factors of all terms while the dial stands at ``setting`` (0 to 1 for each term).

        All are made smaller as the dial adds weight, so that no setting moves the network more
        than another.
        """
        stands = dict(zip(self.dial, setting, strict=True))
        parts = {n: stands.get(term.name, 1.0) for n in factors if (term := term_of(n))}
        added = sum(w * parts[n] for n, w in self.weights().items())
        fixed = sum(w for n, w in self.terms.items() if n not in self.dial)
        return {n: factor * parts[n] * fixed / added for n, factor in factors.items()}

    def downloads(self) -> bool:
        """Whether it needs what does not ship and has to be downloaded at its first use."""
        used = (LOSS_TERMS[name] for name, weight in self.terms.items() if weight > 0)
        return any(t.shares and t.downloaded & set(t.shares(self)) for t in used)


def settings() -> Iterator[Setting]:
    """Every setting of a loss by its dotted key: how terms are weighed, their weights, the rest."""
    weighting, *rest = fields(Loss, "loss.")
    yield weighting
    for name, term in LOSS_TERMS.items():
        group = Group.FIRST if term.first else Group.TERMS
        yield Setting(f"loss.{name}", term.title, term.sentence, group, float)
    yield from rest
