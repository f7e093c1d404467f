"""``ctdenoise restore``: a copy of everything put back."""

import argparse
from pathlib import Path

from ctdenoise.cli.common import Subparsers, add_command, progress, say
from ctdenoise.errors import Problem
from ctdenoise.units import counted

TEXT = """\
Puts a copy that `ctdenoise backup` made into CTDENOISE_HOME and its database, which have to be
empty, while no server runs. What was being trained when the copy was made goes on from its last
epoch when the server starts.

  ctdenoise restore /backups/ct-denoise.tar.gz
"""


def add(subparsers: Subparsers) -> argparse.ArgumentParser:
    """The command's options."""
    parser = add_command(subparsers, "restore", "put a copy of everything back", TEXT)
    parser.add_argument("file", type=Path, metavar="FILE", help="what `ctdenoise backup` wrote")
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace everything that is there by the copy",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Put the copy back; :class:`Problem` where the home is in use or the copy is not whole."""
    from ctdenoise.jobs import local
    from ctdenoise.workspace import restore

    if not args.file.is_file():
        raise Problem(str(args.file), "does not exist", "name a file that `ctdenoise backup` wrote")
    if engine := local.find():
        raise Problem(
            "The engine of this home",
            "is running",
            f"stop the server, then end the process {engine.pid} or wait a quarter of an hour",
        )
    tell = progress()
    manifest = restore.restore(args.file, overwrite=args.overwrite, progress=tell)
    if tell:
        tell(1.0, "The copy is in its place")
    say(f"{counted(len(manifest.files), 'file')} of {args.file.name} are in their place.")
