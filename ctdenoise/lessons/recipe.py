"""What the live elements of a lesson train: configs from a preset and what differs."""

from collections.abc import Iterator, Mapping
from typing import Any

from ctdenoise.config.config import Config, as_text, override
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.sweep import Axis, grid
from ctdenoise.errors import Problem
from ctdenoise.lessons.model import Sweep, Train
from ctdenoise.losses.term import LOSS_TERMS


def config(show: Train | Sweep) -> Config:
    """The config of a preset with some settings of its own; :class:`Problem` where there is none
    such."""
    if show.preset not in PRESETS:
        raise Problem(
            f"The preset {show.preset}", "does not exist", f"choose one of {', '.join(PRESETS)}"
        )
    return override(PRESETS[show.preset], dict(_flat(show.settings)))


def cells(show: Sweep) -> list[tuple[str, Config]]:
    """The runs of a sweep with their names; :class:`Problem` where it cannot be ordered."""
    if show.over not in LOSS_TERMS:
        raise Problem(
            f"The weight {show.over}", "does not exist", f"choose one of {', '.join(LOSS_TERMS)}"
        )
    axis = Axis(show.over, show.values)
    title = axis.title.split(" (")[0]
    return [(f"{title} {value:g}", each) for (value,), each in grid(config(show), [axis])]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Settings by their dotted keys, as :func:`override` reads them."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", as_text(value)
