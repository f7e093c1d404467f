"""Pictures on their way to the viewer: what an address stands for, and the route that serves it.

An address names one picture for good (its content never changes under the same address), so that
the browser keeps it: windowing, scrolling back and reruns of a page then cost no bytes. Each kind
of picture is a typed record whose fields are the parts of its address.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote, unquote

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ctdenoise.config import shipped
from ctdenoise.errors import Problem
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import executor
from ctdenoise.lessons import gallery
from ctdenoise.scans.sample import SERIES
from ctdenoise.ui import addresses
from ctdenoise.ui.caching import once
from ctdenoise.ui.visitors import COOKIE, no_workspace, workspace_of
from ctdenoise.units import Pixels, to_pixels
from ctdenoise.workspace import denoisers, results
from ctdenoise.workspace.access import Thing, Visitor, require
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.runs import find_run
from ctdenoise.workspace.sample import WORKSPACE as SAMPLE

ROUTE = "pixels/"
WAIT_SECONDS = 60
LOOK_SECONDS = 0.2
"""Between two looks for a picture that is still to come."""
ANY = "{}"
"""Stands in an address for where the viewer's dial stands; the viewer fills it."""

KEPT = 64
"""Pictures that the server keeps for whoever asks next, half a megabyte each of 512 x 512."""

DIAL_STEPS = 28
"""A dial's whole way in steps: what is asked for in between is the picture of the nearest one."""

Index = Annotated[int, Field(ge=0)]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
Owner = Annotated[str, StringConstraints(pattern=r"^[0-9a-z]{1,64}$")]
File = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]*\.tif$")]


class Picture(BaseModel):
    """One picture; a subclass says where it comes from and whose it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    kind: ClassVar[str]

    @property
    def address(self) -> str:
        """Where the viewer fetches it."""
        return self._joined(self._parts())

    @classmethod
    def addresses(cls, count: int, **fields: object) -> tuple[str, ...]:
        """The addresses of ``count`` pictures that differ in their ``index`` alone."""
        parts = cls.model_validate({**fields, "index": 0})._parts()
        place = list(cls.model_fields).index("index")
        return tuple(
            cls._joined([*parts[:place], str(index), *parts[place + 1 :]]) for index in range(count)
        )

    def things(self) -> set[Thing]:
        """What it is made from; whoever looks at it must be allowed to see all of that."""
        raise NotImplementedError

    def load(self) -> Pixels:
        """(rows, columns): int16 HU or float32 own units."""
        raise NotImplementedError

    def _parts(self) -> list[str]:
        values = [getattr(self, name) for name in type(self).model_fields]
        return [f"{v:g}" if isinstance(v, float) else quote(str(v), safe="{}") for v in values]

    @classmethod
    def _joined(cls, parts: list[str]) -> str:
        return addresses.below(f"{ROUTE}{cls.kind}/{'/'.join(parts)}".rstrip("/"))


class ScanSlice(Picture):
    """A slice of a scan."""

    kind = "scan"
    owner: Owner
    scan: Id
    index: Index

    def things(self) -> set[Thing]:
        """The scan."""
        return {Thing(self.owner, "scan", self.scan)}

    def load(self) -> Pixels:
        """int16 HU, or float32 in another unit: (rows, columns)."""
        found = library_of(self.owner).scan(self.scan)
        return to_pixels(found.values[self.index], found.unit)


class Simulated(ScanSlice):
    """The simulated low dose of a slice, made when it is asked for."""

    kind = "simulated"
    dose: float
    photons: float
    electrons: float
    f50: float
    seed: int

    def load(self) -> Pixels:
        """int16 HU, or float32 in another unit: (rows, columns)."""
        from ctdenoise.jobs.kinds.simulate import PREVIEW, Physics, Preview

        physics = Physics(photons=self.photons, electrons=self.electrons, f50=self.f50)
        asked = Preview(
            scan=self.scan, index=self.index, dose=self.dose, physics=physics, seed=self.seed
        )
        pixels: Pixels = executor().request(PREVIEW, asked, self.owner, WAIT_SECONDS)
        return pixels


class FullDose(Picture):
    """A slice of a pair at full dose."""

    kind = "full"
    owner: Owner
    pair: Id
    index: Index

    def things(self) -> set[Thing]:
        """The pair."""
        return {Thing(self.owner, "pair", self.pair)}

    def load(self) -> Pixels:
        """int16 HU, or float32 in another unit: (rows, columns)."""
        pair = library_of(self.owner).pair(self.pair)
        return to_pixels(pair.full[self.index], pair.unit)


class LowDose(FullDose):
    """The first noise realisation of a slice of a pair: the one that is shown and judged."""

    kind = "low"

    def load(self) -> Pixels:
        """int16 HU, or float32 in another unit: (rows, columns)."""
        pair = library_of(self.owner).pair(self.pair)
        return to_pixels(pair.low[0, self.index], pair.unit)


class Gaussian(FullDose):
    """The low dose under a Gaussian filter, ``sigma`` in pixels."""

    kind = "gaussian"
    sigma: float

    @property
    def method(self) -> denoisers.ClassicalFilter:
        """What the low dose went through."""
        return denoisers.ClassicalFilter(name="gaussian", strength=min(self.sigma, 20.0))

    def load(self) -> Pixels:
        """int16 HU, or float32 in another unit: (rows, columns)."""
        pair = library_of(self.owner).pair(self.pair)
        blur = denoisers.ready(self.method, pair.unit)
        return to_pixels(blur(np.array(pair.low[0, self.index])), pair.unit)


class Reference(Picture):
    """What the progress pictures of a run are compared with, by its file name."""

    kind = "reference"
    run: Id
    image: File
    folder: ClassVar[str] = ""

    def things(self) -> set[Thing]:
        """The run."""
        return {Thing(find_run(self.run).workspace, "run", self.run)}

    def load(self) -> Pixels:
        """int16 HU, or float32 in another unit: (rows, columns)."""
        from ctdenoise.config import progress_slice

        folder = find_run(self.run).folder / self.folder
        pixels: Pixels = progress_slice.picture(folder / self.image)
        return pixels


class Progress(Reference):
    """A run's progress picture, by its file name."""

    kind = "progress"
    folder = "progress"


