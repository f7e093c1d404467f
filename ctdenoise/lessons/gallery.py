"""The gallery of mistakes: settings that go wrong, with a result that was prepared (no torch).

    lessons/gallery/<id>/entry.yaml     what is told, asked and shown
                         figures.json   what was measured when the pictures were made
                         pictures.npz   int16 HU, (rows, columns) each, by name; spacing in mm

``lessons/gallery/prepare.py`` makes the figures and the pictures. In every text of an entry, and in
the right answer of a slider, ``{name}`` or ``{name:.1f}`` is the figure of that name: no number is
written twice.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from ctdenoise import stored
from ctdenoise.config.config import Config, override
from ctdenoise.config.presets import PRESETS
from ctdenoise.errors import Problem
from ctdenoise.lessons.alterations import Disc
from ctdenoise.lessons.model import Choice, Part, Slider, Text
from ctdenoise.scans.sample import SERIES, Series
from ctdenoise.settings import ROOT

FOLDER = ROOT / "lessons" / "gallery"
ENTRY, FIGURES, PICTURES = "entry.yaml", "figures.json", "pictures.npz"
SPACING = "spacing"
"""In the file of the pictures, beside them: distance of rows and of columns in mm."""
_PLACE = re.compile(r"\{(\w+)(?::([^{}]*))?\}")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Role = Literal["low", "full", "wrong", "right", "other"]
"""What a picture is, by which it has its colour."""


class Shown(Part):
    """One picture. ``minus``: the picture that is subtracted from it. ``later``: only after the
    answer."""

    name: Text
    picture: Name
    role: Role
    minus: Name | None = None
    note: str = ""
    later: bool = True


class Training(Part):
    """A run: what differs from a preset, by the config's own names."""

    name: Text
    preset: str = "recommended"
    config: dict[str, Any] = Field(default_factory=dict)

    @property
    def settings(self) -> Config:
        """All of its settings; :class:`Problem` where there is no such setting or value."""
        if self.preset not in PRESETS:
            raise Problem(
                f"The preset {self.preset}", "does not exist", f"choose one of {', '.join(PRESETS)}"
            )
        return override(PRESETS[self.preset], {k: _typed(v) for k, v in self.config.items()})


class Scanned(Part):
    """A scan of the sample's ``series``, altered; with a ``dose`` (a fraction) its low dose is
    simulated, of the series' own kernel or of another ``f50`` in lp/mm."""

    name: Text
    series: str
    shift: float = 0.0
    disc: Disc | None = None
    dose: Annotated[float, Field(ge=0.01, lt=1)] | None = None
    f50: Annotated[float, Field(gt=0)] | None = None

    @field_validator("series")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in _SERIES:
            raise ValueError(f"must be one of {', '.join(_SERIES)}")
        return name

    @property
    def of(self) -> Series:
        """What of the sample it is made from."""
        return _SERIES[self.series]


class Live(Part):
    """How the mistake is made live: what the button does, in a ``sentence``; ``runs`` that learn
    from the sample's ``series``, a ``scan`` for the workspace, and the ``page`` on which it is
    seen."""

    button: Text
    sentence: Text
    runs: tuple[Training, ...] = ()
    series: tuple[str, ...] = tuple(each.prefix for each in SERIES)
    scan: Scanned | None = None
    page: Literal["Compare", "Denoise", "Watch"] = "Compare"

    @field_validator("series")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or set(names) - set(_SERIES):
            raise ValueError(f"must be some of {', '.join(_SERIES)}")
        return names


class Entry(Part):
    """One mistake. ``seen``: what is to be seen, once it is answered, as Markdown. ``view``: the
    (row, column) in the middle of the pictures and how often they are enlarged; all if none."""

    id: Name
    place: int
    title: Text
    sentences: Text
    ask: Annotated[Choice | Slider, Field(discriminator="kind")]
    seen: Text
    window: tuple[float, Annotated[float, Field(gt=0)]]
    view: tuple[float, float, Annotated[float, Field(ge=1)]] | None = None
    pictures: Annotated[tuple[Shown, ...], Field(min_length=2)]
    live: Live
    figures: dict[str, float]
    spacing: tuple[float, float]

    @model_validator(mode="after")
    def _pictures_go_together(self) -> "Entry":
        names = {each.picture for each in self.pictures if each.minus is None}
        for each in self.pictures:
            if each.minus is not None and not {each.picture, each.minus} <= names:
                raise ValueError(f"{each.name} subtracts pictures that are not shown")
        return self


