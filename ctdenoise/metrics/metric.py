"""What a metric is, what it is measured on, and the registry of all of them.

The modules beside this one register theirs, so that a metric is one file; tables, command line,
reports and events iterate over :data:`METRICS`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from inspect import signature
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.registry import Registry
from ctdenoise.units import Window


@dataclass(frozen=True)
class Region:
    """A rectangle of pixels: its first row and column, its height and width, in pixels."""

    row: int
    column: int
    height: int
    width: int

    def of(self, image: NDArray[np.floating]) -> NDArray[np.floating]:
        """The pixels of ``image`` (..., rows, columns) inside the region.

        Raises :class:`Problem` where the region does not lie inside the image.

        >>> Region(1, 0, 1, 2).of(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
        array([[4., 5.]])
        """
        rows, columns = image.shape[-2:]
        bottom, right = self.row + self.height, self.column + self.width
        if (
            min(self.height, self.width) < 1
            or min(self.row, self.column) < 0
            or (bottom > rows or right > columns)
        ):
            raise Problem(
                "The region",
                f"of {self.height} x {self.width} pixels at row {self.row}, column {self.column} "
                f"does not lie inside the image of {rows} x {columns} pixels",
                "move it or make it smaller",
            )
        return image[..., self.row : bottom, self.column : right]


@dataclass(frozen=True)
class SsimWindow:
    """In what neighbourhoods of each pixel SSIM takes its means and variances.

    ``side`` in pixels; ``words`` for captions; ``settings`` as scikit-image's
    ``structural_similarity`` takes them.
    """

    name: str
    side: int
    words: str
    settings: Mapping[str, Any] = field(compare=False, repr=False)


SSIM_WINDOWS = {
    window.name: window
    for window in (
        # Wang et al., "Image quality assessment: from error visibility to structural similarity",
        # IEEE TIP 2004; cut at 3.5 sigma.
        SsimWindow("gaussian", 11, "Gaussian windows (sigma 1.5) of 11 x 11 pixels",
                   {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}),
        # scikit-image's defaults, with which Eulig et al. (below) work.
        SsimWindow("uniform", 7, "uniform windows of 7 x 7 pixels",
                   {"win_size": 7, "use_sample_covariance": True}),
    )
}  # fmt: skip
"""What the literature uses, by name."""
GAUSSIAN, UNIFORM = SSIM_WINDOWS["gaussian"], SSIM_WINDOWS["uniform"]


@dataclass(frozen=True)
class Convention:
    """Where PSNR and SSIM clip both images, in the image's unit, and SSIM's neighbourhoods; their
    data range is the window's width. The same error of 10 HU reads 32.0 dB at a range of 400 HU and
    52.2 dB at 4096: a number without its convention says nothing."""

    name: str
    window: Window
    ssim: SsimWindow = GAUSSIAN

    @property
    def data_range(self) -> float:
        """Width of the window, in the image's unit."""
        return self.window.width

    @property
    def how(self) -> str:
        """All that PSNR and SSIM depend on, as the end of a sentence."""
        return (
            f"clipped to {self.window.lower:g} to {self.window.upper:g} (window {self.name}), data "
            f"range {self.data_range:g}, SSIM in {self.ssim.words}"
        )

    @property
    def sentence(self) -> str:
        """The convention in words, for captions and reports."""
        compared = [metric for metric in METRICS.values() if "reference" in metric.needs]
        plain = titles(m for m in compared if "convention" not in m.needs)
        return f"{titles(clipped())} {self.how}; {plain} on unclipped values"


CONVENTIONS = {
    convention.name: convention
    for convention in (
        # With the windows of Eulig et al., "Benchmarking deep learning-based low-dose CT image
        # denoising algorithms", Medical Physics 2024 ...
        Convention("chest", Window(-600, 1500)),
        Convention("abdomen", Window(50, 400)),
        Convention("neuro", Window(40, 80)),
        # ... and as their LDCT benchmark computes them (ldctbench, compute_metric): SSIM by
        # scikit-image's defaults, and windows as DICOM defines them (PS3.3 C.11.2.1.2), which end
        # half a unit below the level and are one unit narrower.
        Convention("ldct-chest", Window(-600.5, 1499), UNIFORM),
        Convention("ldct-abdomen", Window(49.5, 399), UNIFORM),
        Convention("ldct-neuro", Window(39.5, 79), UNIFORM),
        # Chen et al., "Low-dose CT with a residual encoder-decoder CNN", IEEE TMI 2017: -160..240.
        Convention("red-cnn", Window(40, 400)),
        # Every number that 12 bits hold: -1024..3071.
        Convention("full", Window(1023.5, 4095)),
    )
}
"""What the literature uses, by name."""


def viewing(window: Window) -> Convention:
    """The convention of the window that a person looks through.

    >>> viewing(Window(40, 400)).data_range
    400
    """
    return Convention("as viewed", window)


def spanning(references: NDArray[np.floating]) -> Convention:
    """From the lowest to the highest value of ``references``: for images that are not in HU.

    >>> spanning(np.array([3.0, 7.0, 11.0])).window
    Window(level=7.0, width=8.0)
    """
    lower, upper = float(references.min()), float(references.max())
    return Convention("own range", Window((lower + upper) / 2, max(upper - lower, 1e-6)))


@dataclass(frozen=True, eq=False)
class Sample:
    """One slice and what is known about it; ``image`` and ``reference`` are (rows, columns) in one
    unit, ``spacing`` is the distance of rows and of columns in mm.

    Raises :class:`Problem` for a reference of another size and for NaN in either.
    """

    image: NDArray[np.floating]
    convention: Convention | None = None
    reference: NDArray[np.floating] | None = None
    region: Region | None = None
    background: Region | None = None
    spacing: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.reference is None:
            return
        if self.image.shape != self.reference.shape:
            raise Problem(
                "The image",
                f"of {' x '.join(map(str, self.image.shape))} pixels cannot be compared with a "
                f"reference of {' x '.join(map(str, self.reference.shape))}",
                "use images of one size",
            )
        if not (np.isfinite(self.image).all() and np.isfinite(self.reference).all()):
            raise Problem(
                "The image",
                "or its reference holds values that are not numbers (NaN or infinite)",
                "read the files again or leave out this slice",
            )

    def holds(self, needs: Iterable[str]) -> bool:
        """Whether everything in ``needs`` is known."""
        return all(getattr(self, need) is not None for need in needs)


@dataclass(frozen=True)
class Metric:
    """A number that tells how good an image is.

    ``name`` is what files and the command line call it, ``title`` what tables write above it.
    ``function`` takes the image and, under their names in :class:`Sample`, the things that it
    needs; it returns None where the image has no such number, which tables write as ``missing``.
    ``unit`` is "dB" for instance, "image" for the image's own unit, "image²" for its square and
    empty for a plain number; ``digits`` stand behind the point, and a
    column of text is at least ``width`` characters wide. ``meaning`` is a phrase for help,
    ``better`` says which numbers are the better ones, if any are. Short tables (a report, the
    Compare page) leave out what is not a ``headline``, because another metric says the same.

    >>> Metric("peak", "Peak", lambda image, region: 0.0, unit="image", digits=1).heading("HU")
    'Peak (HU)'
    """

    name: str
    title: str
    function: Callable[..., float | None]
    meaning: str = ""
    unit: str = ""
    digits: int = 2
    width: int = 8
    better: Literal["smaller", "larger"] | None = None
    missing: str = ""
    headline: bool = True
    rank: int = 100

    @property
    def needs(self) -> frozenset[str]:
        """Those fields of a :class:`Sample` that ``function`` takes after the image."""
        return _needs(self.function)

    def measure(self, sample: Sample) -> float | None:
        """The number of ``sample``, which must hold what the metric needs."""
        return self.function(sample.image, **{need: getattr(sample, need) for need in self.needs})

    @property
    def in_image_unit(self) -> bool:
        """Whether its numbers have the image's unit or its square."""
        return self.unit in ("image", "image²")

    def heading(self, image_unit: str) -> str:
        """Title and unit, above a column, of images in ``image_unit``, which may be empty."""
        unit = self.unit
        if self.in_image_unit:
            unit = unit.replace("image", image_unit) if image_unit else ""
        return f"{self.title} ({unit})" if unit else self.title

    def text(self, value: float | None, digits: int | None = None) -> str:
        """A number of it in writing, with other than its own ``digits`` where they are given."""
        if value is None:
            return self.missing
        return f"{value:.{self.digits if digits is None else digits}f}"


METRICS: Registry[Metric] = Registry("metric", "ctdenoise.metrics")
"""All metrics by name."""


def measure(sample: Sample, metrics: Iterable[Metric] | None = None) -> dict[str, float | None]:
    """By name, all ``metrics`` (those that are registered) for which ``sample`` holds enough.

    >>> measure(Sample(np.array([[1.0, 3.0]]), region=Region(0, 0, 1, 2)))["mean"]
    2.0
    """
    chosen = METRICS.values() if metrics is None else metrics
    return {m.name: m.measure(sample) for m in chosen if sample.holds(m.needs)}


@cache
def _needs(function: Callable[..., float | None]) -> frozenset[str]:
    _, *needs = signature(function).parameters
    return frozenset(needs)


def headlines(*, of_region: bool) -> list[Metric]:
    """What short tables show of a region, or of whole images."""
    drawn = {"region", "background"}
    return [m for m in METRICS.values() if m.headline and bool(drawn & m.needs) == of_region]


def mean_over_slices(slices: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Mean of each metric over the slices that have a number of it, None where none has.

    >>> mean_over_slices([{"psnr": 30.0}, {"psnr": None}, {"psnr": 40.0}])
    {'psnr': 35.0}
    """
    found: dict[str, float | None] = {}
    for name in dict.fromkeys(name for each in slices for name in each):
        values = [value for each in slices if (value := each.get(name)) is not None]
        found[name] = float(np.mean(values)) if values else None
    return found


def clipped() -> list[Metric]:
    """The metrics that depend on a :class:`Convention`."""
    return [metric for metric in METRICS.values() if "convention" in metric.needs]


def titles(metrics: Iterable[Metric]) -> str:
    """Their titles as part of a sentence.

    >>> titles(METRICS[name] for name in ("rmse", "psnr", "ssim"))
    'RMSE, PSNR and SSIM'
    """
    *others, last = [metric.title for metric in metrics]
    return f"{', '.join(others)} and {last}" if others else last
