"""What a report says, whatever it is written as: pictures and tables of plain text.

Nothing in it names a patient as long as the caller's own words (title, settings) do not: arrays
carry no identity, and the pairs that a network learned from are counted, not named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ctdenoise import __version__
from ctdenoise.config.config import Config
from ctdenoise.exports.png import AXIAL, grey
from ctdenoise.losses.term import term_title
from ctdenoise.metrics.metric import (
    CONVENTIONS,
    METRICS,
    Convention,
    Metric,
    Sample,
    measure,
    titles,
    viewing,
)
from ctdenoise.metrics.noise import noise_level
from ctdenoise.units import DIFFERENCE, WINDOWS, Window

WARNING = (
    "CT Denoise is not a medical device. This report is for teaching and research only: a network "
    "can remove real findings and invent false ones. Never use it for a diagnosis or a treatment."
)
MOST = 300
"""Characters of one value of a card: somebody else wrote it."""
WORDS = {
    "pairs": "Pairs learned from",
    "split": "How slices were divided",
    "step": "Steps",
    "validation_mse": "Error on validation patches (MSE)",
    "low_mse": "Error of the low dose there (MSE)",
    "train_seconds": "Training time (s)",
}
"""What people call the parts of a card; errors are in its own unit, squared."""


@dataclass(frozen=True)
class ReportPicture:
    """``grey``: uint8 (rows, columns), upright, the window burnt in."""

    name: str
    caption: str
    grey: NDArray[np.uint8]


@dataclass(frozen=True)
class Table:
    """Text in rows as long as ``columns``; a first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """``sentence`` sums it up; ``made`` is the day and the program's version."""

    title: str
    sentence: str
    made: str
    pictures: tuple[ReportPicture, ...]
    tables: tuple[Table, ...]


def make_report(
    title: str,
    given: NDArray[np.floating],
    denoised: NDArray[np.floating],
    full: NDArray[np.floating] | None = None,
    *,
    place: str = "",
    unit: str = "HU",
    window: Window | None = None,
    orientation: Sequence[float] = AXIAL,
    spacing: tuple[float, float] | None = None,
    convention: Convention | None = None,
    settings: Mapping[str, object] | None = None,
    card: Mapping[str, object] | None = None,
    more: Sequence[Table] = (),
) -> Report:
    """The report on one slice, (rows, columns) each: before, after and, where known, full dose.

    ``place`` says which slice it is ("Slice 12 of 30"), ``spacing`` its distance of rows and of
    columns in mm. ``window`` is soft tissue for HU and the
    input's mean ± 3 SD for other units where none is given; ``convention`` is that of PSNR and
    SSIM, the abdomen's for HU. ``settings`` tell how the result was made, ``card`` comes from the
    checkpoint, ``more`` are tables of the caller's, of a whole series for instance.
    """
    hu = unit == "HU"
    window = window or (WINDOWS["soft tissue"] if hu else Window.automatic(given))
    convention = convention or (CONVENTIONS["abdomen"] if hu else viewing(window))
    removed = Window(0, DIFFERENCE if hu else window.width / 2)
    seen = f"Window {window.level:g}/{window.width:g} {unit}".strip()
    images = {"Input": given, "Denoised": denoised}
    if full is not None:
        images["Full dose"] = full
    pictures = [ReportPicture(n, seen, grey(i, window, orientation)) for n, i in images.items()]
    caption = f"Input minus denoised, ± {removed.upper:g} {unit}".strip()
    difference = grey(given - denoised, removed, orientation)
    pictures.insert(2, ReportPicture("Removed noise", caption, difference))
    noise = {name: noise_level(image) for name, image in images.items()}
    samples = {
        name: Sample(image, convention, None if image is full else full, spacing=spacing)
        for name, image in images.items()
    }
    tables = [_figures(samples, noise, unit, convention), *more]
    tables.append(_listed("How it was made", settings, unit))
    tables.append(_listed("Card of the checkpoint", card, unit))
    return Report(
        title=title,
        sentence=f"{place + '. ' if place else ''}{_fell(noise, unit)}",
        made=f"{date.today():%Y-%m-%d}, CT Denoise {__version__}",
        pictures=tuple(pictures),
        tables=tuple(table for table in tables if table.rows),
    )


