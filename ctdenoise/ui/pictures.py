"""Pictures on their way to the viewer: what an address stands for, and the route that serves it.

An address names one picture for good (its content never changes under the same address), so that
the browser keeps it: windowing, scrolling back and reruns of a page then cost no bytes.
"""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import quote

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ctdenoise.config import shipped
from ctdenoise.errors import Problem
from ctdenoise.jobs import functions as jobs
from ctdenoise.jobs.executor import engine
from ctdenoise.jobs.functions import Picture, to_picture
from ctdenoise.ui.caching import once
from ctdenoise.ui.session import SAMPLE, library
from ctdenoise.ui.visitors import COOKIE, workspace_of
from ctdenoise.workspace import denoisers as methods
from ctdenoise.workspace.runs import store

WAIT_SECONDS = 60
LOOK_SECONDS = 0.2
"""Between two looks for a picture that is still to come."""


def scan(owner: str, scan_id: str, index: int) -> str:
    """Address of one slice of a scan."""
    return f"/pixels/scan/{owner}/{scan_id}/{index}"


def twin(
    owner: str,
    scan_id: str,
    index: int,
    dose: float,
    photons: float,
    electrons: float,
    f50: float,
    seed: int,
) -> str:
    """Address of the simulated low dose of one slice, made when it is asked for."""
    physics = f"{dose:g}/{photons:g}/{electrons:g}/{f50:g}"
    return f"/pixels/twin/{owner}/{scan_id}/{index}/{physics}/{seed}"


def full(owner: str, pair_id: str, index: int) -> str:
    return f"/pixels/full/{owner}/{pair_id}/{index}"


def low(owner: str, pair_id: str, index: int) -> str:
    """Address of the first noise draw of one slice: the one that is shown and judged."""
    return f"/pixels/low/{owner}/{pair_id}/{index}"


def gaussian(owner: str, pair_id: str, index: int, sigma: float) -> str:
    """Address of the low dose under a Gaussian filter, ``sigma`` in pixels."""
    return f"/pixels/gaussian/{owner}/{pair_id}/{index}/{sigma:g}"


def progress(run_id: str, image: str) -> str:
    """Address of a run's progress picture, by its file name."""
    return f"/pixels/progress/{run_id}/progress/{quote(image)}"


def beside(run_id: str, image: str) -> str:
    """Address of what the progress pictures of a run are compared with, by its file name."""
    return f"/pixels/progress/{run_id}/{quote(image)}"


def denoised(network: str, version: int | str, owner: str, pair_id: str, index: int) -> str:
    """Address of one low-dose slice through the network of a run (its id) as it was after an epoch,
    or through one that ships (its id) in an edition."""
    return f"/pixels/denoised/{network}/{version}/{owner}/{pair_id}/{index}"


def dialled(address: str) -> str:
    """The address from :func:`denoised` wherever the dial of its network stands: the viewer fills
    the ``{}``."""
    return f"{address}/{{}}"


def result(owner: str, id: str, index: int, share: str) -> str:
    """Address of a slice of a denoised scan: its input for the ``share`` 0, its output for 1, and
    for ``{}`` what the viewer's dial mixes of the two."""
    return f"/pixels/result/{owner}/{id}/{index}/{share}"


def load(address: str, workspace: str) -> Picture:
    """The picture behind an address, (rows, columns), read-only: int16 HU or float32 own units.

    Raises :class:`Problem` where it does not exist or belongs to another workspace.
    """
    if not _owners(address) <= {workspace, SAMPLE}:
        raise Problem("This picture", "belongs to another workspace", "open one of your own")
    return _load(address)


@once(size=128)
def _load(address: str) -> Picture:
    kind, *parts = _parts(address)
    try:
        image = _LOADERS[kind](*parts)
    except (KeyError, TypeError, ValueError, IndexError, FileNotFoundError) as error:
        raise Problem("This picture", "does not exist any more", "reload the page") from error
    image.setflags(write=False)
    return image


def _parts(address: str) -> list[str]:
    return address.removeprefix("/pixels/").split("/")


def _owners(address: str) -> set[str]:
    """The workspaces that a picture is made from: those of its scan and of its network."""
    kind, *parts = [*_parts(address), "", "", ""]
    owners = set() if kind == "progress" else {parts[2] if kind == "denoised" else parts[0]}
    if kind in ("denoised", "progress") and not parts[0].startswith(shipped.PREFIX):
        owners.add(store().run(parts[0]).workspace)
    return owners


def _scan(owner: str, scan_id: str, index: str) -> Picture:
    found = library(owner).scan(scan_id)
    return to_picture(found.values[int(index)], found.unit)


