"""``ctdenoise lesson check``: whether a lesson can be taken, and what is wrong with it."""

import argparse
from pathlib import Path

from ctdenoise.cli.common import Subparsers, add_command
from ctdenoise.errors import Problem
from ctdenoise.units import counted

TEXT = """\
A lesson is a folder with a file lesson.yaml in it; docs/teaching.md shows how to write one. Put the
folder into CTDENOISE_HOME/lessons, and it is on the page Learn.

  ctdenoise lesson check my-lesson    tells every mistake with its line, or that there is none
"""


def add(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add this command to the parser."""
    parser = add_command(subparsers, "lesson", "check a lesson that you have written", TEXT)
    parser.add_argument("what", choices=["check"], help="what to do")
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="the folder of the lesson, or the name of one in CTDENOISE_HOME/lessons",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Print every mistake; a code of 1 where there are any."""
    from ctdenoise.lessons.reading import read
    from ctdenoise.settings import settings
    from ctdenoise.ui import menu

    own = settings().home / "lessons" / args.folder
    folder = own if own.is_dir() and not args.folder.is_dir() else args.folder
    found = read(folder.resolve(), tuple(menu.ICONS))
    for mistake in found.mistakes:
        print(mistake)
    if found.lesson is None:
        count = counted(len(found.mistakes), "mistake")
        raise Problem(found.id, f"has {count}", "mend what is told above and check it again")
    chapters, steps = len(found.lesson.chapters), len(found.lesson.steps)
    print(f"{found.id} is fine: {counted(chapters, 'chapter')}, {counted(steps, 'step')}.")
