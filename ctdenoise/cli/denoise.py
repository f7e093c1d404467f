"""``ctdenoise denoise``: a trained network or a classical filter applied to a scan."""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctdenoise.cli import common
from ctdenoise.denoising.filters import FILTERS
from ctdenoise.errors import Problem
from ctdenoise.metrics.noise import noise_level
from ctdenoise.scans.readers import READERS, listed, titles
from ctdenoise.scans.reading import Series
from ctdenoise.scans.scan import SliceSource
from ctdenoise.units import counted

if TYPE_CHECKING:
    from ctdenoise.denoising.methods import Method


def _text() -> str:
    """What the help says of methods and files."""
    kept = (reader.suffixes[0] for reader in READERS.values() if reader.write or reader.write_like)
    kinds = listed((f"{suffix} gives {suffix}" for suffix in kept), "and")
    return f"""\
METHOD is a run's folder, a checkpoint's file, the name of a checkpoint that ships with the program,
or a filter: {", ".join(FILTERS)}.

Writes one derived DICOM file per slice, with position, orientation and spacing as in the input;
{kinds}. Several series get a folder each. A DICOM series of any length
takes the memory of a few slices; {titles("and")} are written whole.

  ctdenoise denoise run scan/ --out denoised
  ctdenoise denoise recommended scan/ --out gentle --mix 0.7
  ctdenoise denoise non_local_means scan/ --out smoothed --strength 25 --json
  ctdenoise denoise dial scan/ --out grainier --dial 0.7
  ctdenoise denoise checkpoints/network.safetensors scan.zip --out denoised --deidentify
"""


def add(subparsers: common.Subparsers) -> argparse.ArgumentParser:
    """Add this command to the parser."""
    parser = common.add_command(
        subparsers, "denoise", "denoise a scan with a network or a filter", _text()
    )
    parser.add_argument(
        "method", metavar="METHOD", help="a run's folder, a checkpoint or a filter's name"
    )
    parser.add_argument("input", type=Path, metavar="INPUT", help=common.input_help())
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda", "mps"],
        default="auto",
        help="auto takes a graphics processor where there is one",
    )
    parser.add_argument(
        "--dial",
        type=float,
        nargs="+",
        default=(),
        metavar="POSITION",
        help="where the dial stands, 0 to 1 for each of its terms (default 0, the smooth end)",
    )
    parser.add_argument(
        "--strength",
        type=float,
        metavar="NUMBER",
        help="of a filter: " + ", ".join(_knob(name) for name in FILTERS),
    )
    parser.add_argument(
        "--mix",
        type=float,
        default=1.0,
        help="share of the denoised image in the result, 0 (the input) to 1 (the default)",
    )
    parser.add_argument(
        "--deidentify", action="store_true", help="take the patient's identity out of the result"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object a series in place of the sentence, with the noise before and after",
    )
    common.add_scale(parser)
    common.add_output(parser, "folder to write to, one file a slice")
    return parser


def _knob(name: str) -> str:
    knob = FILTERS[name]
    return f"{name} {knob.parameter} in {knob.unit} (default {knob.default:g})"


def run(args: argparse.Namespace) -> None:
    """Denoise a scan and write it into a folder."""
    common.claim(args.out, args.overwrite, [args.input, Path(args.method)])
    from ctdenoise.denoising.methods import find_method

    method = find_method(args.method, strength=args.strength, device=args.device, setting=args.dial)
    finding = common.look(args.input, args.scale)
    for series in finding.series:
        if method.unit not in (None, series.unit):
            raise Problem(
                series.name,
                f"is in {series.unit or 'units of its own'} and the network was trained in "
                f"{method.unit or 'others'}",
                "train a network on scans of this kind",
            )
    for series, folder in zip(finding.series, common.series_folders(finding.series), strict=True):
        known = len(finding.problems)
        try:
            row = _denoise(series, method, args, args.out / folder)
        finally:
            for problem in finding.problems[known:]:
                common.say(str(problem))
        if args.json:
            print(json.dumps(row, allow_nan=False), flush=True)
        else:
            count = counted(int(str(row["slices"])), "slice")
            print(f"{series.name}: {count} denoised in {row['output']}")


def _denoise(
    series: Series, method: "Method", args: argparse.Namespace, out: Path
) -> dict[str, object]:
    """Denoise one series; what ``--json`` tells about it."""
    from ctdenoise.denoising.series import stream

    began, slices = time.monotonic(), 0
    noise: list[tuple[float, float]] = []
    tell = common.progress() or (lambda fraction, sentence: None)
    share = "" if args.mix == 1 else f", {args.mix:.0%} of it mixed with the input"

    def results() -> Iterator[tuple[SliceSource, NDArray[np.float32]]]:
        nonlocal slices
        with closing(stream(series.images(), method, args.mix)) as denoised:
            for slices, (source, before, after) in enumerate(denoised, 1):
                if args.json:
                    noise.append((noise_level(before), noise_level(after)))
                yield source, after
                tell(slices / len(series.sources), f"Denoised slice {slices}")

    common.write_slices(
        results(),
        out,
        method.description + share,
        f"{method.recipe} {args.mix:g}",
        deidentify=args.deidentify,
    )
    sd_before, sd_after = np.mean(noise, axis=0).tolist() if noise else (None, None)
    return {
        "input": str(args.input),
        "series": series.name,
        "output": str(out),
        "slices": slices,
        "method": args.method,
        "description": method.description + share,
        "seconds": round(time.monotonic() - began, 3),
        "unit": series.unit,
        "noise_sd_before": sd_before,
        "noise_sd_after": sd_after,
    }
