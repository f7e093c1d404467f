"""Uploads on their way in: the route that takes them, piece by piece, and where they wait.

A browser first says what it is going to send, the names and sizes of its files. Then it sends each
file in pieces, each with the place at which it begins, so that after a broken connection it goes on
where it was. What was chosen and what arrived can be compared at any time, by the list.

    uploads/<id>.coming/list.json   what was said
                        0, 1, ...   what has arrived of each file, by its number
    uploads/<id>/                   all of it under the names that readers go by, see :func:`take`
"""

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import safe
from ctdenoise.scans.budget import MEGABYTE
from ctdenoise.settings import settings
from ctdenoise.ui import addresses
from ctdenoise.ui.visitors import COOKIE, no_workspace, workspace_of
from ctdenoise.units import counted
from ctdenoise.workspace import quota

ROUTE = addresses.below("uploads")
PIECE = 8 << 20
"""Most bytes that are sent at once; so much memory a request takes."""
MOST_OPEN = 4
"""Uploads of a workspace that may be on their way; the oldest makes room for another."""
LIST_BYTES = 4 << 20
QUIET_SECONDS = 10
"""After which an upload that nothing is added to counts as left."""

_ID = re.compile(r"[0-9a-f]{12}")


class Chosen(BaseModel):
    """A file as its browser named it, with its folders, and its size in bytes."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    size: Annotated[int, Field(ge=0)]


_LIST = TypeAdapter(list[Chosen])


@telling_disk_problems
def announce(workspace: str, chosen: list[Chosen]) -> str:
    """Make room for these files; the upload's id. :class:`Problem` above the limits."""
    limits = settings()
    if not chosen or len(chosen) > limits.upload_files:
        raise Problem(
            f"An upload of {counted(len(chosen), 'file')}",
            f"is not between 1 and {counted(limits.upload_files, 'file')}",
            "choose other files",
        )
    for each in chosen:
        if each.size > limits.upload_file_mb * MEGABYTE:
            raise Problem(
                each.name, f"is larger than {limits.upload_file_mb} MB", "split or shrink it"
            )
    if sum(each.size for each in chosen) > limits.upload_total_mb * MEGABYTE:
        raise Problem(
            "The upload", f"is larger than {limits.upload_total_mb} MB in all", "choose fewer files"
        )
    quota.require(workspace, more_bytes=sum(each.size for each in chosen), more_jobs=0)
    home = _home(workspace)
    home.mkdir(parents=True, exist_ok=True)
    coming = sorted(home.glob("*.coming"), key=lambda path: path.stat().st_mtime)
    for old in coming[: max(len(coming) + 1 - MOST_OPEN, 0)]:
        shutil.rmtree(old, ignore_errors=True)
    id = secrets.token_hex(6)
    folder = home / f"{id}.coming"
    folder.mkdir()
    (folder / "list.json").write_bytes(_LIST.dump_json(chosen))
    return id


@telling_disk_problems
def receive(workspace: str, id: str, number: int, begin: int, piece: bytes) -> int:
    """Keep a piece that begins at byte ``begin`` of a file; how many bytes of it are there now.
    What does not go on where the file ends is left out; a piece that comes twice, even at once, is
    there once."""
    folder, chosen = _coming(workspace, id)
    if not 0 <= number < len(chosen):
        raise _unknown()
    place = folder / str(number)
    place.touch()
    with place.open("r+b") as file:
        there = file.seek(0, os.SEEK_END)
        if begin == there and begin + len(piece) <= chosen[number].size:
            file.seek(begin)  # where another may have written the same by now
            file.write(piece)
            there += len(piece)
    return there


def chosen(workspace: str, id: str) -> list[tuple[str, Path]]:
    """The files of an upload: the name that each was given, and where what arrived of it lies."""
    folder, listed = _coming(workspace, id)
    return [(each.name, folder / str(number)) for number, each in enumerate(listed)]


def missing(workspace: str, id: str) -> list[str]:
    """The names of those files that were chosen and have not arrived whole."""
    folder, listed = _coming(workspace, id)
    places = [folder / str(number) for number in range(len(listed))]
    return [
        each.name
        for each, place in zip(listed, places, strict=True)
        if not place.is_file() or place.stat().st_size != each.size
    ]


