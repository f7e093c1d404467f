"""What people take of a denoised scan or of a run: files made on a worker, whole or not at all.

Those of a result lie in its folder, ``exports/<format>/``, one of each format: a newer one replaces
it. Those of a run lie in the run's.
"""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.exports.formats import FORMATS, Content
from ctdenoise.exports.report import Report
from ctdenoise.files import sweep, write_atomically
from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, Kind, Running
from ctdenoise.scans import scan
from ctdenoise.scans.images import is_image
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.units import Window
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.results import Result, Source, find, slices_of
from ctdenoise.workspace.runs import find_run

LEFT_SECONDS = 3600
"""What is still half-made after so long was left by a worker that was killed."""
NETWORK_FILE, CARD_FILE = "network.onnx", "card.zip"


class Export(Arguments):
    """A file of a result in a format of :data:`~ctdenoise.exports.formats.FORMATS`: the mix input +
    ``mix`` * (output - input) and, of a slice's format, slice ``index`` through the window
    (``level``, ``width``)."""

    result: str
    format: str
    mix: float
    index: int
    level: float
    width: float

    def name(self, slices: int) -> str:
        """Of the file, without anything of the scan; ``slices`` are finished."""
        form = FORMATS.find(self.format)
        told = f"denoised-{slices}-strength-{self.mix:.2f}"
        if form.scope == "slice":
            told += f"-slice-{self.index + 1}-window-{self.level:g}-{self.width:g}"
        return f"{told}.{form.suffix}"


class OfRun(Arguments):
    """A file of a run, by its id, as the run is called, as it stands and as it was after
    ``epoch``: a file that was made before is none of it as it is now."""

    run: str
    name: str
    state: str
    epoch: int


def file(result: Result, asked: Export) -> Path:
    """Where what is asked for lies, once it is made."""
    return result.folder / "exports" / asked.format / asked.name(len(result.figures))


def lacking(result: Result, asked: Export) -> str:
    """Why a result cannot be written so, in a sentence; empty where it can."""
    return FORMATS.find(asked.format).lacking(content(result, asked))


def note(result: Result, asked: Export) -> str:
    """What becomes of this result in the format, in a sentence; empty where it stays as it is."""
    return FORMATS.find(asked.format).note(content(result, asked))


@telling_disk_problems
def _export(running: Running[Export]) -> str:
    """Write the file instead of the last one of its format; its name. Raises :class:`Problem` where
    the format cannot hold it."""
    asked = running.arguments
    result = find(running.job.workspace, asked.result)
    form, given = FORMATS.find(asked.format), content(result, asked)
    if reason := form.lacking(given):
        raise Problem(result.record.name, "cannot be taken away so", reason.rstrip("."))
    path = result.folder / "exports" / asked.format / asked.name(len(given.finished))
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent.glob(".*"), LEFT_SECONDS)
    with TemporaryDirectory(prefix=".", dir=path.parent) as making:
        made = Path(making) / path.name
        form.write(given, made, running.tell)
        made.replace(path)
    for other in path.parent.iterdir():
        if other.is_file() and other != path:
            other.unlink(missing_ok=True)  # another export may have come before us
    return path.name


def content(result: Result, asked: Export) -> Content:
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
        mix=asked.mix,
        index=asked.index,
        window=Window(asked.level, asked.width),
        shape=(rows, columns),
        finished=finished,
        origins=origins(source)[finished],
        orientation=source.orientation,
        spacing=source.spacing,
        thickness=source.facts.thickness_mm if isinstance(source, Scan) else None,
        pair=isinstance(source, Pair),
        sources=[headers[index] for index in finished] if headers else [],
        mixed=partial(mixed, result, mix=asked.mix),
        report=partial(_report, result, asked),
    )


def mixed(result: Result, index: int, mix: float) -> NDArray[np.float32]:
    """A finished slice (rows, columns) at a mix; the output's own values at 1."""
    after = result.outputs[index]
    if mix == 1:
        return np.array(after)
    before = np.array(slices_of(result.record.source.load())[index])
    blended: NDArray[np.float32] = before + np.float32(mix) * (after - before)
    return blended


def origins(source: Scan | Pair) -> NDArray[np.float64]:
    """Where each slice begins, (slices, 3) in mm; of a pair, and of files that do not say it, only
    how far along the normal is known."""
    if isinstance(source, Scan) and source.origins.any():
        return source.origins
    along, down = np.reshape(source.orientation, (2, 3))
    return np.outer(source.positions, np.cross(along, down))


def _report(result: Result, asked: Export) -> Report:
    from ctdenoise.workspace.result_report import account

    image = mixed(result, asked.index, asked.mix)
    return account(result, asked.index, image, asked.mix, Window(asked.level, asked.width))


def _dicom_files(source: Source) -> list[scan.SliceSource]:
    """The DICOM file of every slice; empty where there are none."""
    if source.kind == "pair":
        return []
    found = library_of(source.owner).sources(source.id)
    return [] if any(is_image(each.path) for each in found) else found


def _export_network(running: Running[OfRun]) -> str:
    """The newest network of a run as ONNX; the file's name in the run's folder."""
    from ctdenoise.exports.onnx import export_onnx

    folder = find_run(running.arguments.run).folder
    export_onnx(folder, folder / NETWORK_FILE)
    return NETWORK_FILE


@telling_disk_problems
def _run_card(running: Running[OfRun]) -> str:
    """The run card as a zip; the file's name in the run's folder."""
    from ctdenoise.workspace.run_card import card

    run = find_run(running.arguments.run)
    write_atomically(run.folder / CARD_FILE, card(run))
    return CARD_FILE


EXPORT = KINDS.register(Kind("export", "The export", "files", Export, _export))
EXPORT_NETWORK = KINDS.register(
    Kind(
        "export-network",
        "The network's file",
        "interactive",
        OfRun,
        _export_network,
        ANSWER_SECONDS,
    )
)
RUN_CARD = KINDS.register(
    Kind("run-card", "The run card", "interactive", OfRun, _run_card, ANSWER_SECONDS)
)
