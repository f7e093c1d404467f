"""What people take home of a denoised scan: files made on a worker, whole or not at all.

They lie in the result's folder, ``takeaway/<form>/``, one of each form: a newer one replaces it.
"""

import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.jobs import functions as jobs
from ctdenoise.scans import scan
from ctdenoise.scans.images import is_image
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.settings import settings
from ctdenoise.units import Window
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.results import Denoising, Source, find, slices_of

Form = Literal["dicom", "nifti", "npy", "png", "html", "pdf"]
SERIES: dict[Form, str] = {"dicom": "zip", "nifti": "nii.gz", "npy": "npy"}
"""Forms of all finished slices, and how their files' names end."""
VIEWS: dict[Form, str] = {"png": "png", "html": "html", "pdf": "pdf"}
"""Forms of the one slice in view, through its window."""

LEFT_SECONDS = 3600
"""What is still half-made after so long was left by a worker that was killed."""


@dataclass(frozen=True)
class Order:
    """What shall be made: the mix input + ``strength`` * (output - input), and the view."""

    form: Form
    strength: float
    frame: int
    window: Window

    def name(self, slices: int) -> str:
        """Of the file, without anything of the scan; ``slices`` are finished."""
        told = f"denoised-{slices}-strength-{self.strength:.2f}"
        if self.form in SERIES:
            return f"{told}.{SERIES[self.form]}"
        seen = f"slice-{self.frame + 1}-window-{self.window.level:g}-{self.window.width:g}"
        return f"{told}-{seen}.{VIEWS[self.form]}"


def file(result: Denoising, order: Order) -> Path:
    """Where what was ordered lies, once it is made."""
    return result.folder / "takeaway" / order.form / order.name(len(result.figures))


def lacking(source: Source, form: Form) -> str:
    """Why a scan cannot be taken away in this form, in a sentence; empty where it can."""
    if form == "dicom" and source.kind == "pair":
        return (
            "A pair keeps no DICOM headers, so there is no DICOM series to derive from it: take "
            "NIfTI or NPY, or denoise the scan itself."
        )
    if form == "dicom" and not _dicom_files(source):
        return "This scan did not come as DICOM: take NIfTI or NPY."
    if form == "nifti" and source.load().spacing is None:
        return "This scan has no pixel spacing, which NIfTI must say: take NPY."
    return ""


def progress(result: Denoising, form: Form) -> tuple[float, str]:
    """How far the file of this form is, as :func:`jobs.progress` tells it."""
    return jobs.progress(str(_progress_file(result, form)))


@telling_disk_problems
def make(workspace: str, id: str, order: Order) -> None:
    """The job: write what was ordered of a result where :func:`file` has it, instead of the last
    one of its form. Raises :class:`Problem` where the form cannot hold it."""
    result = find(workspace, id)
    if reason := lacking(result.record.source, order.form):
        raise Problem(result.record.name, "cannot be taken away so", reason.rstrip("."))
    path = file(result, order)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    with (
        jobs.telling(_progress_file(result, order.form)) as tell,
        TemporaryDirectory(prefix=".", dir=path.parent) as making,
    ):
        made = Path(making) / path.name
        _WRITERS[order.form](result, order, made, tell)
        os.replace(made, path)
    for other in path.parent.iterdir():
        if other.is_file() and other != path:
            other.unlink()


