"""``ctdenoise fetch``: real low-dose pairs from the public archive."""

import argparse
import shutil
from pathlib import Path

from ctdenoise.cli import common
from ctdenoise.errors import Problem
from ctdenoise.scans import ldct
from ctdenoise.units import counted

TEXT = """\
LDCT-and-Projection-data of the Mayo Clinic: 100 patients, each at routine dose and at a quarter
(abdomen) or a tenth (chest) of it, from the NCI Imaging Data Commons, without a login. A download
that was cut off goes on when the command is started again.

  ctdenoise fetch ldct --list
  ctdenoise fetch ldct --patient L004 --out mayo        # mayo/low/L004 and mayo/full/L004
  ctdenoise fetch ldct --patient L004 C002 --every 5 --out mayo     # then: train --pairs mayo
"""


def add(subparsers: common.Subparsers) -> argparse.ArgumentParser:
    """Add this command to the parser."""
    parser = common.add_command(
        subparsers, "fetch", "download real low-dose pairs from a public archive", TEXT
    )
    parser.add_argument("collection", choices=["ldct"], help="which collection")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--list", action="store_true", help="print the patients")
    what.add_argument("--patient", nargs="+", metavar="ID", help="whose slices to download")
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="take every n-th position along the patient only (default 1: all)",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder for low/ and full/")
    return parser


def run(args: argparse.Namespace) -> None:
    """List the archive's patients, or download pairs of them."""
    if args.list:
        _list()
        return
    if args.out is None:
        raise Problem("The option --out", "is missing", "name a folder to write to")
    if args.out.exists() and not args.out.is_dir():
        raise Problem(args.out.name, "is a file", "choose a folder to write to")
    for patient in [ldct.patient(id) for id in args.patient]:
        _fetch(patient, args.out, args.every)
    print(f"{args.out} holds low/ and full/. {ldct.ATTRIBUTION}")


def _fetch(patient: ldct.Patient, out: Path, every: int) -> None:
    """Into a hidden folder, which a second call goes on with, and under its own name when whole."""
    places = {dose: out / dose / patient.id for dose in ldct.DOSES}
    if all(place.exists() for place in places.values()):
        common.say(f"{patient.id} was there already; remove its folders to download it anew.")
        return
    unfinished = out / f".{patient.id}-{every}"
    try:
        ldct.download(patient, unfinished, every=every, progress=common.progress())
    except KeyboardInterrupt as error:
        raise Problem(
            "The download", "was interrupted", "start the command again, and it goes on"
        ) from error
    for dose, place in places.items():
        shutil.rmtree(place, ignore_errors=True)  # of a call that ended between the two
        place.parent.mkdir(exist_ok=True)
        (unfinished / dose).rename(place)
    unfinished.rmdir()
    slices = len(list(places["full"].iterdir()))
    print(
        f"{patient.name}: {counted(slices, 'slice')} at {patient.fraction:.0%} and 100% of the dose"
    )


def _list() -> None:
    print("patient  region   low dose  slices    MB  licence")
    for patient in ldct.patients().values():
        print(
            f"{patient.id:7}  {patient.region:7}  {patient.fraction:8.0%}  "
            f"{patient.full.slices:6}  {patient.download_mb():4.0f}  {patient.licence}"
        )
    print(ldct.ATTRIBUTION)
