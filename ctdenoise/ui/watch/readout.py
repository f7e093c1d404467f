"""What Watch tells of the epoch in view: its figures, the curves of all epochs, the loss terms."""

from collections.abc import Sequence

from ctdenoise.config import progress_slice
from ctdenoise.config.config import Config
from ctdenoise.config.events import Epoch, Started
from ctdenoise.losses.term import term_title
from ctdenoise.metrics.metric import clipped, titles, viewing
from ctdenoise.ui.components import palette, panes
from ctdenoise.ui.viewer import Chart, Course, Figure, Readout, Table
from ctdenoise.units import Window
from ctdenoise.workspace.runs import Run

EMPTY = (
    "Starts from nothing: before training this network's picture is empty, and it has to learn the "
    "whole patient. One that learns the noise begins with the low dose."
)


def readout(run: Run, epochs: Sequence[Epoch], start: Started, unit: str) -> Readout:
    """Everything that moves with the epoch in view."""
    planned = run.config.epochs if run.live and not run.config.time_budget_s else 0
    return Readout(
        figures=(_error(epochs, unit), *_of_picture(epochs, start, unit)),
        charts=(_learning_curve(run, epochs, unit), _term_curves(epochs)),
        at=tuple(each.epoch for each in epochs),
        across="Epoch",
        end=max(planned, epochs[-1].epoch),
        remarks=tuple(
            EMPTY if each.epoch == 0 and starts_from_nothing(run.config, run.parent) else ""
            for each in epochs
        ),
        table=_terms(epochs, start),
    )


def starts_from_nothing(config: Config, parent: str) -> bool:
    """Whether the untrained network's picture is empty, and not the low dose or a parent's."""
    return not config.residual and not parent


def convention(start: Started) -> str:
    """What the figures of the picture depend on, as a sentence."""
    return f"{titles(clipped())} of the picture shown, {viewing(Window(*start.window)).how}."


def against_low(error: float, low: float) -> str:
    """A squared error beside that of the low dose, in words.

    >>> against_low(50, 200), against_low(210, 200), against_low(200, 200)
    ('75 % below the low dose', '5 % above the low dose', 'as the low dose')
    >>> against_low(36_704, 200), against_low(500, 200), against_low(5, 0)
    ('184 times the low dose', '2.5 times the low dose', '')
    """
    if not low:
        return ""
    times = error / low
    if times >= 2:
        return f"{times:,.{int(times < 10)}f} times the low dose"
    percent = round(100 * (times - 1))
    if not percent:
        return "as the low dose"
    return f"{abs(percent)} % {'above' if percent > 0 else 'below'} the low dose"


def _error(epochs: Sequence[Epoch], unit: str) -> Figure:
    return Figure(
        f"Validation MSE ({unit}²)" if unit else "Validation MSE",
        tuple(
            f"{e.validation_mse:,.0f}" if unit == "HU" else f"{e.validation_mse:.3g}"
            for e in epochs
        ),
        tuple(against_low(e.validation_mse, e.low_mse) for e in epochs),
        "Mean squared error on patches that training never saw.",
    )


def _of_picture(epochs: Sequence[Epoch], start: Started, unit: str) -> list[Figure]:
    """PSNR, SSIM and the like, wherever an epoch has them."""
    found = [dict(progress_slice.figures(each)) for each in epochs]
    metrics = dict.fromkeys(metric for each in found for metric in each)
    return [
        Figure(
            metric.heading(unit),
            tuple(metric.text(e.get(metric), max(metric.digits - 1, 0)) for e in found),
            help=convention(start),
        )
        for metric in metrics
    ]


def _learning_curve(run: Run, epochs: Sequence[Epoch], unit: str) -> Chart:
    """Validation error over the epochs, beside the untouched low dose."""
    style = panes.run_style(run)
    return Chart(
        f"Validation error (MSE, {unit}²)" if unit else "Validation error (MSE)",
        (
            Course("network", tuple(e.validation_mse for e in epochs), style.color),
            Course("low dose", tuple(e.low_mse for e in epochs), palette.LOW.color, "dash"),
        ),
        log=True,
    )


def _term_curves(epochs: Sequence[Epoch]) -> Chart:
    """Each loss term relative to its first epoch, so that all fit one axis."""
    first = next((e.terms for e in epochs if e.terms), {})
    return Chart(
        "Loss terms (% of the first epoch's)",
        tuple(
            Course(
                term_title(name),
                tuple(100 * e.terms[name] / (begin or 1) if name in e.terms else None
                      for e in epochs),
                palette.TERMS[number % len(palette.TERMS)],
                palette.DASHES[number // len(palette.TERMS) % len(palette.DASHES)],
            )
            for number, (name, begin) in enumerate(first.items())
        ),
    )  # fmt: skip


def _terms(epochs: Sequence[Epoch], start: Started) -> Table:
    """What the loss was made of at the end of each epoch."""
    return Table(
        "Loss terms in numbers",
        ("Term", "Factor", "Value", "Gradient (norm)"),
        tuple(
            (
                (term_title(name),),
                (_number(factor),),
                tuple(_number(e.terms.get(name)) for e in epochs),
                tuple(_number(e.gradients.get(name)) for e in epochs),
            )
            for name, factor in start.factors.items()
        ),
        "The loss is the sum of value × factor. A term whose gradient is small beside the others' "
        f"does little. Computed on {start.device} in {start.precision}.",
    )


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