def left(workspace: str) -> list[tuple[str, int, int]]:
    """Uploads whose page went before all had arrived: id, files that have arrived, files in all."""
    found: list[tuple[str, int, int]] = []
    for folder in sorted(_home(workspace).glob("*.coming")):
        id = folder.name.removesuffix(".coming")
        with suppress(OSError, Problem):
            newest = max(each.stat().st_mtime for each in folder.iterdir())
            if time.time() - newest > QUIET_SECONDS:  # else another tab may be sending it
                files = len(chosen(workspace, id))
                found.append((id, files - len(missing(workspace, id)), files))
    return found


@telling_disk_problems
def drop(workspace: str, id: str) -> None:
    """Give up an upload that was left."""
    folder, _ = _coming(workspace, id)
    shutil.rmtree(folder)


@telling_disk_problems
def take(workspace: str, id: str) -> str:
    """Give what arrived whole the names that readers go by, below ``uploads/id``; the id."""
    lost = set(missing(workspace, id))
    target = _home(workspace) / id
    target.mkdir()
    files: set[str] = set()
    folders: set[str] = set()
    for number, (name, place) in enumerate(chosen(workspace, id)):
        if name in lost:
            continue
        inside = Path(*safe(name))
        above = {str(folder).casefold() for folder in inside.parents}
        if str(inside).casefold() in files | folders or above & files:  # the same but for letters
            inside = Path(f"again-{number}") / inside.name
            above = {str(folder).casefold() for folder in inside.parents}
        files.add(str(inside).casefold())
        folders |= above
        (target / inside).parent.mkdir(parents=True, exist_ok=True)
        place.rename(target / inside)
    shutil.rmtree(_home(workspace) / f"{id}.coming", ignore_errors=True)
    return id


async def _announce(request: Request) -> Response:
    body = await _body(request, LIST_BYTES)
    try:
        listed = _LIST.validate_json(body)
    except ValidationError as error:
        raise Problem("The upload", "has no list of its files", "reload the page") from error
    return JSONResponse({"id": await run_in_threadpool(announce, await _visitor(request), listed)})


async def _receive(request: Request) -> Response:
    id, number = request.path_params["id"], request.path_params["number"]
    begin = int(request.path_params["begin"])
    workspace = await _visitor(request)
    piece = await _body(request, PIECE)
    there = await run_in_threadpool(receive, workspace, id, number, begin, piece)
    return JSONResponse({"there": there})


async def _body(request: Request, most: int) -> bytes:
    """What was sent, up to a limit; a connection that breaks raises ``ClientDisconnect``."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise Problem("The upload", "sends too much at once", "reload the page")
    return bytes(body)


async def _visitor(request: Request) -> str:
    """The workspace behind the cookie; that a request comes from our own page, the gate sees to."""
    workspace = await run_in_threadpool(workspace_of, request.cookies.get(COOKIE))
    if workspace is None:
        raise no_workspace()
    return workspace


async def serve(request: Request) -> Response:
    """Answer with what is there now; a problem is told in its one sentence."""
    try:
        return await (_receive if "id" in request.path_params else _announce)(request)
    except Problem as problem:
        return PlainTextResponse(str(problem), status_code=400)
    except ClientDisconnect:  # the browser sends it again when it is back
        return Response(status_code=400)


def _coming(workspace: str, id: str) -> tuple[Path, list[Chosen]]:
    folder = _home(workspace) / f"{id}.coming"
    if not _ID.fullmatch(id):
        raise _unknown()
    try:
        return folder, _LIST.validate_json((folder / "list.json").read_bytes())
    except (OSError, ValueError) as error:
        raise _unknown() from error


def _home(workspace: str) -> Path:
    return settings().workspaces / workspace / "uploads"


def _unknown() -> Problem:
    return Problem("The upload", "is not there any more", "choose the files again")


ROUTES = [
    Route(ROUTE, serve, methods=["POST"]),
    Route(f"{ROUTE}/{{id}}/{{number:int}}/{{begin:int}}", serve, methods=["PUT"]),
]
