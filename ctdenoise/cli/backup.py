"""``ctdenoise backup``: a copy of everything in one file."""

import argparse
from pathlib import Path

from ctdenoise.cli.common import Subparsers, add_command, progress, say
from ctdenoise.errors import Problem
from ctdenoise.units import counted, size

TEXT = """\
The copy holds the database and all scans, runs, results and lessons of CTDENOISE_HOME. The server
may go on meanwhile. Keep it as you keep the home folder: whoever has it, has everything.

  ctdenoise backup /backups/ct-denoise.tar          as fast as the disk
  ctdenoise backup /backups/ct-denoise.tar.gz       smaller, and slower
"""


def add(subparsers: Subparsers) -> argparse.ArgumentParser:
    """The command's options."""
    parser = add_command(subparsers, "backup", "copy everything into one file", TEXT)
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="where to; compressed where its name ends in gz"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an earlier copy of that name"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Write the copy; :class:`Problem` where the file exists, or its folder does not."""
    from ctdenoise.workspace import backup

    if not args.file.absolute().parent.is_dir():
        raise Problem(str(args.file.parent), "is no folder", "make it first")
    if args.file.exists() and not args.overwrite:
        raise Problem(str(args.file), "exists already", "choose another name or add --overwrite")
    tell = progress()
    manifest = backup.save(args.file, tell)
    if tell:
        tell(1.0, "The home is copied")
    say(f"{args.file} holds {counted(len(manifest.files), 'file')}, "
        f"{size(args.file.stat().st_size)}.")  # fmt: skip
