"""The formats that a denoised scan can be taken home in; one registry of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Progress
from ctdenoise.registry import Registry
from ctdenoise.scans.scan import SliceSource
from ctdenoise.units import Window

if TYPE_CHECKING:
    from ctdenoise.exports.report import Report


@dataclass(frozen=True)
class Content:
    """A denoised scan as those who write it see it: the mix input + ``mix`` * (output - input)
    of its finished slices.

    ``id`` tells the result from any other; ``name`` is what somebody called the scan, and so goes
    into reports alone; ``method`` is the title of what denoised it. ``shape`` is that of a slice,
    (rows, columns), and ``finished`` the indices of the finished ones, in order. ``origins``
    (finished, 3), ``orientation`` (6,), ``spacing`` and ``thickness`` are in mm, as in a
    :class:`~ctdenoise.scans.scan.Scan`. ``sources`` are the DICOM files of the finished slices, and
    empty where there are none, as in a ``pair``. ``index`` and ``window`` are the slice in view.
    """

    id: str
    name: str
    method: str
    unit: str
    mix: float
    index: int
    window: Window
    shape: tuple[int, int]
    finished: Sequence[int]
    origins: NDArray[np.float64]
    orientation: Sequence[float]
    spacing: tuple[float, float] | None
    thickness: float | None
    pair: bool
    sources: Sequence[SliceSource]
    mixed: Callable[[int], NDArray[np.float32]]
    """A finished slice by its index, (rows, columns)."""
    report: "Callable[[], Report]"
    """The report on the slice in view; made when it is called for."""

    def slices(self, tell: Progress) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Every finished slice (rows, columns) with its index, one after the other; ``tell`` hears
        how many have been used."""
        for done, index in enumerate(self.finished, 1):
            yield index, self.mixed(index)
            tell(done / len(self.finished), f"Slice {done} of {len(self.finished)}")


def _nothing(content: Content) -> str:
    return ""


@dataclass(frozen=True)
class ExportFormat:
    """A kind of file, of all finished slices (``scope`` "series") or of the one in view ("slice").

    ``sentence`` says what is in it, above all of the patient; ``suffix`` ends the file's name, and
    ``mime`` is its media type (RFC 6838). ``lacking`` tells in a sentence why a scan cannot be
    written so, and is empty where it can; ``note`` says what becomes of this scan in particular.
    ``write`` writes the file; a folder that is deleted afterwards holds nothing else.
    """

    name: str
    rank: int
    title: str
    sentence: str
    suffix: str
    mime: str
    scope: Literal["series", "slice"]
    write: Callable[[Content, Path, Progress], None]
    lacking: Callable[[Content], str] = _nothing
    note: Callable[[Content], str] = _nothing


FORMATS: Registry[ExportFormat] = Registry("format", "ctdenoise.exports")
