"""What a copy of a home is: a tar file, compressed where its name ends in gz, with the database,
the folders of :data:`FOLDERS` and, last, a manifest of all that counts in it."""

import re

from pydantic import BaseModel

from ctdenoise.errors import Problem
from ctdenoise.settings import settings

FOLDERS = ("runs", "workspaces", "lessons")
"""Of a home; the engine's and the readers' are made anew."""
MANIFEST = "manifest.json"
FORMAT = 1
PIECE = 1 << 20
TAKING = ".restoring"
"""In a home, while a copy takes its place there."""
_PART = re.compile(r"[^/\\\x00]{1,255}")


class Entry(BaseModel):
    """A file of a copy."""

    size: int
    sha256: str


class Manifest(BaseModel):
    """What a copy holds; members that are not listed were removed while it was made."""

    format: int = FORMAT
    version: str
    """Of CT Denoise."""
    database: str
    """The kind of database."""
    revision: str
    """Of its tables."""
    files: dict[str, Entry]
    folders: list[str]
    """All of them: some are empty."""


def fits(name: str, databases: tuple[str, ...]) -> bool:
    """Whether a member of an archive may be called so: nothing leads out of the home.

    >>> fits("runs/ab/config.json", ()), fits("runs/../x", ()), fits("/etc/passwd", ())
    (True, False, False)
    """
    if name in (MANIFEST, *databases):
        return True
    top, *parts = name.split("/")
    named = all(_PART.fullmatch(part) and part not in (".", "..") for part in parts)
    return top in FOLDERS and named


def refuse_half() -> None:
    """Raise :class:`Problem` where a copy was stopped while it took its place."""
    if (settings().home / TAKING).exists():
        raise Problem(
            "The home folder",
            "holds half of a copy, since restoring it was stopped",
            "run `ctdenoise restore` with the copy once more",
        )
