"""``ctdenoise sample``: real slices to begin with."""

import argparse
from pathlib import Path

from ctdenoise.cli.common import (
    Subparsers,
    add_command,
    add_output,
    claim,
    draw_folder,
    progress,
    write,
)
from ctdenoise.settings import private_home, settings

TEXT = """\
Real CT of three patients (abdomen, liver and heart, chest), eight slices each, with a simulated
quarter dose. It comes with the program and needs no network.

  ctdenoise sample --out sample     writes sample/low and sample/full, ready for `ctdenoise train`,
                                    and further noise draws of the same slices as low-2 to low-4
  ctdenoise sample                  makes the sample that the dashboard shows
"""


def add(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add this command to the parser."""
    parser = add_command(subparsers, "sample", "write a real sample to begin with", TEXT)
    add_output(
        parser, "folder for low/ and full/; without it, the dashboard's sample", required=False
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Write the sample's pairs into a folder."""
    from ctdenoise.scans.sample import ATTRIBUTION, sample_pairs, sample_sources
    from ctdenoise.workspace.sample import ensure_sample

    if args.out is None:
        private_home()
        ensure_sample(settings().workspaces, progress())
        print(f"The dashboard's sample is ready. {ATTRIBUTION}")
        return
    claim(args.out, args.overwrite)
    for pair, sources in zip(sample_pairs(progress()), sample_sources(), strict=True):
        folder = Path(pair.name.lower().replace(" ", "-"))
        for number, low in enumerate(pair.low):
            out = args.out / draw_folder(number) / folder
            write(low, sources, out, f"Low dose, {pair.name}")
        write(pair.full, sources, args.out / "full" / folder, f"Full dose, {pair.name}")
    print(f"{args.out} holds low/ and full/. {ATTRIBUTION}")