def dial_setting(positions: Sequence[float]) -> str:
    """How an address names where dials stand, each from 0 to 1, to the nearest step: "0.25-0.5"."""
    if not all(0 <= position <= 1 for position in positions):
        raise ValueError("a dial goes from 0 to 1")
    return "-".join(f"{round(position * DIAL_STEPS) / DIAL_STEPS:g}" for position in positions)


class Denoised(Picture):
    """A low-dose slice through the network of a run (its id) as it was after an epoch, or through
    one that ships (its id) in an edition; ``setting``: where its dial stands, as "0.25-0.5"."""

    kind = "denoised"
    network: str
    version: str
    owner: Owner
    pair: Id
    index: Index
    setting: Annotated[str, StringConstraints(pattern=r"^([\d.]+(-[\d.]+)*|\{\})?$")] = ""

    def things(self) -> set[Thing]:
        """The pair and, where it is not one that ships, the network's run."""
        pair = Thing(self.owner, "pair", self.pair)
        if self.network.startswith(shipped.PREFIX):
            return {pair}
        return {pair, Thing(find_run(self.network).workspace, "run", self.network)}

    @field_validator("setting")
    @classmethod
    def _at_a_step(cls, setting: str) -> str:
        if setting in ("", ANY):
            return setting
        return dial_setting([float(part) for part in setting.split("-")])

    @property
    def method(self) -> denoisers.ShippedNetwork | denoisers.RunNetwork:
        """What the low dose went through."""
        dial = tuple(float(part) for part in self.setting.split("-") if part)
        return denoisers.network(self.network, self.version, dial)

    def load(self) -> Pixels:
        """int16 HU, or float32 in another unit: (rows, columns)."""
        from ctdenoise.jobs.kinds.denoise import DENOISE_SLICE, DenoiseSlice

        asked = DenoiseSlice(method=self.method, owner=self.owner, pair=self.pair, index=self.index)
        pixels: Pixels = executor().request(DENOISE_SLICE, asked, self.owner, WAIT_SECONDS)
        return pixels


class ResultSlice(Picture):
    """A slice of a denoised scan: its input for the ``mix`` 0, its output for 1, and for
    :data:`ANY` what the viewer's dial mixes of the two."""

    kind = "result"
    owner: Owner
    result: Id
    index: Index
    mix: Literal["0", "1", "{}"]

    def things(self) -> set[Thing]:
        """The result."""
        return {Thing(self.owner, "result", self.result)}

    def load(self) -> Pixels:
        """int16 HU, or float32 in another unit: (rows, columns)."""
        found = results.find(self.owner, self.result)
        if self.mix == "1":
            return to_pixels(found.output(self.index), found.record.unit)
        scan = found.record.source.load()
        return to_pixels(results.slices_of(scan)[self.index], scan.unit)

    def coming(self) -> bool:
        """Whether it is an output that is still to be made; then it is denoised next."""
        if self.mix != "1":
            return False
        found = results.find(self.owner, self.result)
        job = found.job
        if job is None or not job.live or self.index in found.figures:
            return False
        if job.focus != self.index:
            with suppress(Problem):  # a wish that cannot be kept spoils nothing
                queue.look_at(job.id, self.index)
        return True


