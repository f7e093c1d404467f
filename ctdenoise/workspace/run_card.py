"""The run card: a run as one zip, to be read, shared and repeated."""

import csv
import hashlib
import io
import json
import zipfile
from importlib.metadata import version
from typing import Any

import numpy as np

from ctdenoise import __version__
from ctdenoise.config import events, progress_slice, split
from ctdenoise.config.run_folder import NAME as WEIGHTS
from ctdenoise.errors import Problem
from ctdenoise.exports.png import png
from ctdenoise.scans.scan import Pair
from ctdenoise.settings import PACKAGE, settings
from ctdenoise.units import Window
from ctdenoise.workspace.library import Library, library_of
from ctdenoise.workspace.runs import START, Run

REPEAT = PACKAGE / "cli" / "repeat.py"
AS_THEY_ARE = ("config.json", events.NAME, split.NAME, WEIGHTS, START)
"""Files of the run that the card holds unchanged, where they are there."""


def card(run: Run) -> bytes:
    """Config, weights, metrics, pictures, what it learned from, version, and ``repeat.py``.

    Raises :class:`Problem` where the run has no network yet.
    """
    folder = run.folder
    if not (folder / WEIGHTS).exists():
        raise Problem(run.name, "has no network yet", "wait for its first picture")
    said = events.read(folder)
    epochs = [e for e in said if isinstance(e, events.Epoch)]
    started = events.start(said)
    if not epochs:
        raise Problem(f"The record of {run.name}", "is damaged on the disk", "continue the run")
    told = {
        "name": run.name,
        "ctdenoise": __version__,
        "torch": version("torch"),
        "device": started.device,
        "precision": started.precision,
        "sentence": run.job.message if run.job else "",
        "split": started.split,
        "parent": run.parent,
        "parent_epoch": run.parent_epoch,
        "pairs": [_described(owner, id) for owner, id in run.pairs],
    }
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("card.json", json.dumps(told, indent=2, ensure_ascii=False))
        archive.writestr("metrics.csv", _metrics(epochs))
        archive.write(REPEAT, REPEAT.name)
        for name in AS_THEY_ARE:
            if (folder / name).exists():
                archive.write(folder / name, name)
        window, orientation = Window(*started.window), progress_slice.facts(folder).orientation
        last = folder / "progress" / epochs[-1].image
        for name, file in (
            ("low dose", folder / progress_slice.LOW),
            (f"epoch {epochs[-1].epoch}", last),
            ("full dose", folder / progress_slice.FULL),
        ):
            picture = progress_slice.picture(file).astype(np.float32)
            archive.writestr(f"pictures/{name}.png", png(picture, window, orientation))
            archive.write(file, f"pictures/{name}.tif")
    return result.getvalue()


def fingerprint(pair: Pair) -> str:
    """SHA-256 of the numbers of a pair, low dose first, as little-endian float32."""
    digest = hashlib.sha256()
    for stack in (pair.low.reshape(-1, *pair.low.shape[-2:]), pair.full):
        for image in stack:
            digest.update(np.ascontiguousarray(image, "<f4").tobytes())
    return digest.hexdigest()


def find_pair(id: str) -> Pair:
    """The pair with this id in any workspace of this computer."""
    for root in sorted(settings().workspaces.glob("*")):
        if (root / "pairs" / id).is_dir():
            return Library(root).pair(id)
    raise Problem(f"The pair {id}", "is not on this computer", "name the folders of your own copy")


def _described(owner: str, id: str) -> dict[str, Any]:
    """What a run learned from, without anything of the scan but its hash."""
    library = library_of(owner)
    try:
        record, pair = library.pair_record(id), library.pair(id)
    except Problem:
        return {"id": id, "name": "removed since"}
    return {
        "id": id,
        "name": record.name,
        "slices": record.slices,
        "noise_draws": record.draws,
        "unit": record.unit,
        "dose_fraction": record.dose_fraction,
        "how": record.matched,
        "sha256": fingerprint(pair),
    }


def _metrics(epochs: list[events.Epoch]) -> str:
    """A line an epoch, with a column for each loss term and, behind a prefix because terms have the
    same names, for each further metric of the progress slice."""
    plain = ("epoch", "step", "train_seconds", "validation_mse", "low_mse", "psnr", "ssim")
    terms = sorted({name for epoch in epochs for name in epoch.terms})
    metrics = [n for n in dict.fromkeys(n for e in epochs for n in e.metrics) if n not in plain]
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([*plain, *terms, *(f"progress_{name}" for name in metrics)])
    for epoch in epochs:
        own = (getattr(epoch, name) for name in plain)
        each = (epoch.terms.get(name) for name in terms)
        table.writerow([*own, *each, *(epoch.metrics.get(name) for name in metrics)])
    return text.getvalue()
