"""The command line: what the dashboard does, without a browser."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from ctdenoise import __version__
from ctdenoise.cli import (
    cluster,
    compare,
    denoise,
    export,
    fetch,
    lesson,
    low_dose,
    sample,
    serve,
    train,
)
from ctdenoise.errors import Problem, disk_problem
from ctdenoise.settings import create_privately, thread_environment

COMMANDS = (serve, sample, fetch, low_dose, train, denoise, compare, export, lesson, cluster)

DESCRIPTION = """\
Learn how a convolutional network removes noise from low-dose CT.

From nothing to a judged network:
  ctdenoise sample --out sample
  ctdenoise train --preset recommended --pairs sample --out run
  ctdenoise denoise run sample/low --out denoised
  ctdenoise compare --reference sample/full --images sample/low denoised

The dashboard, at http://127.0.0.1:8501:
  ctdenoise serve

With scans of your own, start from full dose instead of the sample:
  ctdenoise low-dose scans --dose 0.25 --pairs --out pairs

Or with real low-dose pairs of the Mayo Clinic:
  ctdenoise fetch ldct --patient L004 --out mayo

Not a medical device: do not use it for diagnosis.
"""


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with a command, instead of repeating its usage."""

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 after one sentence on stderr."""
        self.exit(2, f"{message[0].upper()}{message[1:]}: see {self.prog} --help.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0, or another code after one sentence on stderr."""
    parser = Parser(
        prog="ctdenoise",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ctdenoise {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        added = command.add(subparsers)
        added.add_argument(
            "--verbose", action="store_true", help="on an error, print the traceback as well"
        )
        added.set_defaults(run=command.run)
    args = parser.parse_args(argv)
    create_privately()
    os.environ.update(thread_environment())  # no command has loaded torch yet
    try:
        args.run(args)
        return 0
    except (Exception, KeyboardInterrupt) as error:
        if args.verbose:
            traceback.print_exception(error)
        print(_sentence(error), file=sys.stderr)
        return 1


def _sentence(error: BaseException) -> str:
    match error:
        case Problem():
            return str(error)
        case KeyboardInterrupt():
            return "Interrupted: start the command again to do it from the beginning."
        case MemoryError():
            return "The memory did not suffice: give fewer slices at a time or close programs."
        case OSError():
            return str(disk_problem(error, str(error.filename or "The result")))
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"An error of the program stopped it ({what}): report it with the text of --verbose."