def _sweep(folder: Path) -> None:
    """Remove what a worker that was killed left half-made, not what another is making."""
    for left in folder.glob(".*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_SECONDS:
                shutil.rmtree(left)


def mixed(result: Denoising, index: int, strength: float) -> NDArray[np.float32]:
    """A finished slice (rows, columns) at a strength; the output's own values at 1."""
    after = result.outputs[index]
    if strength == 1:
        return np.array(after)
    before = np.array(slices_of(result.record.source.load())[index])
    return before + np.float32(strength) * (after - before)


def _slices(
    result: Denoising, order: Order, tell: jobs.Progress
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Every finished slice with its index, one after the other."""
    finished = sorted(result.figures)
    for done, index in enumerate(finished, 1):
        yield index, mixed(result, index, order.strength)
        tell(done / len(finished), f"Slice {done} of {len(finished)}")


def _dicom(result: Denoising, order: Order, path: Path, tell: jobs.Progress) -> None:
    """A zip of one derived file a slice. The library's files are de-identified; that they are so
    again costs little and holds for scans that came another way too."""
    from ctdenoise.scans.writing import write_series

    record, files = result.record, _dicom_files(result.record.source)
    share = "" if order.strength == 1 else f", {order.strength:.0%} of it mixed with the input"
    folder = path.parent / "series"
    write_series(
        ((files[index], image) for index, image in _slices(result, order, tell)),
        folder,
        description=f"Denoised, {record.title}{share}",
        recipe=f"{record.id} {order.strength:g} {len(result.figures)}",
        deidentify=True,
    )
    tell(1.0, "Packing")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, f"denoised/{each.name}")


def _nifti(result: Denoising, order: Order, path: Path, tell: jobs.Progress) -> None:
    from ctdenoise.exports.nifti import write_nifti

    source = result.record.source.load()
    write_nifti(
        (image for _, image in _slices(result, order, tell)),
        path,
        origins=origins(source)[sorted(result.figures)],
        orientation=source.orientation,
        spacing=source.spacing,
        thickness=source.facts.thickness_mm if isinstance(source, Scan) else None,
        unit=source.unit,
    )


def origins(source: Scan | Pair) -> NDArray[np.float64]:
    """Where each slice begins, (slices, 3) in mm; of a pair, and of files that do not say it, only
    how far along the normal is known."""
    if isinstance(source, Scan) and source.origins.any():
        return source.origins
    along, down = np.reshape(source.orientation, (2, 3))
    return np.outer(source.positions, np.cross(along, down))


def _npy(result: Denoising, order: Order, path: Path, tell: jobs.Progress) -> None:
    """Float32 (slices, rows, columns); not through a memory map, in which a full disk would end the
    process."""
    shape = (len(result.figures), *result.outputs.shape[1:])
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for _, image in _slices(result, order, tell):
            file.write(image.astype("<f4", copy=False).tobytes())


def _png(result: Denoising, order: Order, path: Path, tell: jobs.Progress) -> None:
    from ctdenoise.exports.png import png

    image = mixed(result, order.frame, order.strength)
    told = f"Denoised, {result.record.title}, strength {order.strength:.0%}. Not for diagnosis."
    path.write_bytes(png(image, order.window, result.record.source.load().orientation, told))


def _html(result: Denoising, order: Order, path: Path, tell: jobs.Progress) -> None:
    from ctdenoise.exports.report_html import html

    path.write_text(html(_report(result, order)), encoding="utf-8")


def _pdf(result: Denoising, order: Order, path: Path, tell: jobs.Progress) -> None:
    from ctdenoise.exports.report_pdf import pdf

    path.write_bytes(pdf(_report(result, order)))


def _report(result: Denoising, order: Order) -> Any:
    from ctdenoise.workspace.result_report import account

    image = mixed(result, order.frame, order.strength)
    return account(result, order.frame, image, order.strength, order.window)


_WRITERS = {"dicom": _dicom, "nifti": _nifti, "npy": _npy, "png": _png, "html": _html, "pdf": _pdf}


def _dicom_files(source: Source) -> list[scan.Source]:
    """The DICOM file of every slice; empty where there are none."""
    if source.kind == "pair":
        return []
    files = Library(settings().workspaces / source.owner).sources(source.id)
    return [] if any(is_image(each.path) for each in files) else files


def _progress_file(result: Denoising, form: Form) -> Path:
    return result.folder / "takeaway" / f"{form}.json"
