"""What people take home of a denoised scan: files made on a worker, whole or not at all.

They lie in the result's folder, ``takeaway/<format>/``, one of each format: a newer one replaces
it.
"""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ctdenoise import files
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.exports.formats import FORMATS, Content
from ctdenoise.exports.report import Report
from ctdenoise.jobs import functions as jobs
from ctdenoise.scans import scan
from ctdenoise.scans.images import is_image
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.settings import settings
from ctdenoise.units import Window
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.results import Denoising, Source, find, slices_of

LEFT_SECONDS = 3600
"""What is still half-made after so long was left by a worker that was killed."""


@dataclass(frozen=True)
class Order:
    """What shall be made: one of :data:`~ctdenoise.exports.formats.FORMATS` by its name, the mix
    input + ``strength`` * (output - input), and the view: slice ``frame`` through ``window``."""

    format: str
    strength: float
    frame: int
    window: Window

    def name(self, slices: int) -> str:
        """Of the file, without anything of the scan; ``slices`` are finished."""
        form = FORMATS.find(self.format)
        told = f"denoised-{slices}-strength-{self.strength:.2f}"
        if form.scope == "slice":
            told += f"-slice-{self.frame + 1}-window-{self.window.level:g}-{self.window.width:g}"
        return f"{told}.{form.suffix}"


def file(result: Denoising, order: Order) -> Path:
    """Where what was ordered lies, once it is made."""
    return result.folder / "takeaway" / order.format / order.name(len(result.figures))


def lacking(result: Denoising, order: Order) -> str:
    """Why a scan cannot be taken away in this format, in a sentence; empty where it can."""
    return FORMATS.find(order.format).lacking(content(result, order))


def progress(result: Denoising, format: str) -> tuple[float, str]:
    """How far the file of this format is, as :func:`jobs.progress` tells it."""
    return jobs.progress(str(_progress_file(result, format)))


@telling_disk_problems
def make(workspace: str, id: str, order: Order) -> None:
    """The job: write what was ordered of a result where :func:`file` has it, instead of the last
    one of its format. Raises :class:`Problem` where the format cannot hold it."""
    result = find(workspace, id)
    form, given = FORMATS.find(order.format), content(result, order)
    if reason := form.lacking(given):
        raise Problem(result.record.name, "cannot be taken away so", reason.rstrip("."))
    path = file(result, order)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.sweep(path.parent.glob(".*"), LEFT_SECONDS)
    with (
        jobs.telling(_progress_file(result, order.format)) as tell,
        TemporaryDirectory(prefix=".", dir=path.parent) as making,
    ):
        made = Path(making) / path.name
        form.write(given, made, tell)
        os.replace(made, path)
    for other in path.parent.iterdir():
        if other.is_file() and other != path:
            other.unlink()


def content(result: Denoising, order: Order) -> Content:
    """What there is of a result to write; slices are mixed and the report is made when a format
    calls for them."""
    record, finished = result.record, sorted(result.figures)
    source = record.source.load()
    headers = _dicom_files(record.source)
    rows, columns = result.outputs.shape[1:]
    return Content(
        id=record.id,
        name=record.name,
        method=record.title,
        unit=source.unit,
        strength=order.strength,
        index=order.frame,
        window=order.window,
        shape=(rows, columns),
        finished=finished,
        origins=origins(source)[finished],
        orientation=source.orientation,
        spacing=source.spacing,
        thickness=source.facts.thickness_mm if isinstance(source, Scan) else None,
        pair=isinstance(source, Pair),
        sources=[headers[index] for index in finished] if headers else [],
        mixed=partial(mixed, result, strength=order.strength),
        report=partial(_report, result, order),
    )


def mixed(result: Denoising, index: int, strength: float) -> NDArray[np.float32]:
    """A finished slice (rows, columns) at a strength; the output's own values at 1."""
    after = result.outputs[index]
    if strength == 1:
        return np.array(after)
    before = np.array(slices_of(result.record.source.load())[index])
    return before + np.float32(strength) * (after - before)


def origins(source: Scan | Pair) -> NDArray[np.float64]:
    """Where each slice begins, (slices, 3) in mm; of a pair, and of files that do not say it, only
    how far along the normal is known."""
    if isinstance(source, Scan) and source.origins.any():
        return source.origins
    along, down = np.reshape(source.orientation, (2, 3))
    return np.outer(source.positions, np.cross(along, down))


def _report(result: Denoising, order: Order) -> Report:
    from ctdenoise.workspace.result_report import account

    image = mixed(result, order.frame, order.strength)
    return account(result, order.frame, image, order.strength, order.window)


def _dicom_files(source: Source) -> list[scan.Source]:
    """The DICOM file of every slice; empty where there are none."""
    if source.kind == "pair":
        return []
    found = Library(settings().workspaces / source.owner).sources(source.id)
    return [] if any(is_image(each.path) for each in found) else found


def _progress_file(result: Denoising, format: str) -> Path:
    return result.folder / "takeaway" / f"{format}.json"
