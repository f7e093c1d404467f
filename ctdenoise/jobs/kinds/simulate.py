"""Simulated low dose: previews of a slice, calibration on a scan's own noise, whole pairs."""

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, Kind, Running
from ctdenoise.scans.sample import DRAWS
from ctdenoise.units import to_int16
from ctdenoise.workspace import quota
from ctdenoise.workspace.library import library_of

if TYPE_CHECKING:
    from ctdenoise.scans.scan import Scan


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


@telling_disk_problems
def _simulate(running: Running[Simulate]) -> list[str]:
    """Add each pair to the workspace as soon as it is whole; their ids. One that a killed worker
    had made already is not made again."""
    from ctdenoise.dose.insertion import check_dose, insert_noise

    asked = running.arguments
    for dose in asked.doses:
        check_dose(dose)
    library = library_of(running.job.workspace)
    scan, spacing = _ct(running.job.workspace, asked.scan)
    full = np.array(scan.values)
    made: list[str] = []
    copies = len(asked.doses) * (asked.draws + 1)
    quota.require(running.job.workspace, more_bytes=copies * 4 * full.size, more_jobs=0)
    for number, dose in enumerate(asked.doses):
        told = (
            f"Simulated at {dose:.0%} of the dose, {asked.draws} noise draws of every slice, "
            f"seed {asked.seed}, {asked.physics.photons:.3g} photons per ray, electronic noise "
            f"{asked.physics.electrons:g}, kernel {asked.physics.f50:g} lp/mm."
        )
        begun = running.job.created
        known = [
            pair.id
            for pair in library.pairs()
            if (pair.full_scan, pair.matched, pair.dose_fraction) == (asked.scan, told, dose)
            and pair.created > begun
        ]
        if known:
            made.append(known[0])
            continue
        tell = partial(_tell, running, number, len(asked.doses))
        low = insert_noise(
            full,
            spacing,
            dose,
            physics=_physics(asked.physics),
            seed=asked.seed,
            draws=asked.draws,
            progress=tell,
        )
        tell(1.0, "Keeping the pair")
        pair = scan.simulated_pair(low, dose)
        made.append(library.add_pair(pair, full_scan=asked.scan, matched=told).id)
    return made


def _tell(
    running: Running[Simulate], number: int, count: int, fraction: float, message: str
) -> None:
    """How far part ``number`` of ``count`` is, told as how far all of them are."""
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
