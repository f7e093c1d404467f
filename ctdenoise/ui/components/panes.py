"""From scans, pairs and runs to the panes of the viewer: one name and one colour per image."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ctdenoise.config import progress_slice, split
from ctdenoise.config.shipped import Shipped
from ctdenoise.config.split import Split
from ctdenoise.errors import Problem
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.ui import pictures
from ctdenoise.ui.components import palette
from ctdenoise.ui.session import workspace
from ctdenoise.ui.viewer import Band, Pane
from ctdenoise.units import WINDOWS, Window
from ctdenoise.workspace.library import PairRecord, library_of
from ctdenoise.workspace.runs import Run

PART = 0.4
"""Of the body, along its longer side, in an enlarged picture."""


def geometry(scan: Scan | Pair) -> dict[str, Any]:
    """What the viewer must know of a scan or pair besides its pictures."""
    count = len(scan.positions)
    where = [f", z = {z:.1f} mm" if scan.spacing else "" for z in scan.positions]
    return {
        "spacing": scan.spacing,
        "unit": scan.unit,
        "orientation": scan.orientation,
        "labels": [f"Slice {i + 1} of {count}{place}" for i, place in enumerate(where)],
    }


def first_window(pane: Pane, unit: str) -> Window:
    """Soft tissue for CT, mean ± 3 SD of the pane's middle picture for everything else: the
    first slice may lie outside the body and be empty."""
    if unit == "HU":
        return WINDOWS["soft tissue"]
    middle = pane.frames[len(pane.frames) // 2]
    return Window.automatic(pictures.load(middle, workspace()).astype(np.float32))


def enlarged(pane: Pane, unit: str) -> tuple[float, float, float]:
    """Row and column in the middle of the body in the pane's middle picture, and how often to
    enlarge a picture so that ``PART`` of the body fills a pane."""
    middle = pictures.load(pane.frames[len(pane.frames) // 2], workspace())
    image = middle.astype(np.float32)
    sides = progress_slice.body(image) if unit == "HU" else progress_slice.whole(image)
    row, column = ((side.start + side.stop) / 2 for side in sides)
    return row, column, max(image.shape) / (PART * max(s.stop - s.start for s in sides))


def low(owner: str, record: PairRecord) -> Pane:
    """The viewer's pane of a pair's low dose."""
    frames = pictures.LowDose.addresses(record.slices, pair=record.id, owner=owner)
    return Pane("Low dose", palette.LOW.color, frames, dash=palette.LOW.dash)


def full(owner: str, record: PairRecord) -> Pane:
    """The viewer's pane of a pair's full dose."""
    frames = pictures.FullDose.addresses(record.slices, pair=record.id, owner=owner)
    return Pane("Full dose", palette.FULL.color, frames, dash=palette.FULL.dash)


def gaussian(owner: str, record: PairRecord, sigma: float) -> Pane:
    """The viewer's pane of the smoothed low dose, ``sigma`` in pixels."""
    frames = pictures.Gaussian.addresses(record.slices, pair=record.id, owner=owner, sigma=sigma)
    style = palette.GAUSSIAN
    return Pane(f"Gaussian {sigma:g} px", style.color, frames, dash=style.dash)


def network(run: Run, epoch: int, owner: str, record: PairRecord) -> Pane:
    """The run's network as it was after ``epoch`` on every slice of a pair, computed slice by
    slice as they are looked at."""
    frames = pictures.Denoised.addresses(
        record.slices, pair=record.id, owner=owner, network=run.id, version=str(epoch)
    )
    style = run_style(run)
    return Pane(run.name, style.color, frames, dash=style.dash, note=f"Epoch {epoch}")


def shipped(network: Shipped, owner: str, record: PairRecord) -> Pane:
    """A network that ships, on every slice of a pair."""
    frames = pictures.Denoised.addresses(
        record.slices, pair=record.id, owner=owner, network=network.id, version=network.edition
    )
    style = palette.SHIPPED.get(network.name, palette.NETWORK)
    return Pane(network.title, style.color, frames, dash=style.dash, note="Ships with CT Denoise")


def references(run: Run) -> tuple[Pane, Pane]:
    """Low and full dose of the slice that the progress pictures of a run show."""
    low, full = (
        Pane(name, style.color, (pictures.Reference(run=run.id, image=image).address,), style.dash)
        for name, style, image in (
            ("Low dose", palette.LOW, progress_slice.LOW),
            ("Full dose", palette.FULL, progress_slice.FULL),
        )
    )
    return low, full


def before(run: Run) -> str:
    """What the first picture of a run shows."""
    return "Before going on" if run.parent else "Before training"


def network_name(network: Run | Shipped) -> str:
    """What a network is called in lists and above its pictures."""
    return network.name if isinstance(network, Run) else network.title


def dialled(pane: Pane) -> Pane:
    """The pane of a network with a dial, for wherever the viewer's dial stands."""
    return replace(pane, frames=tuple(f"{frame}/{pictures.ANY}" for frame in pane.frames))


def turned(pane: Pane, setting: Sequence[float]) -> Pane:
    """A pane of :func:`dialled` with its dial standing at the step nearest to ``setting``."""
    place = pictures.dial_setting(setting)
    shares = ", ".join(f"{float(part):.0%}" for part in place.split("-"))
    return replace(
        pane,
        name=f"{pane.name} at {shares}",
        frames=tuple(frame.replace(pictures.ANY, place) for frame in pane.frames),
    )


def run_style(run: Run) -> palette.Style:
    """The run's colour and dash: the same on every page, different for neighbouring runs."""
    return palette.RUNS[run.number % len(palette.RUNS)]


def difference(name: str, panes: list[Pane], of: int, minus: int, like: int) -> Pane:
    """A map of pane ``of`` minus pane ``minus``, in the colour of pane ``like``."""
    return Pane(name, panes[like].color, panes[of].frames, minus=minus)


def bands(division: Split, pair: int) -> list[Band]:
    """The marked parts of a pair's slices, where each slice is divided; none elsewhere."""
    groups = zip(palette.PARTS, (division.train, division.validation, division.test), strict=True)
    return [
        Band(name, part.rows, palette.PARTS[name])
        for name, parts in groups
        for part in parts
        if part.rows and part.pair == pair
    ]


def division(run: Run) -> Split:
    """Which slices of its pairs a run learned from; :class:`Problem` where the record of it is
    damaged."""
    found = split.read(run.folder)
    parts = (*found.train, *found.validation, *found.test)
    if not all(0 <= part.pair < len(run.pairs) for part in parts):
        raise Problem(f"The record of what {run.name} learned from", "is damaged", "train it again")
    return found


def judged_on(run: Run) -> tuple[str, PairRecord | None, int]:
    """Workspace, pair and slice of the run's progress picture; no pair where it was removed, or
    the run's record of it is damaged."""
    try:
        part = division(run).progress
    except Problem:  # told where its slices are asked for
        return run.workspace, None, 0
    owner, pair_id = run.pairs[part.pair]
    try:
        record = library_of(owner).pair_record(pair_id)
    except Problem:
        record = None
    return owner, record, part.slices[0]
