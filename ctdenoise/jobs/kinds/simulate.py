"""Simulated low dose: previews of a slice, calibration on a scan's own noise, whole pairs."""

import math
import time
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, GaveWay, Kind, Running
from ctdenoise.scans.sample import DRAWS
from ctdenoise.units import to_int16
from ctdenoise.workspace import quota, simulations
from ctdenoise.workspace.database import Job, find_job
from ctdenoise.workspace.library import library_of

if TYPE_CHECKING:
    from ctdenoise.scans.scan import Scan

SECONDS, DRAW_SECONDS = 0.03, 0.025
"""Of a thread, for a slice of 512 x 512 and for each noise draw of it: a first guess."""
RECENT = 8
"""Batches of slices whose mean time tells how long the rest will take."""


class Physics(Arguments):
    """The scanner behind a simulation, see :class:`ctdenoise.dose.insertion.Physics`: photons per
    ray at full dose, variance of the electronic noise in photons², f50 of the kernel in lp/mm."""

    photons: float = 3e5
    electrons: float = 10.0
    f50: float = 0.4


class Simulate(Arguments):
    """Pairs of a scan at each of ``doses`` (fractions), of ``draws`` noise realisations."""

    scan: str
    doses: Annotated[tuple[float, ...], Field(min_length=1)]
    physics: Physics = Physics()
    draws: Annotated[int, Field(ge=1)] = DRAWS
    seed: Annotated[int, Field(ge=0)] = 0


class Preview(Arguments):
    """Slice ``index`` of a scan at a fraction of its dose."""

    scan: str
    index: int
    dose: float
    physics: Physics = Physics()
    seed: int = 0


class Calibrate(Arguments):
    """Slice ``index`` of a scan and a region (row, column, height, width) of it, which is looked
    for where none is given."""

    scan: str
    index: int
    region: tuple[int, int, int, int] | None = None


def _preview(running: Running[Preview]) -> NDArray[np.int16]:
    """Int16 HU (rows, columns): the first noise realisation that a simulation with the same seed
    makes."""
    from ctdenoise.dose.insertion import insert_noise

    asked = running.arguments
    scan, spacing = _ct(running.job.workspace, asked.scan)
    noisy = insert_noise(
        np.array(scan.values[asked.index : asked.index + 1]),
        spacing,
        asked.dose,
        physics=_physics(asked.physics),
        seed=asked.seed,
        first=asked.index,
    )
    return to_int16(noisy[0, 0])


def _calibrate(running: Running[Calibrate]) -> dict[str, Any]:
    """Photons and kernel (``physics``) from the noise in a ``region``, whose ``sd`` is in HU."""
    from ctdenoise.dose.calibration import calibrate
    from ctdenoise.metrics.metric import Region

    asked = running.arguments
    scan, spacing = _ct(running.job.workspace, asked.scan)
    where = Region(*asked.region) if asked.region else None
    physics, measured = calibrate(np.array(scan.values[asked.index]), spacing, where)
    region = asdict(measured.region)
    return {"physics": asdict(physics), "region": region, "sd": measured.sd}


def start(workspace: str, asked: Simulate) -> Job:
    """Have pairs of a scan made."""
    simulations.sweep()  # what was given up must not take the room of what is asked for
    record = library_of(workspace).scan_record(asked.scan)
    slices = len(asked.doses) * record.slices
    each = (SECONDS + asked.draws * DRAW_SECONDS) * record.rows * record.columns / 512**2
    return executor().submit(
        SIMULATE,
        asked,
        workspace,
        subject=asked.scan,
        expected=slices * each,
        first=record.slices * each,
    )


@telling_disk_problems
def _simulate(running: Running[Simulate]) -> list[str]:
    """Add each pair to the workspace as soon as it is whole; their ids. What was made before, by a
    killed worker or in a turn that is over, is not made again."""
    workspace, job = running.job.workspace, running.job
    try:
        return _pairs(running)
    except GaveWay:
        raise
    except Exception:  # stopped, or failed
        row = find_job(job.id)
        if row is None or row.lease == job.lease:  # else it goes on elsewhere
            simulations.forget(workspace, job.id)
        raise


