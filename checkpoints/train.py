"""Train the networks that ship with the program, on any folder of full-dose series or of pairs.

    .venv/bin/python checkpoints/train.py ../shared/data/ct --out checkpoints \\
        --source "public collections (...)"

Of full-dose series the low dose is simulated: at a quarter for the article's recipe and the
recommended one, and at random doses of random scanners for the networks that are meant for any
scan. A folder with low/ and full/ is taken as it is. Patients are kept aside for validation and
test, those of the program's sample always for the test, and the card beside each network tells how
it does there. What was trained stays in --runs, and a second call goes on from there.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from card import TITLES, scanner, write_card
from numpy.typing import NDArray
from scipy.ndimage import zoom

from ctdenoise.cli.train import load_pairs
from ctdenoise.config import events
from ctdenoise.config.config import Config
from ctdenoise.config.presets import PRESETS
from ctdenoise.config.split import NAME as SPLIT
from ctdenoise.config.split import Part, Split, contents, outline, split
from ctdenoise.dose.insertion import Physics, insert_noise
from ctdenoise.errors import Problem
from ctdenoise.files import write_atomically
from ctdenoise.scans.reading import read
from ctdenoise.scans.sample import sample_scans
from ctdenoise.scans.scan import Pair, Scan
from ctdenoise.training import checkpoint
from ctdenoise.training.trainer import train
from ctdenoise.units import counted

QUARTER = 0.25
AT_A_QUARTER = ("article", "recommended")
"""The networks that learn from a quarter of the dose; the others are for any."""
DRAWS = 4
SEED = 99
VALIDATED = 0.2
"""Share of the patients, of those that are not in the sample, on whom the network is chosen."""
DOSES, PHOTONS, KERNELS = (0.08, 0.6), (0.4, 2.5), (0.7, 1.4)
"""What a network for any scan has to expect: dose fractions, and by how much photons and f50 may
differ from those that the scan's own noise tells of."""
ZOOMS = (1.0, 0.8, 1.25)
"""Enlargements of the full dose, so that other fields of view and sharpnesses are seen too."""


def recipe(name: str, minutes: float) -> Config:
    """A preset; a network for any scan trains as long as it is given time."""
    config = PRESETS[name].model_copy(update={"seed": SEED})
    if name in AT_A_QUARTER:
        return config
    limited = {"time_budget_s": 60 * minutes, "steps_per_epoch": 500, "validation_patches": 256}
    return config.model_copy(update=limited)


def full_dose(scan: Scan, enlarged: float) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Slices and pixel spacing of a scan, enlarged or made smaller by cubic interpolation."""
    assert scan.spacing is not None
    if enlarged == 1:
        return np.array(scan.values), scan.spacing
    slices = np.stack([zoom(image, enlarged, order=3) for image in scan.values])
    if enlarged > 1:  # no larger than it was: the middle of it
        first = [(n - m) // 2 for n, m in zip(slices.shape[1:], scan.values.shape[1:], strict=True)]
        rows, columns = scan.values.shape[1:]
        slices = slices[:, first[0] : first[0] + rows, first[1] : first[1] + columns]
    return slices.astype(np.float32), (scan.spacing[0] / enlarged, scan.spacing[1] / enlarged)


def quarter(scan: Scan) -> Pair:
    full, spacing = full_dose(scan, 1.0)
    physics = scanner(full, spacing)
    low = insert_noise(full, spacing, QUARTER, physics=physics, seed=1, draws=DRAWS)
    return as_pair(scan, low, full, spacing, QUARTER)


def any_dose(scan: Scan, draws: int) -> Iterator[Pair]:
    """The scan at every zoom, every draw at another dose, on another scanner."""
    chance = np.random.default_rng([*scan.name.encode(), SEED])
    for enlarged in ZOOMS:
        full, spacing = full_dose(scan, enlarged)
        own, low = scanner(full, spacing), []
        for draw in range(draws if enlarged == 1 else draws // 2):
            dose, more, sharper = (
                float(np.exp(chance.uniform(*np.log(r)))) for r in (DOSES, PHOTONS, KERNELS)
            )
            physics = Physics(photons=own.photons * more, f50=own.f50 * sharper)
            low.append(insert_noise(full, spacing, dose, physics=physics, seed=draw)[0])
        yield as_pair(scan, np.stack(low), full, spacing, None)


def as_pair(scan: Scan, low: NDArray[np.float32], full: NDArray[np.float32],
            spacing: tuple[float, float], dose: float | None) -> Pair:  # fmt: skip
    return Pair(scan.name, low, full, spacing, scan.positions, scan.orientation, scan.unit,
                scan.facts.patient, dose, True)  # fmt: skip


def pairs_for(name: str, scans: list[Scan], given: list[Pair], draws: int) -> list[Pair]:
    if given:
        return given
    if name in AT_A_QUARTER:
        return [quarter(scan) for scan in scans]
    return [pair for scan in scans for pair in any_dose(scan, draws)]


def shown() -> set[str]:
    """The contents of the sample's slices, which no network that ships may have learned from."""
    return {content for scan in sample_scans() for content in contents(scan.values)}


