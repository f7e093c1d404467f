"""Where every epoch of a run lies on the map of distortion and perception."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from ctdenoise.config import events, progress_slice
from ctdenoise.errors import telling_disk_problems
from ctdenoise.files import write_atomically
from ctdenoise.jobs.kind import ANSWER_SECONDS, KINDS, Arguments, GaveWay, Kind, Running
from ctdenoise.workspace.runs import find_run

KEPT = "map.json"
SIGMAS = (0.5, 0.7, 1.0, 1.4)
"""Of the Gaussian filters that are shown for comparison, in pixels."""


class Map(Arguments):
    """The progress pictures of a run, by its id; there are ``pictures`` of them."""

    run: str
    pictures: int


@dataclass(frozen=True)
class Dot:
    """A picture on the map: ``rmse`` in its unit, ``texture`` in dB, both against full dose."""

    name: str
    rmse: float
    texture: float


@telling_disk_problems
def _map(running: Running[Map]) -> tuple[list[Dot], list[Dot]]:
    """Of a run's progress pictures, in the order of its epochs, and of what needs no network: the
    low dose and Gaussian filters of it. Kept in the run's folder, so that every picture is measured
    once, however often it gives way."""
    from scipy.ndimage import gaussian_filter

    folder = find_run(running.arguments.run).folder
    full = progress_slice.picture(folder / progress_slice.FULL).astype(np.float32)
    rows = slice(*progress_slice.facts(folder).rows)
    known = _read(folder / KEPT)
    said = [e.image for e in events.read(folder) if isinstance(e, events.Epoch)]
    if "low" not in known:
        low = progress_slice.picture(folder / progress_slice.LOW).astype(np.float32)
        known["low"] = _dot("Low dose", low, full, rows)
        for sigma in SIGMAS:
            name = f"Gaussian {sigma:g} px"
            known[name] = _dot(name, gaussian_filter(low, sigma), full, rows)
    for number, image in enumerate(said):
        running.tell(number / len(said), f"Picture {number + 1} of {len(said)}")
        if image not in known:
            values = progress_slice.picture(folder / "progress" / image)
            known[image] = _dot(image, values.astype(np.float32), full, rows)
            if running.turn_is_over():
                _keep(folder / KEPT, known)
                raise GaveWay
    _keep(folder / KEPT, known)
    return [known[image] for image in said], [d for n, d in known.items() if not n.endswith(".tif")]


def frontier(among: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those of the points that no other beats in both coordinates, from left to right.

    >>> frontier([(1, 3), (2, 2), (3, 2), (2, 4)])
    [(1, 3), (2, 2)]
    """
    best: list[tuple[float, float]] = []
    for x, y in sorted(set(among)):
        if not best or y < best[-1][1]:
            best.append((x, y))
    return best


def _dot(name: str, image: NDArray[np.float32], full: NDArray[np.float32], rows: slice) -> Dot:
    from ctdenoise.metrics.texture import texture_distance

    rmse = float(np.sqrt(np.mean((image[rows].astype(np.float64) - full[rows]) ** 2)))
    return Dot(name, rmse, texture_distance(image[rows], full[rows]))


def _keep(file: Path, known: dict[str, Dot]) -> None:
    write_atomically(file, json.dumps({name: asdict(dot) for name, dot in known.items()}))


def _read(file: Path) -> dict[str, Dot]:
    try:
        return _DOTS.validate_json(file.read_bytes())
    except (OSError, ValueError):  # none yet, or damaged: measured anew
        return {}


_DOTS = TypeAdapter(dict[str, Dot])
MAP = KINDS.register(Kind("map", "The map", "interactive", Map, _map, ANSWER_SECONDS))
