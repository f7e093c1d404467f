"""``ctdenoise low-dose``: what a scan would look like at less dose."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ctdenoise.cli import common
from ctdenoise.errors import Problem
from ctdenoise.scans.sample import DRAWS
from ctdenoise.scans.scan import Scan
from ctdenoise.units import counted

if TYPE_CHECKING:
    from ctdenoise.dose.insertion import Physics

TEXT = """\
Each slice is projected to learn how many photons reach the detector; the noise that fewer of them
would add is reconstructed and added. Everything else of the slice stays as it was.

  ctdenoise low-dose scan/ --dose 0.25 --out quarter
  ctdenoise low-dose scan/ --dose 0.1 --calibrate --pairs --out pairs   # then: train --pairs pairs
  ctdenoise low-dose scan/ --dose 0.25 --dose 0.1 --pairs --out pairs   # pairs/dose-0.25, dose-0.1
"""
SPACING_MM = 0.7
"""Of images that do not say theirs: 512 pixels across a field of 360 mm."""


def add(subparsers: common.Subparsers) -> argparse.ArgumentParser:
    """Add this command to the parser."""
    parser = common.add_command(
        subparsers, "low-dose", "make a low-dose twin of a scan by noise insertion", TEXT
    )
    parser.add_argument("input", type=Path, metavar="INPUT", help=common.input_help())
    parser.add_argument(
        "--dose",
        type=float,
        action="append",
        required=True,
        metavar="FRACTION",
        help="fraction of the scan's own dose, 0.01 to 1; 0.25 is quarter dose. It may be given "
        "again: several doses get a folder each inside --out, dose-0.25, dose-0.1 and so on",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="NUMBER",
        help="the same seed gives the same noise, at every dose the same grain (default 1)",
    )
    parser.add_argument(
        "--photons",
        type=float,
        metavar="N",
        help="photons per ray at the scan's dose without a patient (default 3e5)",
    )
    parser.add_argument(
        "--electrons",
        type=float,
        default=10.0,
        metavar="N",
        help="variance of the electronic noise in photons² (default 10)",
    )
    parser.add_argument(
        "--f50",
        type=float,
        metavar="LP/MM",
        help="frequency at which the reconstruction kernel falls to a half (default 0.4)",
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="find photons and f50 from the scan's own noise in a uniform region",
    )
    parser.add_argument(
        "--spacing",
        type=float,
        metavar="MM",
        help=f"pixel spacing of images that do not say theirs (default {SPACING_MM})",
    )
    parser.add_argument(
        "--pairs",
        action="store_true",
        help="write FOLDER/low and FOLDER/full, ready for `ctdenoise train`",
    )
    parser.add_argument(
        "--draws",
        type=int,
        metavar="NUMBER",
        help=f"with --pairs, noise draws of every slice (default {DRAWS}): the others go to "
        "low-2, low-3 and so on, and a network learns better from several",
    )
    parser.add_argument(
        "--deidentify", action="store_true", help="take the patient's identity out of the result"
    )
    common.add_scale(parser)
    common.add_output(parser, "folder to write to, one file a slice")
    return parser


def run(args: argparse.Namespace) -> None:
    """Insert noise into a scan and write it into a folder."""
    common.claim(args.out, args.overwrite, [args.input])
    if args.calibrate and (args.photons is not None or args.f50 is not None):
        raise Problem(
            "The option --calibrate",
            "finds photons and f50 itself",
            "leave those two out",
        )
    if args.seed < 0:
        raise Problem("The seed", f"is {args.seed}", "choose a whole number from 0 up")
    draws = args.draws if args.draws is not None else DRAWS if args.pairs else 1
    if draws > 1 and not args.pairs:
        raise Problem("The option --draws", "is for pairs to train on", "add --pairs")
    from ctdenoise.dose.insertion import check_dose, insert_noise, truncated
    from ctdenoise.training.device import find_device

    doses = list(dict.fromkeys(args.dose))
    for dose in doses:
        check_dose(dose)
    if 1 in doses:
        common.say("At a dose of 1 nothing is added: that copy is the scan itself.")
    reading = common.load([args.input], args.scale)
    folders = common.series_folders(reading.scans)
    for scan, sources, folder in zip(reading.scans, reading.sources, folders, strict=True):
        if not scan.is_hu:
            raise Problem(scan.name, "is not CT in HU", "low dose can be simulated for CT only")
        spacing = _spacing(scan, args.spacing)
        if truncated(scan.values[len(scan.values) // 2]):
            common.say(
                f"{scan.name} is cut off by its field of view: the body was extended beyond it, "
                "and the noise is less certain."
            )
        physics = _physics(args, scan, spacing)
        for dose in doses:
            out = args.out / f"dose-{dose:g}" if len(doses) > 1 else args.out
            low = insert_noise(
                scan.values,
                spacing,
                dose,
                physics=physics,
                seed=args.seed,
                draws=draws,
                device=find_device("auto").type,
                progress=common.progress(),
            )
            told = f"Low dose, {dose:g} of full, simulated"
            for number, draw in enumerate(low):
                inner = Path(common.draw_folder(number) if args.pairs else "")
                common.write(draw, sources, out / inner / folder, told, deidentify=args.deidentify)
            if args.pairs:
                common.write(
                    scan.values,
                    sources,
                    out / "full" / folder,
                    "Full dose",
                    deidentify=args.deidentify,
                )
            count = counted(len(scan.values), "slice")
            inner = Path("low" if args.pairs else "")
            print(f"{scan.name}: {count} at {dose:g} of the dose in {out / inner / folder}")


def _spacing(scan: Scan, given: float | None) -> tuple[float, float]:
    if scan.spacing:
        return scan.spacing
    if given is None:
        common.say(
            f"{scan.name} does not say its pixel spacing: {SPACING_MM} mm was assumed, "
            "give another with --spacing."
        )
    return (given or SPACING_MM,) * 2


def _physics(args: argparse.Namespace, scan: Scan, spacing: tuple[float, float]) -> "Physics":
    from ctdenoise.dose.insertion import Physics

    physics = Physics(electrons=args.electrons)
    if args.calibrate:
        from ctdenoise.dose.calibration import calibrate

        physics, found = calibrate(scan.values[len(scan.values) // 2], spacing, physics=physics)
        common.say(
            f"Calibrated on a noise of {found.sd:.1f} HU: {physics.photons:.3g} photons a ray, "
            f"f50 {physics.f50:.2f} lp/mm."
        )
        return physics
    given = {name: getattr(args, name) for name in ("photons", "f50")}
    return replace(physics, **{name: value for name, value in given.items() if value is not None})