def division(pairs: list[Pair]) -> Split:
    """The sample's patients are tested on; where none of them is here, whoever the seed says."""
    outlines = [outline(pair) for pair in pairs]
    sample = shown()
    tested = {o.patient for o in outlines if not sample.isdisjoint(o.contents)}
    if not tested:
        return split(outlines, SEED)
    others = sorted({o.patient for o in outlines} - tested)
    count = max(1, round(VALIDATED * len(others)))
    if len(others) <= count:
        raise Problem("The folder", "has too few patients beside those of the sample", "add two")
    validated = set(random.Random(SEED).sample(others, count))
    train, validation, test = (
        tuple(Part(i, tuple(range(o.slices))) for i, o in enumerate(outlines) if o.patient in group)
        for group in (set(others) - validated, validated, tested)
    )
    learned = counted(len(others) - count, "patient")
    sentence = (f"{learned} to train on, {counted(count, 'other')} for validation and "
                f"{len(tested)} for the test, the program's sample.")  # fmt: skip
    return Split(train, validation, test, sentence, False, tuple(o.fingerprint for o in outlines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="full-dose series, or a folder with low/ and full/")
    parser.add_argument("--out", type=Path, default=Path("checkpoints"))
    parser.add_argument("--runs", type=Path, default=Path("build/checkpoints"))
    parser.add_argument("--only", nargs="+", choices=list(TITLES), metavar="NAME",
                        default=list(TITLES), help=", ".join(TITLES))  # fmt: skip
    parser.add_argument("--minutes", type=float, default=60, help="for each network for any dose")
    parser.add_argument("--draws", type=int, default=12, help="low doses of every slice")
    parser.add_argument("--source", metavar="TEXT",
                        help="what the cards say of where the scans are from")  # fmt: skip
    parser.add_argument("--start", type=Path, help="a network of the same shape to go on from")
    options = parser.parse_args()
    given = load_pairs(options.data) if (options.data / "full").is_dir() else []
    scans = [] if given else list(read([options.data]).scans)
    for number, scan in enumerate(scans):  # unnamed patients are not one and the same
        if not scan.facts.patient:
            scans[number] = replace(scan, facts=replace(scan.facts, patient=scan.name))
    brought: list[Pair | Scan] = [*given, *scans]
    for each in brought:
        if each.spacing is None:
            raise Problem(each.name, "has no pixel spacing, by which its noise is known",
                          "leave it out or bring it as DICOM")  # fmt: skip
    source = options.source or f"the folder {options.data.resolve().name}"
    for name in options.only:
        run = options.runs / name
        began = time.perf_counter()
        pairs = pairs_for(name, scans, given, options.draws)
        print(
            f"{name}: {counted(len(pairs), 'pair')} in {time.perf_counter() - began:.0f} s",
            flush=True,
        )
        run.mkdir(parents=True, exist_ok=True)
        write_atomically(run / SPLIT, json.dumps(asdict(division(pairs)), indent=2))
        ended = train(recipe(name, options.minutes), pairs, run, on_event=tell,
                      resume=(run / checkpoint.NAME).exists(), start=options.start)  # fmt: skip
        print(ended.sentence, flush=True)
        write_card(name, run, pairs, options.out, source, options.start)
    return 0


def tell(event: events.Event) -> None:
    match event:
        case events.Started():
            print(f"  {event.split}", flush=True)
        case events.Epoch():
            print(f"  epoch {event.epoch}: validation MSE {event.validation_mse:.1f} HU² "
                  f"(low dose {event.low_mse:.1f})", flush=True)  # fmt: skip


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(str(problem))