def described(config: Config) -> dict[str, str]:
    """The settings of a run in words, for ``settings`` or ``card`` of :func:`make_report`."""
    said: dict[str, str] = {}
    for name, field in type(config).model_fields.items():
        value, extra = getattr(config, name), field.json_schema_extra
        if name in ("loss", "device", "precision") or value is None:
            continue
        unit = str(extra.get("unit") or "") if isinstance(extra, dict) else ""
        unit = unit.removesuffix("s") if value == 1 else unit
        said[str(field.title)] = f"{_text(value).replace('_', ' ')} {unit}".strip()
    sign = " %" if config.loss.weighting == "influence" else ""
    weights = config.loss.weights()
    said["Loss"] = ", ".join(f"{term_title(n)} {w:g}{sign}" for n, w in weights.items())
    return said


def _figures(
    samples: Mapping[str, Sample], noise: Mapping[str, float], unit: str, convention: Convention
) -> Table:
    """Noise of each image and all metrics that can be measured on it: where the full dose is known,
    how near to it each is."""
    headlines = [metric for metric in METRICS.values() if metric.headline]
    found = {name: measure(sample, headlines) for name, sample in samples.items()}
    shown = [metric for metric in headlines if any(metric.name in each for each in found.values())]
    rows = tuple(
        (name, _number(noise[name], unit), *(_cell(metric, each, unit) for metric in shown))
        for name, each in found.items()
    )
    where = "soft tissue" if unit == "HU" else "the picture"
    note = f"Noise: the most frequent SD among small squares of {where}."
    if compared := [metric for metric in shown if "reference" in metric.needs]:
        note = f"{note} {titles(compared)} against the full dose. {convention.sentence}."
    columns = ("Image", f"Noise ({unit})" if unit else "Noise", *(m.heading(unit) for m in shown))
    return Table("In numbers", columns, rows, note)


def _cell(metric: Metric, found: Mapping[str, float | None], unit: str) -> str:
    """The number of ``metric`` in writing; empty where it was not measured."""
    if metric.name not in found:
        return ""
    value = found[metric.name]
    if value is not None and metric.in_image_unit:
        return _number(value, unit)
    return metric.text(value)


def _fell(noise: Mapping[str, float], unit: str) -> str:
    before, after = noise["Input"], noise["Denoised"]
    first, then = (f"{_number(value, unit)} {unit}".strip() for value in (before, after))
    less = f", {1 - after / before:.0%} less" if after < before else ""
    return f"Noise of {first} before and {then} after{less}."


def _number(value: float, unit: str) -> str:
    return f"{value:.1f}" if unit == "HU" else f"{value:.4g}"


def _listed(title: str, values: Mapping[str, object] | None, unit: str) -> Table:
    said = dict(values or {})
    unit = str(said.get("unit", unit))
    if isinstance(pairs := said.get("pairs"), list | tuple):
        said["pairs"] = len(pairs)  # their names are what somebody called the scans of patients
    return Table(title, ("", ""), tuple((_label(n, unit), _text(v)) for n, v in said.items()))


def _label(name: str, unit: str = "") -> str:
    words = WORDS.get(name) or name.replace("_", " ")
    if unit and name in WORDS:
        words = words.replace("(MSE)", f"(MSE, {unit}²)")
    return f"{words[:1].upper()}{words[1:]}"[:MOST]


def _text(value: object) -> str:
    match value:
        case bool():
            text = "yes" if value else "no"
        case float():
            text = f"{value:.4g}"
        case Mapping():
            text = ", ".join(f"{_label(str(n))}: {_text(v)}" for n, v in value.items())
        case list() | tuple():
            text = ", ".join(map(_text, value))
        case _:
            text = str(value)
    return text if len(text) <= MOST else f"{text[: MOST - 2]} …"
