"""``ctdenoise export``: a network for other programs."""

import argparse
from pathlib import Path

from ctdenoise.cli import common
from ctdenoise.errors import Problem

TEXT = """\
Writes a trained network as ONNX, which many programs can run without PyTorch or CT Denoise. It
takes and returns HU, float32 (batch, 1, rows, columns), for any number of rows and columns.

  ctdenoise export run --onnx network.onnx
  ctdenoise export dial --onnx grainier.onnx --dial 0.7
"""


def add(subparsers: common.Subparsers) -> argparse.ArgumentParser:
    """Add this command to the parser."""
    parser = common.add_command(
        subparsers, "export", "write a network for other programs (ONNX)", TEXT
    )
    parser.add_argument(
        "network", metavar="NETWORK", help="a run's folder, a checkpoint, or one that ships"
    )
    parser.add_argument(
        "--onnx", type=Path, required=True, metavar="FILE", help="the file to write"
    )
    parser.add_argument(
        "--dial",
        type=float,
        nargs="+",
        default=(),
        metavar="POSITION",
        help="where the dial stands for good, 0 to 1 for each of its terms (default 0)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace that file")
    return parser


def run(args: argparse.Namespace) -> None:
    """Write a checkpoint's network as an ONNX file."""
    if args.onnx.exists() and not args.overwrite:
        raise Problem(str(args.onnx), "is there already", "choose another name or add --overwrite")
    from ctdenoise.denoising.methods import find_network
    from ctdenoise.exports.onnx import export_onnx

    export_onnx(find_network(args.network), args.onnx, args.dial)
    print(f"{args.network}: written as {args.onnx}")
