"""What a person waits for, as functions that a worker executes (see ``Engine.ask``).

They take and return plain values and small arrays; scans and pairs are named by workspace and id
and read from the library there. Every expected failure is a :class:`Problem`.
"""

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config import shipped
from ctdenoise.config.config import parse
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.settings import settings
from ctdenoise.units import to_int16
from ctdenoise.workspace.denoisers import RunNetwork, ShippedNetwork, ready
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.runs import store

if TYPE_CHECKING:
    from ctdenoise.dose.insertion import Physics
    from ctdenoise.scans.scan import Scan

Progress = Callable[[float, str], None]

Picture = NDArray[np.int16] | NDArray[np.float32]
"""What is looked at, (rows, columns): int16 in HU, float32 in any other unit."""


def to_picture(values: NDArray[np.floating], unit: str) -> Picture:
    """A copy of ``values`` as they are looked at: whole HU, other units to the last digit."""
    return to_int16(values) if unit == "HU" else np.array(values, np.float32)


def prepare_sample() -> list[str]:
    """Make the sample if it is not there yet; ids of its pairs."""
    from ctdenoise.workspace.sample import ensure_sample

    return [record.id for record in ensure_sample(settings().workspaces)]


def measure_run(values: dict[str, Any]) -> float:
    """Seconds that a run with these settings takes on this machine, from a few real steps."""
    from ctdenoise.training.estimate import estimate_seconds

    return float(estimate_seconds(parse(values)))


def preview_low_dose(
    workspace: str,
    scan_id: str,
    index: int,
    dose: float,
    photons: float,
    electrons: float,
    f50: float,
    seed: int = 0,
) -> NDArray[np.int16]:
    """One slice as it would look at a fraction of its dose, int16 HU (rows, columns): the first
    draw that :func:`make_twins` makes with the same seed."""
    from ctdenoise.dose.insertion import insert_noise

    scan, spacing = _ct(workspace, scan_id)
    noisy = insert_noise(
        np.array(scan.values[index : index + 1]),
        spacing,
        dose,
        physics=_physics(photons, electrons, f50),
        seed=seed,
        first=index,
    )
    return to_int16(noisy[0, 0])


def calibrate(
    workspace: str, scan_id: str, index: int, region: tuple[int, int, int, int] | None = None
) -> dict[str, Any]:
    """Photons and kernel from the noise in a region (row, column, height, width) of a slice, which
    is looked for where none is given: ``physics`` beside all fields of a ``Calibration``."""
    from ctdenoise.dose.calibration import calibrate as measure
    from ctdenoise.metrics.metric import Region

    scan, spacing = _ct(workspace, scan_id)
    where = Region(*region) if region else None
    physics, measured = measure(np.array(scan.values[index]), spacing, where)
    return {"physics": asdict(physics), **asdict(measured)}


@telling_disk_problems
def make_twins(
    workspace: str,
    scan_id: str,
    doses: Sequence[float],
    photons: float,
    electrons: float,
    f50: float,
    draws: int,
    seed: int,
    progress_file: str,
) -> list[str]:
    """Make a scan's simulated low-dose twin at each of ``doses`` (fractions), ``draws`` noise draws
    of every slice, and add each pair to the workspace as soon as it is whole; their ids.
    :func:`progress` reads ``progress_file`` meanwhile."""
    from ctdenoise.dose.insertion import check_dose, insert_noise
    from ctdenoise.scans.scan import Pair

    for dose in doses:
        check_dose(dose)
    library = Library(settings().workspaces / workspace)
    scan, spacing = _ct(workspace, scan_id)
    full = np.array(scan.values)
    made = []
    with telling(Path(progress_file)) as tell:
        for number, dose in enumerate(doses):
            tell_part = partial(_tell_part, tell, number, len(doses))
            low = insert_noise(
                full,
                spacing,
                dose,
                physics=_physics(photons, electrons, f50),
                seed=seed,
                draws=draws,
                progress=tell_part,
            )
            tell_part(1.0, "Keeping the pair")
            pair = Pair(
                name=scan.name,
                low=low,
                full=full,
                spacing=scan.spacing,
                positions=scan.positions,
                orientation=scan.orientation,
                unit=scan.unit,
                patient=scan.facts.patient,
                dose_fraction=dose,
                simulated=True,
            )
            record = library.add_pair(
                pair,
                full_scan=scan_id,
                matched=f"Simulated at {dose:.0%} of the dose, {draws} noise draws of every slice, "
                f"seed {seed}.",
            )
            made.append(record.id)
    return made


