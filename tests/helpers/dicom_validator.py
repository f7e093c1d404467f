"""An independent validator: dciodvfy of David Clunie's dicom3tools (``make test`` installs it with
Debian's package where it may)."""

import shutil
import subprocess
from pathlib import Path

import pytest

has_validator = pytest.mark.skipif(
    shutil.which("dciodvfy") is None,
    reason="dciodvfy is not installed (on Debian: apt-get install dicom3tools)",
)


def errors(path: Path) -> set[str]:
    """What the validator calls an error; warnings (unusual, but allowed) are left out."""
    done = subprocess.run(
        ["dciodvfy", "-new", path], capture_output=True, text=True, errors="replace"
    )
    assert "CTImage" in done.stderr + done.stdout, "the validator did not take it for a CT image"
    return {line for line in done.stderr.splitlines() if line.startswith("Error")}
