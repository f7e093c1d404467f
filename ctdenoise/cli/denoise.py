"""``ctdenoise denoise``: a trained network applied to a scan."""

import argparse
from pathlib import Path

from ctdenoise.cli import common
from ctdenoise.errors import Problem

TEXT = """\
Writes one derived DICOM file per slice, with position, orientation and spacing as in the input;
.npy gives .npy and .tif gives .tif. Several series get a folder each.

  ctdenoise denoise run scan/ --out denoised
  ctdenoise denoise dial scan/ --out grainier --dial 0.7
  ctdenoise denoise checkpoints/network.safetensors scan.zip --out denoised --deidentify
"""


def add(subparsers: common.Subparsers) -> argparse.ArgumentParser:
    parser = common.add_command(subparsers, "denoise", "denoise a scan with a network", TEXT)
    parser.add_argument(
        "network", type=Path, metavar="RUN_OR_CHECKPOINT", help="a run's folder or a checkpoint"
    )
    parser.add_argument("input", type=Path, metavar="INPUT", help=common.INPUT_HELP)
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
        "--deidentify", action="store_true", help="take the patient's identity out of the result"
    )
    common.add_output(parser, "folder to write to, one file a slice")
    return parser


def run(args: argparse.Namespace) -> None:
    common.claim(args.out, args.overwrite, [args.input, args.network])
    from ctdenoise.denoising.network import Denoiser

    denoiser = Denoiser.load(args.network, args.device, args.dial)
    reading = common.load([args.input])
    trained_in = denoiser.card.get("unit", "HU")
    for scan in reading.scans:
        if scan.unit != trained_in:
            raise Problem(
                scan.name,
                f"is in {scan.unit or 'units of its own'} and the network was trained in "
                f"{trained_in or 'others'}",
                "train a network on scans of this kind",
            )
    folders = common.series_folders(reading.scans)
    for scan, sources, folder in zip(reading.scans, reading.sources, folders, strict=True):
        denoised = denoiser.denoise(scan.values, common.progress())
        common.write(
            denoised, sources, args.out / folder, "Denoised by a CNN", deidentify=args.deidentify
        )
        count = f"{len(denoised)} {'slice' if len(denoised) == 1 else 'slices'}"
        print(f"{scan.name}: {count} denoised in {args.out / folder}")