_SERIES = {each.prefix: each for each in SERIES}


def entries(folder: Path = FOLDER) -> list[Entry]:
    """All of them, in their order; :class:`Problem` for the first mistake in one."""
    found = [entry(path.parent.name, folder) for path in folder.glob(f"*/{ENTRY}")]
    return sorted(found, key=lambda each: each.place)


def entry(id: str, folder: Path = FOLDER) -> Entry:
    """One of them; :class:`Problem` where it is not there or something in it is wrong."""
    place = folder / id
    if not re.fullmatch(r"[a-z][a-z0-9-]*", id) or not (place / ENTRY).is_file():
        raise Problem(f"The mistake {id}", "is not in the gallery", "choose one from the list")
    return _read(place, tuple((place / n).stat().st_mtime_ns for n in (ENTRY, FIGURES, PICTURES)))


def picture(id: str, name: str, folder: Path = FOLDER) -> NDArray[np.int16]:
    """A prepared picture in HU, (rows, columns); :class:`Problem` where there is none."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", id) or not (folder / id / PICTURES).is_file():
        raise Problem("This picture", "is not in the gallery", "choose a mistake from the list")
    with stored.reading(f"The pictures of {id}", "install CT Denoise again"):
        with np.load(folder / id / PICTURES, allow_pickle=False) as found:
            pixels: NDArray[np.int16] = found[name]
        if pixels.ndim != 2 or pixels.dtype != np.int16:
            raise ValueError("a picture is int16, (rows, columns)")
    return pixels


@lru_cache(maxsize=64)
def _read(place: Path, stamps: tuple[int, ...]) -> Entry:
    where = f"{place.name}/{ENTRY}"
    with stored.reading(f"The figures of {place.name}", "make them anew with prepare.py"):
        figures: dict[str, float] = json.loads((place / FIGURES).read_bytes())
        with np.load(place / PICTURES, allow_pickle=False) as held:
            names, spacing = set(held.files), held[SPACING].tolist()
    try:
        given = yaml.safe_load((place / ENTRY).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1} is no YAML" if mark else "it is no YAML"
        raise Problem(where, f"cannot be read ({line})", "correct it") from error
    if not isinstance(given, dict):
        raise Problem(where, "holds no settings", "begin with a title")
    own = {"id": place.name, "figures": figures, "spacing": spacing}
    try:
        found = Entry.model_validate(_filled(given, figures, where) | own)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        told = f"{key}: {reason}" if key else reason
        raise Problem(where, f"has a mistake ({told})", "correct it") from error
    for each in found.pictures:
        if {each.picture, each.minus or each.picture} - names:
            raise Problem(where, f"shows a picture that there is not ({each.picture})",
                          f"choose one of {', '.join(sorted(names - {SPACING}))}")  # fmt: skip
    for run in found.live.runs:
        try:
            _ = run.settings
        except Problem as problem:
            raise Problem(where, f"has a mistake in its run {run.name} ({problem})", "correct it"
                          ) from problem  # fmt: skip
    return found


def _filled(value: Any, figures: Mapping[str, float], where: str) -> Any:
    """``value`` with every figure that its texts name put in its place."""

    def figure(found: re.Match[str]) -> str:
        name, form = found[1], found[2] or ""
        try:
            return format(figures[name], form)
        except KeyError as error:
            raise Problem(where, f"names a figure that was not measured ({name})",
                          f"choose one of {', '.join(sorted(figures))}") from error  # fmt: skip
        except ValueError as error:
            raise Problem(where, f"writes {name} in a form that there is not ({form})",
                          "write it as :.1f for one digit behind the point") from error  # fmt: skip

    if isinstance(value, str):
        return _PLACE.sub(figure, value)
    if isinstance(value, list):
        return [_filled(each, figures, where) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, figures, where) for key, each in value.items()}
    return value


def _typed(value: Any) -> str:
    """A setting's value as people type it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
