"""``ctdenoise cluster``: the dashboard's work spread over several computers."""

import argparse
from pathlib import Path

from ctdenoise.cli.common import Subparsers, add_command
from ctdenoise.errors import Problem
from ctdenoise.settings import private_home, settings

TEXT = """\
One scheduler, any number of computers with workers, one PostgreSQL database and one folder that all
of them see (CTDENOISE_HOME). docs/cluster.md says what to type, for systemd and for Slurm.

  ctdenoise cluster certificates certificates/     # once; who has these files may give work
  ctdenoise cluster scheduler --host 0.0.0.0       # listens on port 8786
  ctdenoise cluster worker                         # on every computer; joins CTDENOISE_ENGINE
  ctdenoise cluster worker --role train            # on one that shall only train
"""


def add(subparsers: Subparsers) -> argparse.ArgumentParser:
    """The command's options, with a command of its own for each part."""
    parser = add_command(subparsers, "cluster", "spread the work over several computers", TEXT)
    parts = parser.add_subparsers(title="parts", metavar="PART", required=True, dest="part")
    certificates = parts.add_parser("certificates", help="make ca.pem, cert.pem and key.pem")
    certificates.add_argument("folder", type=Path, metavar="FOLDER", help="where to put them")
    scheduler = parts.add_parser("scheduler", help="be the scheduler")
    scheduler.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
    scheduler.add_argument("--port", type=int, default=8786, help="on which port (8786)")
    worker = parts.add_parser("worker", help="be this computer's workers")
    worker.add_argument(
        "--role",
        nargs="+",
        choices=["train", "interactive", "files"],
        metavar="ROLE",
        help="what for: train, interactive (and batch), files (and downloads); all without it",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Do one part's work; scheduler and workers until they are asked to end."""
    from ctdenoise.jobs import certificates, local, scheduler

    if args.part == "certificates":
        if (args.folder / "key.pem").exists():
            raise Problem(str(args.folder), "holds certificates already", "choose another folder")
        certificates.create(args.folder)
        print(f"{args.folder} holds ca.pem, cert.pem and key.pem: keep them to yourself.")
        return
    keys = local.certificate_folder()
    if args.part == "scheduler":
        scheduler.run(scheduler.serve_scheduler(args.host, args.port, keys))
    address = settings().engine
    if address is None:
        raise Problem("CTDENOISE_ENGINE", "is not set", "give the scheduler's tls:// address")
    private_home()
    scheduler.run(scheduler.serve_workers(address, keys, args.role or scheduler.ROLES))
