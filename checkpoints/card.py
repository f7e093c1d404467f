"""The card beside a shipped network: what it learned from, and how it does on unseen patients."""

import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctdenoise.config import events
from ctdenoise.config.split import Part, read
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.dose.calibration import calibrate
from ctdenoise.dose.insertion import Physics, insert_noise
from ctdenoise.errors import Problem
from ctdenoise.metrics import fidelity
from ctdenoise.metrics.metric import CONVENTIONS
from ctdenoise.metrics.tissue import pooled, shifts
from ctdenoise.scans.scan import Pair
from ctdenoise.training import checkpoint
from ctdenoise.units import counted

DOSES = (0.5, 0.25, 0.1)
SMOOTHEST = 0.2
"""f50 in lp/mm; below it anatomy was taken for noise."""
CLIPPED = ("abdomen", "red-cnn")
"""Conventions of the gain that is told."""
TITLES = {
    "article": "As in the article",
    "recommended": "Recommended",
    "optimised": "Optimised",
    "dial": "Dial",
}
SENTENCES = {
    "article": "The article's network by the article's recipe: six layers, the image rebuilt as a "
    "whole, mean squared error.",
    "recommended": "The article's network by the recommended recipe: it learns the noise, in a "
    "fraction of the time.",
    "optimised": "The strongest network that ships, a residual U-Net for scans at a tenth to a "
    "half of the usual dose. It stands where the article shows its individualised network.",
    "dial": "A network with a dial from smooth to grainy; the figures below are of its smooth end.",
}
FAILURES = """\
## Known failures

- It was trained on {data} of {patients}: other organs, contrast phases, implants
  and scanners may come out worse than here, metal above all.
- Fine low-contrast structure that drowns in the noise is smoothed away, and no figure of this card
  shows that. Look at the removed noise: anatomy in it has been lost.
- Sharp kernels (lung, bone) have a noise that it has hardly seen.
- It works on one slice at a time: neighbouring slices do not help, and may flicker.
- Not a medical device: for teaching and research only.
"""


def write_card(
    name: str, run: Path, pairs: Sequence[Pair], out: Path, source: str, start: Path | None = None
) -> None:
    """Copy the run's network to ``out/name.safetensors`` and write ``out/name.md`` beside it.

    ``source`` says where the scans are from, ``start`` which network it went on from.
    """
    said = events.read(run)
    started = next(each for each in said if isinstance(each, events.Started))
    last = [each for each in said if isinstance(each, events.Epoch)][-1]
    parts = read(run)
    learned = sorted({(pairs[p.pair].name, len(p.slices)) for p in parts.train})
    test: dict[str, Part] = {}
    for part in parts.test:  # the first of a scan is the one that was not enlarged
        test.setdefault(pairs[part.pair].name, part)
    denoiser = Denoiser.load(run)
    simulated = all(pair.simulated for pair in pairs)
    doses = DOSES if simulated else (None, *DOSES)
    rows = [_row(denoiser, pairs, list(test.values()), dose) for dose in doses]
    config = denoiser.config
    settings = json.dumps(config.model_dump(mode="json", exclude_defaults=True))
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / checkpoint.NAME, out / f"{name}.safetensors")
    minutes = last.train_seconds / 60
    patients = counted(len({pairs[p.pair].patient for p in parts.train}), "patient")
    slices = counted(sum(n for _, n in learned), "full-dose slice")
    learned_from = "simulated doses" if simulated else "pairs of low and full dose"
    low = "the low dose is simulated by noise insertion" if simulated else "in pairs as they came"
    went_on = f"\n- It went on from the network {start.name}." if start else ""
    unseen = "slices kept aside" if parts.flatters else "patients never seen"
    (out / f"{name}.md").write_text(
        f"""\
# {TITLES[name]}

{SENTENCES[name]}

## Training

- Data: {slices} of {patients} from {source};
  {low}.
- Split: {started.split}
- {started.parameters:,} parameters, {counted(last.step, "step")} in {minutes:.0f} min on
  {started.device} in {started.precision}, by `checkpoints/train.py`, {date.today()}.{went_on}
- Settings that differ from the recommended ones: `{settings}`

## On {unseen}

{_whom(pairs, list(test.values()))}

Doses in percent are simulated with the noise of each scan's own scanner. Gains in dB of PSNR, means
over slices; "shift" is the largest change of a tissue's CT number, regions marked on the full dose.

| dose | low dose, 50/400 | denoised | gain | gain, −160..240 | RMSE (HU) | largest shift (HU) |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

{FAILURES.format(data=learned_from, patients=patients)}""",
        encoding="utf-8",
    )


def scanner(full: NDArray[np.float32], spacing: tuple[float, float]) -> Physics:
    """The scanner that a scan's own noise tells of, in its middle slice."""
    try:
        found = calibrate(full[len(full) // 2], spacing)[0]
    except Problem:
        return Physics()
    return found if found.f50 > SMOOTHEST else Physics()


def _whom(pairs: Sequence[Pair], test: Sequence[Part]) -> str:
    return "Slices: " + "; ".join(f"{len(p.slices)} of {pairs[p.pair].name}" for p in test) + "."


def _row(
    denoiser: Denoiser, pairs: Sequence[Pair], test: Sequence[Part], dose: float | None
) -> str:
    """A row of the table for a simulated dose or, for None, for the pairs' own low dose."""
    psnr: dict[str, list[tuple[float, float]]] = {name: [] for name in CLIPPED}
    errors: list[tuple[float, float]] = []
    moved = []
    for part in test:
        pair = pairs[part.pair]
        full = np.asarray(pair.full[list(part.slices)], np.float32)
        assert pair.spacing is not None  # others are refused before the training
        if dose is None:
            low = np.asarray(pair.low[0, list(part.slices)], np.float32)
        else:
            physics = scanner(full, pair.spacing)
            low = insert_noise(full, pair.spacing, dose, physics=physics, seed=77)[0]
        denoised = denoiser.denoise(low)
        kept = slice(*part.rows) if part.rows else slice(None)
        for before, after, wanted in zip(
            low[:, kept], denoised[:, kept], full[:, kept], strict=True
        ):
            for name in CLIPPED:
                psnr[name].append((_psnr(before, wanted, name), _psnr(after, wanted, name)))
            errors.append((fidelity.rmse(before, wanted), fidelity.rmse(after, wanted)))
            moved.append(shifts(before, after, wanted))
    low_psnr, own_psnr = np.mean(psnr["abdomen"], axis=0)
    gains = [float(np.mean([b - a for a, b in psnr[name]])) for name in CLIPPED]
    before, after = np.mean(errors, axis=0)
    tissue, shift = max(((n, s.shift) for n, s in pooled(moved).items()), key=lambda x: abs(x[1]))
    named = f"{dose:.0%}" if dose else "as it came"
    return (
        f"| {named} | {low_psnr:.2f} dB | {own_psnr:.2f} dB | **{gains[0]:+.2f} dB** | "
        f"{gains[1]:+.2f} dB | {before:.1f} → {after:.1f} | {shift:+.1f} ({tissue}) |"
    )


def _psnr(image: NDArray[np.float32], wanted: NDArray[np.float32], name: str) -> float:
    found = fidelity.psnr(image, wanted, CONVENTIONS[name])
    assert found is not None
    return found