def _pairs(running: Running[Simulate]) -> list[str]:
    from ctdenoise.dose.insertion import check_dose

    asked, job = running.arguments, running.job
    for dose in asked.doses:
        check_dose(dose)
    library = library_of(job.workspace)
    scan, _ = _ct(job.workspace, asked.scan)
    simulations.sweep()
    made: list[str] = []
    pace: deque[float] = deque(maxlen=RECENT)
    for number, dose in enumerate(asked.doses):
        told = (
            f"Simulated at {dose:.0%} of the dose, {asked.draws} noise draws of every slice, "
            f"seed {asked.seed}, {asked.physics.photons:.3g} photons per ray, electronic noise "
            f"{asked.physics.electrons:g}, kernel {asked.physics.f50:g} lp/mm."
        )
        known = [
            pair.id
            for pair in library.pairs()
            if (pair.full_scan, pair.matched, pair.dose_fraction) == (asked.scan, told, dose)
            and pair.created > job.created
        ]
        if known:
            made.append(known[0])
            continue
        shape = (asked.draws, *scan.values.shape)
        growing = simulations.Growing(job.workspace, job.id, number, shape)
        _grow(running, growing, pace)
        _tell(running, number, 1.0, "Keeping the pair")
        pair = scan.simulated_pair(growing.low, dose)
        record = library.add_pair(pair, full_scan=asked.scan, matched=told, low_file=growing.file)
        growing.remove()
        made.append(record.id)
        running.first = 0.0
        if len(made) < len(asked.doses) and running.turn_is_over():
            raise GaveWay
    return made


def _grow(running: Running[Simulate], growing: simulations.Growing, pace: deque[float]) -> None:
    """Simulate the slices that a low dose still lacks; ``pace``: seconds of each lately."""
    from ctdenoise.dose.insertion import TOGETHER, insert_noise

    asked, job, number = running.arguments, running.job, growing.number
    scan, spacing = _ct(job.workspace, asked.scan)
    slices, begin = len(scan.values), growing.done
    more = len(asked.doses) - number
    if not begin:
        growing.remove()  # of what it may have been, nothing is of use
        room = more * (asked.draws + 1) * 4 * scan.values.size
        quota.require(job.workspace, more_bytes=room, more_jobs=0)
        growing.begin()
    for start in range(begin, slices, TOGETHER):
        full = np.array(scan.values[start : start + TOGETHER])

        def tell(fraction: float, _: str, start: int = start, count: int = len(full)) -> None:
            done = start + fraction * count
            sentence = f"Low dose: slice {math.ceil(round(done, 6))} of {slices}"
            _tell(running, number, done / slices, sentence)

        began = time.monotonic()
        low = insert_noise(
            full,
            spacing,
            asked.doses[number],
            physics=_physics(asked.physics),
            seed=asked.seed,
            draws=asked.draws,
            first=start,
            progress=tell,
        )
        growing.keep(low, start)
        pace.append((time.monotonic() - began) / len(full))
        rest, each = slices - start - len(full), sum(pace) / len(pace)
        running.left = each * (rest + (more - 1) * slices)
        if running.first != 0:
            running.first = each * rest
        if rest and running.turn_is_over():
            raise GaveWay


def _tell(running: Running[Simulate], number: int, fraction: float, message: str) -> None:
    """How far pair ``number`` is, told as how far all of them are."""
    count = len(running.arguments.doses)
    which = f"Pair {number + 1} of {count}. " if count > 1 else ""
    running.tell((number + fraction) / count, f"{which}{message}")


def _ct(workspace: str, scan_id: str) -> tuple["Scan", tuple[float, float]]:
    """A scan and its spacing, where the physics of CT applies to it."""
    scan = library_of(workspace).scan(scan_id)
    if not scan.is_hu or scan.spacing is None:
        lacking = "pixel spacing" if scan.is_hu else "Hounsfield units"
        raise Problem(
            scan.name,
            f"has no {lacking}, so its dose cannot be simulated",
            "load a low-dose scan too",
        )
    return scan, scan.spacing


def _physics(given: Physics) -> Any:
    from ctdenoise.dose import insertion

    return insertion.Physics(**given.model_dump())


SIMULATE = KINDS.register(
    Kind("simulate", "The low dose", "batch", Simulate, _simulate, stays=True)
)
PREVIEW = KINDS.register(Kind("preview", "The preview", "interactive", Preview, _preview, 0))
CALIBRATE = KINDS.register(
    Kind("calibrate", "The calibration", "interactive", Calibrate, _calibrate, ANSWER_SECONDS)
)
