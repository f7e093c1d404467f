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
from ctdenoise.metrics.metric import (
    CONVENTIONS,
    METRICS,
    Convention,
    Metric,
    Sample,
    clipped,
    mean_over_slices,
    measure,
    spanning,
    titles,
)
from ctdenoise.scans.matching import Matched, match
from ctdenoise.scans.meaning import Meaning
from ctdenoise.scans.scan import Scan
from ctdenoise.units import counted

TEXT = """\
Slices are matched by position, or by number where they have none; images by file name. All
numbers are means over slices of the value of each; those that depend on a window and its width
state it.

  ctdenoise compare --reference sample/full --images sample/low denoised
  ctdenoise compare --reference full --images low denoised --convention abdomen --json
"""
KNOWN = frozenset({"reference", "convention", "spacing"})
"""What there is of a slice on the command line for a metric to be measured."""


def add(subparsers: common.Subparsers) -> argparse.ArgumentParser:
    """Add this command to the parser."""
    numbers = "\n".join(
        f"  {m.name:10s}{_explained(m)}" for m in METRICS.values() if m.needs <= KNOWN
    )
    windows = "\n".join(f"  {c.name:14s}{c.sentence}" for c in CONVENTIONS.values())
    parser = common.add_command(
        subparsers,
        "compare",
        "measure images against a reference",
        f"{TEXT}\nmetrics:\n{numbers}\n\nconventions:\n{windows}",
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
        help=f"window of {titles(clipped())} (default abdomen)",
    )
    common.add_scale(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list, an object an image")
    return parser


def run(args: argparse.Namespace) -> None:
    """Print the metrics of images against a reference, as a table, CSV or JSON."""
    convention = CONVENTIONS[args.convention]
    rows = [compared(path, args.reference, convention, args.scale) for path in args.images]
    if args.json:
        print(json.dumps(rows, indent=2, allow_nan=False))
        return
    metrics = [metric for name, metric in METRICS.items() if any(name in row for row in rows)]
    widths = [max(metric.width, len(_heading(metric))) for metric in metrics]
    heads = (f"{_heading(m):>{width}s}" for m, width in zip(metrics, widths, strict=True))
    print(f"{'image':30s} {'slices':>6s}", *heads)
    for row in rows:
        texts = (m.text(row[m.name]) if m.name in row else "" for m in metrics)
        cells = (f"{text:>{width}s}" for text, width in zip(texts, widths, strict=True))
        print(f"{row['image']:30s} {row['slices']:6d}", *cells)
    for convention in dict.fromkeys(row["convention"] for row in rows):
        row = next(row for row in rows if row["convention"] == convention)
        level, width = row["window"]["level"], row["window"]["width"]
        print(f"{titles(clipped())}: convention {convention}, window {level:g}/{width:g}, "
              f"data range {row['data_range']:g}, SSIM in {row['ssim_window']}.")  # fmt: skip


def compared(
    path: Path, reference: Path, convention: Convention, scale: Meaning | None = None
) -> dict[str, Any]:
    """One object of the JSON list: all metrics, over all slices that ``path`` shares."""
    ours, theirs = common.load_both(path, reference, scale)
    slices: list[tuple[NDArray[np.float32], NDArray[np.float32], tuple[float, float] | None]] = []
    for scan in ours.scans:
        matched = _partner(scan, theirs.scans)
        if matched.low_alone:
            common.say(
                f"Without a reference: {counted(len(matched.low_alone), 'slice')} of {scan.name}."
            )
        if matched.doubt:
            common.say(matched.doubt)
        pair = matched.pair
        slices.extend((*both, pair.spacing) for both in zip(pair.low[0], pair.full, strict=True))
        if not scan.is_hu:
            convention = spanning(np.concatenate([full.ravel() for _, full, _ in slices]))
    found = mean_over_slices(
        [
            measure(Sample(image, convention, full, spacing=spacing))
            for image, full, spacing in slices
        ]
    )
    return {
        "image": str(path),
        "slices": len(slices),
        **found,
        "window": {"level": convention.window.level, "width": convention.window.width},
        "data_range": convention.data_range,
        "convention": convention.name,
        "ssim_window": convention.ssim.words,
    }


def _heading(metric: Metric) -> str:
    """Title and unit, the image's own left out: images in several units may share the table."""
    unit = "" if metric.in_image_unit else metric.unit
    return f"{metric.title}, {unit}" if unit else metric.title


def _explained(metric: Metric) -> str:
    """A metric in a line: what it is, its unit, and which numbers of it are the better ones."""
    unit = metric.unit.replace("image", "HU")
    better = f"{metric.better} is better" if metric.better else ""
    return ", ".join(filter(None, (metric.meaning or metric.title, unit, better)))


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