def _twin(owner: str, scan_id: str, index: str, *physics: str) -> Picture:
    *numbers, seed = physics
    dose, photons, electrons, f50 = map(float, numbers)
    return (
        engine()
        .ask(
            jobs.preview_low_dose,
            owner,
            scan_id,
            int(index),
            dose,
            photons,
            electrons,
            f50,
            int(seed),
        )
        .result(WAIT_SECONDS)
    )


def _full(owner: str, pair_id: str, index: str) -> Picture:
    pair = library(owner).pair(pair_id)
    return to_picture(pair.full[int(index)], pair.unit)


def _low(owner: str, pair_id: str, index: str) -> Picture:
    pair = library(owner).pair(pair_id)
    return to_picture(pair.low[0, int(index)], pair.unit)


def _gaussian(owner: str, pair_id: str, index: str, sigma: str) -> Picture:
    from scipy.ndimage import gaussian_filter  # not needed before the first comparison

    pair = library(owner).pair(pair_id)
    blurred = gaussian_filter(pair.low[0, int(index)], min(float(sigma), 20.0))
    return to_picture(blurred, pair.unit)


def _progress(run_id: str, *path: str) -> Picture:
    from tifffile import imread

    folder = store().run(run_id).folder
    file = folder.joinpath(*path).resolve()
    if not file.is_relative_to(folder.resolve()) or file.suffix != ".tif":
        raise FileNotFoundError(file)
    return imread(file)


def _denoised(
    network: str, version: str, owner: str, pair_id: str, index: str, setting: str = ""
) -> Picture:
    stands = tuple(float(part) for part in setting.split("-") if part)
    method = methods.network(network, version, stands)
    job = engine().ask(jobs.denoise_slice, method, owner, pair_id, int(index))
    return job.result(WAIT_SECONDS)


def _result(owner: str, id: str, index: str, share: str) -> Picture:
    from ctdenoise.workspace import results as denoisings

    found = denoisings.find(owner, id)
    if share == "1":
        return to_picture(found.output(int(index)), found.record.unit)
    scan = found.record.source.load()
    return to_picture(denoisings.slices_of(scan)[int(index)], scan.unit)


def _on_its_way(address: str, workspace: str) -> bool:
    """Whether a picture is an output that is still to come; then it is denoised next."""
    kind, *parts = _parts(address)
    if kind != "result" or parts[-1] != "1" or not _owners(address) <= {workspace, SAMPLE}:
        return False
    from ctdenoise.workspace import results as denoisings

    try:
        owner, id, number, _ = parts
        index = int(number)
    except ValueError:  # no address of ours: loading it tells so
        return False
    found = denoisings.find(owner, id)
    coming = found.state.live and index not in found.figures
    if coming:
        found.want(index)
    return coming


_LOADERS: dict[str, Callable[..., Picture]] = {
    "scan": _scan,
    "twin": _twin,
    "full": _full,
    "low": _low,
    "gaussian": _gaussian,
    "progress": _progress,
    "denoised": _denoised,
    "result": _result,
}


async def serve(request: Request) -> Response:
    """Answer with the picture; a problem is told in its one sentence."""
    workspace = workspace_of(request.cookies.get(COOKIE)) or "local"
    address = f"/pixels/{request.path_params['address']}"
    patience = time.monotonic() + WAIT_SECONDS
    try:
        while await run_in_threadpool(_on_its_way, address, workspace):
            if time.monotonic() > patience or await request.is_disconnected():
                break
            await asyncio.sleep(LOOK_SECONDS)
        image = await run_in_threadpool(load, address, workspace)
    except Problem as problem:
        return PlainTextResponse(str(problem), status_code=404)
    return answer(image)


def answer(image: Picture) -> Response:
    """A picture as raw little-endian int16, row by row.

    HU are sent as they are. Of other units the picture's own range spans that of int16, and the
    headers X-Scale and X-Offset give the way back: value = stored * scale + offset.
    """
    headers = {
        "X-Rows": str(image.shape[0]),
        "X-Columns": str(image.shape[1]),
        "Cache-Control": "private, max-age=86400, immutable",
    }
    if image.dtype != np.int16:
        values = image.astype(np.float64)
        low, high = float(values.min()), float(values.max())
        scale = (high - low) / 65535 or 1.0
        offset = low + 32768 * scale
        image = np.rint((values - offset) / scale).clip(-32768, 32767).astype(np.int16)
        headers |= {"X-Scale": repr(scale), "X-Offset": repr(offset)}
    return Response(
        image.astype("<i2", copy=False).tobytes(),
        media_type="application/octet-stream",
        headers=headers,
    )
