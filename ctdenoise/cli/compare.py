"""``ctdenoise compare``: how near images are to a reference, in numbers."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctdenoise.cli import common
from ctdenoise.errors import Problem
from ctdenoise.metrics.fidelity import CONVENTIONS, Convention, fidelity, mean, spanning
from ctdenoise.scans.pairing import Matched, match
from ctdenoise.scans.scan import Scan

TEXT = """\
Slices are matched by position, images by file name. MSE and RMSE are in HU² and HU on unclipped
values; PSNR and SSIM depend on a window and its width, which are stated. All are means over
slices of the value of each.

  ctdenoise compare --reference sample/full --images sample/low denoised
  ctdenoise compare --reference full --images low denoised --convention abdomen --json

conventions:
"""


def add(subparsers: common.Subparsers) -> argparse.ArgumentParser:
    listed = "\n".join(f"  {c.name:10s}{c.sentence}" for c in CONVENTIONS.values())
    parser = common.add_command(
        subparsers, "compare", "measure images against a reference", TEXT + listed
    )
    parser.add_argument(
        "--reference", type=Path, required=True, metavar="FULL", help="the full dose"
    )
    parser.add_argument(
        "--images",
        type=Path,
        nargs="+",
        required=True,
        metavar="IMAGE",
        help="what is measured: a file, folder or zip each",
    )
    parser.add_argument(
        "--convention",
        choices=sorted(CONVENTIONS),
        default="abdomen",
        help="window of PSNR and SSIM (default abdomen)",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list, an object an image")
    return parser


def run(args: argparse.Namespace) -> None:
    rows = [measure(path, args.reference, CONVENTIONS[args.convention]) for path in args.images]
    if args.json:
        print(json.dumps(rows, indent=2, allow_nan=False))
        return
    print(f"{'image':30s} {'slices':>6s} {'MSE':>10s} {'RMSE':>8s} {'PSNR, dB':>9s} {'SSIM':>7s}")
    for row in rows:
        psnr = "identical" if row["psnr"] is None else f"{row['psnr']:.2f}"
        print(
            f"{row['image']:30s} {row['slices']:6d} {row['mse']:10.2f} {row['rmse']:8.2f} "
            f"{psnr:>9s} {row['ssim']:7.4f}"
        )
    for convention in dict.fromkeys(row["convention"] for row in rows):
        row = next(row for row in rows if row["convention"] == convention)
        level, width = row["window"]["level"], row["window"]["width"]
        print(f"PSNR and SSIM: convention {convention}, window {level:g}/{width:g}, data range "
              f"{row['data_range']:g}.")  # fmt: skip


def measure(path: Path, reference: Path, convention: Convention) -> dict[str, Any]:
    """One object of the JSON list: fidelity over all slices that ``path`` shares."""
    ours, theirs = common.load_both(path, reference)
    images: list[NDArray[np.float32]] = []
    references: list[NDArray[np.float32]] = []
    for scan in ours.scans:
        matched = _partner(scan, theirs.scans)
        if matched.low_alone:
            common.say(f"{len(matched.low_alone)} slices of {scan.name} have no reference.")
        images.extend(matched.pair.low[0])
        references.extend(matched.pair.full)
        if not scan.is_hu:
            convention = spanning(np.concatenate([image.ravel() for image in references]))
    found = mean([fidelity(*both, convention) for both in zip(images, references, strict=True)])
    return {
        "image": str(path),
        "slices": len(images),
        "mse": found.mse,
        "rmse": found.rmse,
        "psnr": found.psnr,
        "ssim": found.ssim,
        "window": {"level": convention.window.level, "width": convention.window.width},
        "data_range": convention.data_range,
        "convention": convention.name,
    }


def _partner(scan: Scan, references: Sequence[Scan]) -> Matched:
    """The reference of the same patient (or image name) that shares most slices with ``scan``."""
    kin = [r for r in references if _identity(r) == _identity(scan)] or references
    found: list[Matched] = []
    problem = Problem(scan.name, "has no reference of the same slices", "give its full dose")
    for reference in kin:
        try:
            found.append(match(scan, reference))
        except Problem as error:
            problem = error
    if not found:
        raise problem
    return max(found, key=lambda matched: len(matched.low_slices))


def _identity(scan: Scan) -> tuple[str, str]:
    return scan.facts.patient, scan.facts.series if scan.facts.modality == "image" else ""
