"""Where every epoch of a run lies on the map of distortion and perception."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config import events
from ctdenoise.config import progress as picture
from ctdenoise.errors import telling_disk_problems
from ctdenoise.workspace.runs import store

KEPT = "map.json"
SIGMAS = (0.5, 0.7, 1.0, 1.4)
"""Of the Gaussian filters that are shown for comparison, in pixels."""


@dataclass(frozen=True)
class Dot:
    """A picture on the map: ``rmse`` in its unit, ``texture`` in dB, both against full dose."""

    name: str
    rmse: float
    texture: float


@telling_disk_problems
def dots(run_id: str) -> tuple[list[Dot], list[Dot]]:
    """Of a run's progress pictures, in the order of its epochs, and of what needs no network.

    The latter are the low dose and Gaussian filters of it. Kept in the run's folder, so that every
    picture is measured once.
    """
    from scipy.ndimage import gaussian_filter
    from tifffile import imread

    folder = store().run(run_id).folder
    full = imread(folder / picture.FULL).astype(np.float32)
    rows = slice(*picture.facts(folder).rows)
    known = _read(folder / KEPT)
    said = [e.image for e in events.read(folder) if isinstance(e, events.Epoch)]
    if "low" not in known:
        low = imread(folder / picture.LOW).astype(np.float32)
        known["low"] = _dot("Low dose", low, full, rows)
        for sigma in SIGMAS:
            name = f"Gaussian {sigma:g} px"
            known[name] = _dot(name, gaussian_filter(low, sigma), full, rows)
    for image in said:
        if image not in known:
            values = imread(folder / "progress" / image).astype(np.float32)
            known[image] = _dot(image, values, full, rows)
    _write(known, folder / KEPT)
    return [known[image] for image in said], [d for n, d in known.items() if not n.endswith(".tif")]


def frontier(among: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those of the points that no other beats in both coordinates, from left to right."""
    best: list[tuple[float, float]] = []
    for x, y in sorted(set(among)):
        if not best or y < best[-1][1]:
            best.append((x, y))
    return best


def _dot(name: str, image: NDArray[np.float32], full: NDArray[np.float32], rows: slice) -> Dot:
    from ctdenoise.metrics.texture import texture_distance

    rmse = float(np.sqrt(np.mean((image[rows].astype(np.float64) - full[rows]) ** 2)))
    return Dot(name, rmse, texture_distance(image[rows], full[rows]))


def _read(file: Path) -> dict[str, Dot]:
    if not file.exists():
        return {}
    return {n: Dot(**values) for n, values in json.loads(file.read_text("utf-8")).items()}


def _write(known: dict[str, Dot], file: Path) -> None:
    partial = file.with_name(f"{file.name}.{os.getpid()}.part")
    partial.write_text(json.dumps({n: asdict(dot) for n, dot in known.items()}), "utf-8")
    os.replace(partial, file)
