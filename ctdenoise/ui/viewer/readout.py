"""What the viewer tells of the frame in view, below the pictures; moved in the browser alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A number under its title. ``values`` and ``notes`` (small, below it): one text a frame."""

    title: str
    values: tuple[str, ...]
    notes: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True)
class Course:
    """One line of a chart, one value a frame, None where there is none; ``color`` (#rrggbb) and
    ``dash`` (Plotly's names) as those of its image."""

    name: str
    values: tuple[float | None, ...]
    color: str
    dash: str = "solid"


@dataclass(frozen=True)
class Chart:
    """Lines over all frames, with a mark at the one in view; a click chooses another."""

    title: str
    curves: tuple[Course, ...]
    log: bool = False


@dataclass(frozen=True)
class Table:
    """Behind its title; a cell has one text a frame, or a single one for all. ``note`` below it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Readout:
    """``at``: where each frame lies on the axis ``across`` of the charts, whole numbers, and
    ``end``: where that axis ends. ``remarks``: a sentence a frame, empty where there is none."""

    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...]
    at: tuple[int, ...]
    across: str
    end: int
    remarks: tuple[str, ...]
    table: Table | None = None
