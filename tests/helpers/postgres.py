"""A PostgreSQL server of the tests' own, on a socket in a temporary folder; skipped where it cannot
be had."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def programs() -> Path:
    """The folder of initdb and pg_ctl: Debian keeps them off the path, one for each version."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found := shutil.which("initdb"):
        places.insert(0, Path(found).parent)
    for place in places:
        if (place / "initdb").exists():
            return place
    pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a running server's database "postgres"."""
    place = programs()
    # Not in pytest's own folder, which no other user may enter.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # a server refuses to run as root
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("there is no user postgres to run the server as")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = ["runuser", "-u", "postgres", "--"]

    def call(program: str, *arguments: str) -> None:
        command = [*as_user, str(place / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr

    data, log = str(folder / "data"), str(folder / "log")
    call("initdb", "-D", data, "-U", "ctdenoise", "-A", "trust", "-N")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    call("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
    try:
        yield f"postgresql://ctdenoise@/postgres?unix_sock={folder}/.s.PGSQL.5432"
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
