"""Files on their way home: where a browser finds them, and the route that sends them to whom they
belong.

Whatever is made from a scan goes this way and not through Streamlit's download button, whose link
works for everybody who has it. Files are sent from the disk, piece by piece.
"""

import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from ctdenoise.config.run_folder import kept
from ctdenoise.errors import Problem
from ctdenoise.exports.formats import FORMATS, ExportFormat
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds.export import EXPORT_NETWORK, RUN_CARD, OfRun
from ctdenoise.ui import addresses, pictures
from ctdenoise.ui.visitors import COOKIE, workspace_of
from ctdenoise.workspace import classes, results
from ctdenoise.workspace.access import Thing, Visitor, require
from ctdenoise.workspace.classes import Class
from ctdenoise.workspace.results import Result
from ctdenoise.workspace.runs import Run, find_run

if TYPE_CHECKING:
    from ctdenoise.ui.viewer import Pane

ROUTE = "downloads"
MADE_SECONDS = 120
"""Longest that a file of a run may take to be written."""
OWN = {"Cache-Control": "private, no-cache"}

Of = Literal["card", "network"]
Ends = tuple[tuple[float, float], tuple[float, float]]


def of_result(result: Result, form: ExportFormat, file: Path) -> str:
    """The address of a file that was prepared of a result."""
    record = result.record
    return addresses.link(ROUTE, "result", record.workspace, record.id, form.name, file.name)


def of_run(run: Run, what: Of) -> str:
    """The address of a run's card or of its newest network, made when it is asked for."""
    return addresses.link(ROUTE, "run", run.id, what)


def of_class(id: str, *, named: bool) -> str:
    """The address of all that a class answered and trained, for its teacher."""
    return addresses.link(ROUTE, "class", id, "names" if named else "anonymous")


def of_profile(
    panes: "Sequence[Pane]", frame: int, line: Ends, spacing: tuple[float, float] | None
) -> str:
    """The address of the values along a line, (row, column) to (row, column), in one frame of
    panes."""
    shown = [(pane.name, pane.frames[min(frame, len(pane.frames) - 1)]) for pane in panes]
    ends = [("end", f"{row},{column}") for row, column in line]
    scale = [("spacing", "{},{}".format(*spacing))] if spacing else []
    pairs = [pair for name, picture in shown for pair in (("name", name), ("picture", picture))]
    return addresses.link(ROUTE, "profile", query=[*ends, *scale, *pairs])


async def serve(request: Request) -> Response:
    """Answer with the file; a problem is told in its one sentence."""
    try:
        workspace = await run_in_threadpool(workspace_of, request.cookies.get(COOKIE))
        if workspace is None:
            raise Problem(
                "This file",
                "is its owner's alone",
                "open it from the dashboard, in a browser that keeps its cookie",
            )
        parts = request.path_params["address"].split("/")
        return await run_in_threadpool(_file, Visitor(workspace), parts, request.query_params)
    except Problem as problem:
        return PlainTextResponse(str(problem), status_code=404)


def _file(visitor: Visitor, parts: list[str], query: QueryParams) -> Response:
    match parts:
        case ["result", owner, id, form, name]:
            require(visitor, "see", Thing(owner, "result", id), what="This file")
            return _of_result(results.find(owner, id), FORMATS.find(form), name)
        case ["run", id, "card" | "network" as what]:
            run = find_run(id)
            require(visitor, "see", Thing(run.workspace, "run", id), what="This file")
            return _of_run(run, what)
        case ["class", id, "names" | "anonymous" as how]:
            require(visitor, "change", Thing("", "class", id), what="This export")
            return _of_class(classes.find(id), named=how == "names")
        case ["profile"]:
            return _profile(visitor, query)
    raise _gone()


def _of_class(found: Class, *, named: bool) -> Response:
    """Made anew each time: a class is small, and may go on."""
    from ctdenoise.workspace.class_export import archive

    name = f"{found.name}, {'with names' if named else 'anonymous'}.zip"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(_clean(name))}", **OWN}
    return Response(archive(found, named=named), media_type="application/zip", headers=headers)


def _of_result(result: Result, form: ExportFormat, name: str) -> Response:
    folder = result.folder / "exports" / form.name
    if name not in [path.name for path in folder.glob("[!.]*")]:
        raise _gone()
    return _sent(folder / name, f"{result.record.name}-{name}", form.mime)


def _of_run(run: Run, what: Of) -> Response:
    if what == "card":
        return _sent(made(run, what), f"{run.name}.zip", "application/zip")
    return _sent(made(run, what), f"{run.name}.onnx", "application/octet-stream")


def made(run: Run, what: Of) -> Path:
    """A file of a run, written by a job; :class:`Problem` where that fails."""
    epochs = kept(run.folder)
    if not epochs:
        raise Problem(run.name, "has no network yet", "wait for its first epoch")
    kind = RUN_CARD if what == "card" else EXPORT_NETWORK
    asked = OfRun(run=run.id, name=run.name, state=run.state, epoch=epochs[-1])
    name: str = executor().answer(kind, asked, run.workspace, MADE_SECONDS)
    return run.folder / name


def _profile(visitor: Visitor, query: QueryParams) -> Response:
    """The values along a line as CSV: millimetres or pixels, then a column a picture."""
    from ctdenoise.exports import spreadsheets
    from ctdenoise.metrics.profile import line_profile

    try:
        start, end = (_two(text) for text in query.getlist("end"))
        spacing = _two(query["spacing"]) if "spacing" in query else None
        names, shown = query.getlist("name"), query.getlist("picture")
        if not shown or len(names) != len(shown):
            raise ValueError("no pictures")
    except ValueError as error:
        raise _gone() from error
    columns = []
    for address in shown:
        image = pictures.load(address, visitor.workspace).astype(np.float32)
        distance, values = line_profile(image, start, end, spacing)
        columns.append(values)
    text = io.StringIO()
    table = csv.writer(text)
    first = f"Distance along the line ({'mm' if spacing else 'pixels'})"
    table.writerow(spreadsheets.row([first, *names]))
    table.writerows(zip(distance, *columns, strict=True))
    headers = {"Content-Disposition": 'attachment; filename="profile.csv"', **OWN}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def _two(text: str) -> tuple[float, float]:
    one, other = map(float, text.split(","))
    if not (math.isfinite(one) and math.isfinite(other)):
        raise ValueError("not finite")
    return one, other


def _sent(path: Path, name: str, mime: str) -> Response:
    """A file from the disk under a name that every system can keep."""
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise _gone() from error
    return FileResponse(path, filename=_clean(name), media_type=mime, headers=OWN, stat_result=stat)


def _clean(name: str) -> str:
    return re.sub(r"[^\w.,;()+ -]+", "-", name).strip(" .-") or "download"


def _gone() -> Problem:
    return Problem("This file", "is not there any more", "prepare it again on its page")