def _tell_part(tell: Progress, number: int, count: int, fraction: float, sentence: str) -> None:
    """How far part ``number`` of ``count`` is, told as how far all of them are."""
    which = f"Pair {number + 1} of {count}. " if count > 1 else ""
    tell((number + fraction) / count, f"{which}{sentence}")


def progress(progress_file: str) -> tuple[float, str]:
    """How far a long job is, 0 to 1, and what it does; (0, "") before it began or after its end."""
    try:
        fraction, sentence = json.loads(Path(progress_file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0.0, ""
    return float(fraction), str(sentence)


@telling_disk_problems
def denoise_slice(
    method: ShippedNetwork | RunNetwork, workspace: str, pair_id: str, index: int
) -> Picture:
    """The first noise draw of a slice through a network, in the pair's unit, kept for next time."""
    kept = denoised_file(method, workspace, pair_id, index)
    if kept.exists():
        image: Picture = np.load(kept)
        return image
    pair = Library(settings().workspaces / workspace).pair(pair_id)
    denoise = _denoiser(method, pair.unit)
    image = to_picture(denoise(np.array(pair.low[0, index])), pair.unit)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f".{os.getpid()}-{time.monotonic_ns()}.npy")
    np.save(partial, image)
    os.replace(partial, kept)
    _forget(kept.parent)
    return image


def export_network(run_id: str) -> Path:
    """The newest network of a run as ONNX, a file in the run's folder."""
    from ctdenoise.exports.onnx import export_onnx

    folder = store().run(run_id).folder
    return export_onnx(folder, folder / "network.onnx")


def denoised_file(
    method: ShippedNetwork | RunNetwork, workspace: str, pair_id: str, index: int
) -> Path:
    """Where :func:`denoise_slice` keeps a slice, so that it goes with the run or, of a network
    that ships, with the pair."""
    if isinstance(method, RunNetwork):
        folder = store().run(method.run).folder / "compared" / str(method.epoch)
    else:
        pair = Library(settings().workspaces / workspace).folder(pair_id)
        folder = pair / "compared" / method.name / shipped.shipped()[method.name].edition
    name = "-".join([workspace, pair_id, str(index), *(f"{part:g}" for part in method.dial)])
    return folder / f"{name}.npy"


def _forget(current: Path) -> None:
    """Remove the slices of other epochs or editions; not those of the last hour, which may be
    looked at."""
    for other in current.parent.iterdir():
        with contextlib.suppress(OSError):
            if other != current and time.time() - other.stat().st_mtime > 3600:
                shutil.rmtree(other)


_denoiser = lru_cache(maxsize=32)(ready)
"""Networks in this process' memory."""


def _ct(workspace: str, scan_id: str) -> tuple["Scan", tuple[float, float]]:
    """A scan and its spacing, where the physics of CT applies to it."""
    scan = Library(settings().workspaces / workspace).scan(scan_id)
    if not scan.is_hu or scan.spacing is None:
        lacking = "pixel spacing" if scan.is_hu else "Hounsfield units"
        raise Problem(
            scan.name,
            f"has no {lacking}, so its dose cannot be simulated",
            "load a low-dose scan too",
        )
    return scan, scan.spacing


def _physics(photons: float, electrons: float, f50: float) -> "Physics":
    from ctdenoise.dose.insertion import Physics

    return Physics(photons=photons, electrons=electrons, f50=f50)


@contextmanager
def telling(file: Path) -> Iterator[Progress]:
    """Writes how far a job is, whole each time and a few times a second at most."""
    last = 0.0

    def tell(fraction: float, sentence: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < 0.2 and fraction < 1:
            return
        last = now
        partial = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")  # two may tell at once
        partial.write_text(json.dumps([fraction, sentence]), encoding="utf-8")
        os.replace(partial, file)

    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        tell(0.0, "Starting")
        yield tell
    finally:
        file.unlink(missing_ok=True)
