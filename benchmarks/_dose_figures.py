"""The pictures of docs/dose-validation.md, on white, so that they read in light and dark."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ctdenoise.ui.components import palette

Curve = NDArray[np.floating]
FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH, HEIGHT = 8.6, 3.6
THEORY: dict[str, Any] = {
    "color": "#555555",
    "linestyle": "--",
    "linewidth": 1.2,
    "label": "theory",
}
TRUE: dict[str, Any] = {
    "color": palette.FULL.color, "marker": "o", "markerfacecolor": "none", "linewidth": 0.0,
}  # fmt: skip
OURS: dict[str, Any] = {
    "color": palette.LOW.color, "marker": "x", "linewidth": 0.8, "label": "ours",
}  # fmt: skip

mpl.rcParams.update({
    "svg.hashsalt": "ctdenoise", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#e6e6e6", "lines.markersize": 4.5,
    "legend.frameon": False,
})  # fmt: skip


def dose_law(
    doses: Sequence[float], bodies: Mapping[str, tuple[Sequence[float], Sequence[float]]]
) -> None:
    """Added SD in units of full dose's against dose, a panel a body."""
    figure, panels = _panels(len(bodies), share=True)
    percent, fine = 100 * np.array(doses), np.geomspace(0.01, 0.9, 200)
    for axes, (name, (true, made)) in zip(panels, bodies.items(), strict=True):
        axes.plot(100 * fine, np.sqrt(1 / fine - 1), **(THEORY | {"label": "√(1/a − 1)"}))
        axes.plot(percent, true, **TRUE, label="independent")
        axes.plot(percent, made, **OURS)
        axes.set(xscale="log", yscale="log", title=name.capitalize(), xlabel="Dose (%)")
        axes.set_xticks([1, 2, 5, 10, 25, 50, 100], ["1", "2", "5", "10", "25", "50", "100"])
        axes.set_yticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
        axes.minorticks_off()
    panels[0].set_ylabel("Added SD / SD at full dose")
    _save(figure, panels, "dose-sd.svg")


def texture(panels_: Sequence[tuple[str, Curve, Curve, Curve, Curve]], wanted: float) -> None:
    """Radial spectra; a line where theory says that they peak."""
    figure, panels = _panels(len(panels_))
    for axes, (title, frequencies, expected, true, made) in zip(panels, panels_, strict=True):
        axes.axvline(wanted, color="#bbbbbb", linewidth=1)
        axes.plot(frequencies, expected, **THEORY)
        axes.plot(frequencies, true, **TRUE, label="independent")
        axes.plot(frequencies, made, **OURS)
        axes.set(title=title, xlabel="Spatial frequency (lp/mm)", xlim=(0, 0.54), ylim=(0, None))
    panels[0].set_ylabel("Noise power (HU² mm²)")
    _save(figure, panels, "dose-nps.svg")


def streaks(panels_: Sequence[tuple[str, Curve, Curve, Curve]]) -> None:
    """Noise power by the direction in which streaks run, at right angles to the frequency's."""
    figure, panels = _panels(len(panels_))
    angle = np.arange(18) * 10 + 5 - 90
    for axes, (title, expected, true, made) in zip(panels, panels_, strict=True):
        axes.plot(angle, expected, **THEORY)
        axes.plot(angle, true, **TRUE, label="independent")
        axes.plot(angle, made, **OURS)
        axes.set(title=title, xlabel="Direction of the streaks (°; 0 = along the body)")
        axes.set_ylim(0, None)
        axes.set_xticks([-90, -45, 0, 45, 90])
        axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    panels[0].set_ylabel("Noise power / f W(f)² (HU² mm³)")
    _save(figure, panels, "dose-streaks.svg")


def phantom(panels_: Sequence[tuple[str, Curve, Curve, Curve]]) -> None:
    figure, panels = _panels(len(panels_))
    for axes, (title, frequencies, theirs, ours) in zip(panels, panels_, strict=True):
        axes.plot(frequencies, theirs, **TRUE, label="FDA's")
        axes.plot(frequencies, ours, **OURS)
        axes.set(title=title, xlabel="Spatial frequency (lp/mm)", xlim=(0, 0.56), ylim=(0, None))
    panels[0].set_ylabel("Noise power (HU² mm²)")
    _save(figure, panels, "dose-phantom.svg")


def pictures(shown: Mapping[str, Curve], level: float = 0, width: float = 1200) -> None:
    figure, panels = _panels(len(shown), height=2.5)
    for axes, (title, image) in zip(panels, shown.items(), strict=True):
        rows = slice(image.shape[0] // 5, -image.shape[0] // 5)
        axes.imshow(image[rows], cmap="gray", vmin=level - width / 2, vmax=level + width / 2)
        axes.set_title(title)
        axes.set_axis_off()
    figure.savefig(FOLDER / "dose-pictures.png", dpi=110)


def _panels(
    count: int, *, height: float = HEIGHT, share: bool = False
) -> tuple[Figure, list[Axes]]:
    figure = Figure((WIDTH, height), layout="constrained", facecolor="white")
    return figure, list(np.atleast_1d(figure.subplots(1, count, sharey=share)))


def _save(figure: Figure, panels: list[Axes], name: str) -> None:
    panels[-1].legend()
    figure.savefig(FOLDER / name, metadata={"Date": None})
