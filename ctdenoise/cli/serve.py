"""``ctdenoise serve``: the dashboard."""

import argparse
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from ctdenoise.cli.common import Subparsers, add_command, say
from ctdenoise.errors import Problem
from ctdenoise.log import PLAIN
from ctdenoise.settings import (
    EMBED_IN,
    JSON,
    LOG,
    MEMORY,
    RETENTION_DAYS,
    ROOT,
    RUN_MINUTES,
    RUNS_AT_ONCE,
    origin,
    whole_number,
)

TEXT = """\
Only this computer reaches it, unless you name another address to listen on. There are no accounts:
put a sign-on of your own before a dashboard that others can reach.

  ctdenoise serve                   serves http://127.0.0.1:8501 until you press Ctrl-C
  ctdenoise serve --host 0.0.0.0    serves everybody who reaches this computer
  ctdenoise serve --url https://ct.hospital.org/ct
                                    serves a proxy on this computer, which passes the path on
  ctdenoise serve --longest-run 5 --runs-at-once 2
                                    a lesson: each learner trains for 5 minutes at a time at
                                    most, and has 2 runs waiting or running at most

  ctdenoise serve --url https://ct.hospital.org --embed-in https://lms.hospital.org
                                    may be shown in a frame of a learning system

It answers to the names of this computer alone. Whoever shall open it by another name, or through a
proxy, needs --url. With --url it answers to those addresses, this computer's name and loopback
alone.
"""
PORTS = {"http": 80, "https": 443}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def add(subparsers: Subparsers) -> argparse.ArgumentParser:
    """The command's options."""
    parser = add_command(subparsers, "serve", "start the dashboard", TEXT)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=int, default=8501, metavar="NUMBER", help="on which port (8501)"
    )
    parser.add_argument(
        "--url",
        action="append",
        default=[],
        help="at which address people open it, where that is not this computer's own: as a browser "
        "shows it, with the path that a proxy keeps for it; again for another name",
    )
    parser.add_argument(
        "--longest-run",
        metavar="MINUTES",
        help="how many minutes a training may take at a time (4320); what it has learned by then "
        "is kept, and it can be continued",
    )
    parser.add_argument(
        "--runs-at-once",
        metavar="NUMBER",
        help="how many trainings of one person may wait or run at once (100)",
    )
    parser.add_argument(
        "--retention-days",
        metavar="DAYS",
        help="after how many days scans, results and runs are removed that nobody has opened or "
        "changed (never); starred runs stay",
    )
    parser.add_argument(
        "--embed-in",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="which site may show it in a frame, like https://lms.example.org; again for another. "
        "It takes https, or browsers keep no cookie there",
    )
    parser.add_argument(
        "--log-json",
        action="store_true",
        help="tell what happens in lines of JSON on stderr, without names, addresses or paths",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Become the dashboard's server, in the place of this process where the system can do that.

    Raises :class:`Problem` where nobody can listen on that address and port.
    """
    environment = os.environ | MEMORY | _wishes(args)
    host = "127.0.0.1" if args.host == "localhost" else args.host
    _check(host, args.port)
    known = _known(host, args.url)
    if host not in LOOPBACK or args.url:
        say("There are no accounts: anybody who reaches it can use the dashboard.")
    shown = f"[{host}]" if ":" in host else host
    at = args.url or [f"http://{shown}:{args.port}"]
    print(f"CT Denoise is at {' and '.join(at)} (Ctrl-C ends it).", flush=True)
    options = [
        ("server.address", host),
        ("server.port", args.port),
        ("logger.hideWelcomeMessage", "true"),  # which would ask a host outside for our address
        *known,
    ]
    if environment.get(LOG) == JSON:
        environment["DASK_DISTRIBUTED__ADMIN__LOG_FORMAT"] = PLAIN
        options.append(("logger.messageFormat", PLAIN))
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    command += [f"--{name}={value}" for name, value in options]
    if sys.platform == "win32":
        sys.exit(subprocess.call(command, env=environment))
    os.execve(sys.executable, command, environment)


def _wishes(args: argparse.Namespace) -> dict[str, str]:
    """What was given of limits and the like, as the server and its engine read it."""
    wishes = {LOG: JSON} if args.log_json else {}
    if args.embed_in:
        wishes[EMBED_IN] = " ".join(map(origin, args.embed_in))
    given = {
        RUN_MINUTES: ("--longest-run", args.longest_run),
        RUNS_AT_ONCE: ("--runs-at-once", args.runs_at_once),
        RETENTION_DAYS: ("--retention-days", args.retention_days),
    }
    return wishes | {
        variable: str(whole_number(f"The option {option}", text))
        for variable, (option, text) in given.items()
        if text is not None
    }


def _known(host: str, urls: Sequence[str]) -> list[tuple[str, str]]:
    """Streamlit's options for a dashboard that is opened at these addresses: by which names, from
    which origins and below which path.

    Raises :class:`Problem` for what is no such address, or where their paths differ.
    """
    hosts, origins, paths = [*LOOPBACK, host, socket.gethostname()], [], set()
    for url in urls:
        try:
            parts = urlsplit(url)
            whole = parts.scheme in ("http", "https") and parts.port != 0
        except ValueError:
            whole = False
        if not whole or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise Problem(
                f"The address {url}",
                "is none of a dashboard",
                "give it as a browser shows it, like https://ct.hospital.org/ct",
            )
        hosts.append(parts.hostname)
        usual = f":{PORTS[parts.scheme]}"  # which a browser leaves out
        origins.append(f"{parts.scheme}://{parts.netloc.removesuffix(usual)}")
        paths.add(parts.path.strip("/"))
    if len(paths) > 1:
        raise Problem(
            f"The addresses {' and '.join(urls)}",
            "differ in their paths",
            "give them the same one: a dashboard lies below one path",
        )
    if not urls:
        return []
    return [
        *(("server.allowedHosts", each) for each in dict.fromkeys(hosts)),
        *(("server.corsAllowedOrigins", each) for each in origins),
        ("server.baseUrlPath", paths.pop()),
    ]


def _check(host: str, port: int) -> None:
    """Raise :class:`Problem` unless a server can listen there."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as listener:
            if sys.platform != "win32":  # a port that was in use until just now is free
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except OverflowError:
        raise Problem(f"Port {port}", "does not exist", "take one from 1 to 65535") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Problem(
                f"Port {port}", "is in use by another program", "choose another with --port"
            ) from error
        if error.errno == errno.EACCES:
            raise Problem(
                f"Port {port}", "is not yours to listen on", "choose one above 1023 with --port"
            ) from error
        raise Problem(
            f"The address {host}",
            f"is none of this computer ({error.strerror})",
            "give one of its addresses, or 0.0.0.0 for all of them, with --host",
        ) from error