class Prepared(Picture):
    """A picture of the gallery of mistakes, made from the sample."""

    kind = "prepared"
    entry: gallery.Name
    image: gallery.Name

    def things(self) -> set[Thing]:
        """The sample's pair."""
        return {Thing(SAMPLE, "pair", SERIES[0].pair)}

    def load(self) -> Pixels:
        """int16 HU: (rows, columns)."""
        return gallery.picture(self.entry, self.image)


KINDS: dict[str, type[Picture]] = {
    picture.kind: picture
    for picture in (
        ScanSlice, Simulated, FullDose, LowDose, Gaussian, Reference, Progress, Denoised,
        ResultSlice, Prepared,
    )
}  # fmt: skip


def parse(address: str) -> Picture:
    """The picture that an address names; :class:`Problem` for what is no address of ours."""
    kind, *parts = address.removeprefix(addresses.below(ROUTE)).split("/")
    try:
        names = list(KINDS[kind].model_fields)
        if len(parts) > len(names):
            raise ValueError("too many parts")
        return KINDS[kind].model_validate(dict(zip(names, map(unquote, parts), strict=False)))
    except (KeyError, ValidationError, ValueError) as error:
        raise _gone() from error


def load(address: str, workspace: str) -> Pixels:
    """The picture behind an address, (rows, columns), read-only: int16 HU or float32 own units.

    Raises :class:`Problem` where it does not exist or ``workspace`` may not see it.
    """
    _permit(parse(address), workspace)
    return _load(address)


def _permit(picture: Picture, workspace: str) -> None:
    require(Visitor(workspace), "see", *picture.things(), what="This picture")


@once(size=KEPT)
def _load(address: str) -> Pixels:
    try:
        pixels = parse(address).load()
    except (ValueError, IndexError, FileNotFoundError) as error:
        raise _gone() from error
    pixels.setflags(write=False)
    return pixels


def _gone() -> Problem:
    return Problem("This picture", "does not exist any more", "reload the page")


def _coming(address: str, workspace: str) -> bool:
    picture = parse(address)
    _permit(picture, workspace)
    return isinstance(picture, ResultSlice) and picture.coming()


async def serve(request: Request) -> Response:
    """Answer with the picture; a problem is told in its one sentence."""
    workspace = await run_in_threadpool(workspace_of, request.cookies.get(COOKIE))
    if workspace is None:
        return PlainTextResponse(str(no_workspace()), status_code=403)
    address = addresses.below(f"{ROUTE}{request.path_params['address']}")
    patience = time.monotonic() + WAIT_SECONDS
    try:
        while await run_in_threadpool(_coming, address, workspace):
            if time.monotonic() > patience or await request.is_disconnected():
                break
            await asyncio.sleep(LOOK_SECONDS)
        pixels = await run_in_threadpool(load, address, workspace)
    except Problem as problem:
        return PlainTextResponse(str(problem), status_code=404)
    return answer(pixels)


def answer(pixels: Pixels) -> Response:
    """A picture as raw little-endian int16, row by row.

    HU are sent as they are. Of other units the picture's own range spans that of int16, and the
    headers X-Scale and X-Offset give the way back: value = stored * scale + offset. X-Mean is the
    mean of the values, before they were rounded.
    """
    headers = {
        "X-Rows": str(pixels.shape[0]),
        "X-Columns": str(pixels.shape[1]),
        "Cache-Control": "private, max-age=86400, immutable",
    }
    if pixels.dtype != np.int16:
        values = pixels.astype(np.float64)
        low, high = float(values.min()), float(values.max())
        scale = (high - low) / 65535 or 1.0
        offset = low + 32768 * scale
        mean = float(values.mean())
        pixels = np.rint((values - offset) / scale).clip(-32768, 32767).astype(np.int16)
        headers |= {"X-Scale": repr(scale), "X-Offset": repr(offset), "X-Mean": repr(mean)}
    return Response(
        pixels.astype("<i2", copy=False).tobytes(),
        media_type="application/octet-stream",
        headers=headers,
    )
