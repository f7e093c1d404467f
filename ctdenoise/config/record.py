"""What the records of settings are made of, and each setting as forms and helps need it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo


class Record(BaseModel):
    """A frozen set of settings that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Group(StrEnum):
    """Where the form shows a setting, in its order; all but the first stand behind "more"."""

    FIRST = "First"
    TERMS = "More loss terms"
    NETWORK = "Network"
    LOSS = "Loss"
    OPTIMISER = "Optimiser"
    DATA = "Data"
    DURATION = "How long"
    MACHINE = "Machine"


Sentence = str | Callable[[], str]
Words = Mapping[str, str] | Callable[[], Mapping[str, str]]


def setting(
    title: str,
    sentence: Sentence,
    group: Group,
    *,
    unit: str = "",
    words: Words | None = None,
    slider: int | None = None,
    step: int = 1,
    **limits: Any,
) -> Any:
    """A field with what its control needs.

    ``sentence`` tells what will be seen when it moves; ``words`` what people call its options. Both
    may be functions, where a registry knows them. ``slider``: where its slider ends; links and the
    command line may go to the limits. ``step``: from one whole number to the next.
    """
    extra: Any = {"sentence": sentence, "group": group, "unit": unit, "words": words or {},
                  "slider": slider, "step": step}  # fmt: skip
    return Field(title=title, json_schema_extra=extra, **limits)


@dataclass(frozen=True)
class Setting:
    """One setting by its dotted ``key``, as the form, links and the command line know it.

    ``kind``: bool, int, float, str or tuple; ``options``: what may be chosen and what people call
    it, empty where anything may be; ``lowest`` and ``highest``: limits of a whole number.
    """

    key: str
    title: str
    sentence: str
    group: Group
    kind: type
    unit: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    lowest: int | None = None
    highest: int | None = None
    slider: int | None = None
    step: int = 1


def fields(record: type[Record], prefix: str = "") -> Iterator[Setting]:
    """Every field of a record that was made by :func:`setting`, in order."""
    for name, info in record.model_fields.items():
        if isinstance(info.json_schema_extra, dict):
            yield _setting(f"{prefix}{name}", info, dict(info.json_schema_extra))


def _setting(key: str, info: FieldInfo, extra: dict[str, Any]) -> Setting:
    kind, members = _kind(info.annotation)
    sentence, words = (x() if callable(x) else x for x in (extra["sentence"], extra["words"]))
    limits = {name: getattr(m, name) for m in info.metadata for name in ("ge", "le")
              if hasattr(m, name)}  # fmt: skip
    return Setting(
        key=key,
        title=str(info.title),
        sentence=sentence,
        group=extra["group"],
        kind=kind,
        unit=extra["unit"],
        options={member: words.get(member, member) for member in members or words},
        lowest=limits.get("ge"),
        highest=limits.get("le"),
        slider=extra["slider"],
        step=extra["step"],
    )


def _kind(annotation: Any) -> tuple[type, tuple[str, ...]]:
    """The plain type behind an annotation, and the options that it lists."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return str, arguments
    if origin is tuple:
        return tuple, _kind(arguments[0])[1]
    if isinstance(annotation, type):
        if issubclass(annotation, StrEnum):
            return str, tuple(member.value for member in annotation)
        return annotation, ()
    return _kind(next(argument for argument in arguments if argument is not NoneType))
