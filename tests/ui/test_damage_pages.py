"""Every page, with one of our own files damaged: it says so, and shows the rest."""

from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from apptest import WORKSPACE, OnTheSpot, opened
from damage import DAMAGES, damaged
from phantoms import disc_phantom

from ctdenoise.denoising.filters import FILTERS
from ctdenoise.jobs.kinds import denoise
from ctdenoise.scans.scan import Scan
from ctdenoise.settings import settings
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.networks import add_network
from ctdenoise.workspace.results import Source
from ctdenoise.workspace.runs import Run

pytestmark = pytest.mark.usefixtures("on_the_spot")
PAGES = {
    "scans": ("Scans", "Denoise"),
    "pairs": ("Scans", "Look", "Compare"),
    "denoisings": ("Denoise",),
    "networks": ("Denoise",),
    "runs": ("Watch", "Map", "Compare"),
}


@pytest.fixture
def everything(trained: Run, mine: Library, on_the_spot: OnTheSpot) -> Path:
    """Two scans, a pair, a result, a network from a file and a run; the home."""
    for name in ("One", "Two"):
        scan = Scan(name, disc_phantom(64, slices=3), (1.0, 1.0), np.arange(3.0), np.zeros((3, 3)))
        kept = mine.add_scan(scan, [])
    method = ClassicalFilter(name=next(iter(FILTERS)), strength=1.0)
    denoise.start(WORKSPACE, Source(owner=WORKSPACE, kind="scan", id=kept.id), method)
    add_network(WORKSPACE, trained.folder / "checkpoint.safetensors", "Brought")
    return settings().home


@pytest.mark.parametrize("place", list(PAGES))
def test_no_page_breaks(place: str, everything: Path) -> None:
    folder = everything / "runs" if place == "runs" else settings().workspaces / WORKSPACE / place
    files = [file for file in sorted(folder.glob("*/**/*")) if file.is_file()]
    assert len(files) > 1
    for file, how in zip(files, cycle(DAMAGES), strict=False):
        with damaged(file, how):
            for page in PAGES[place]:
                app = opened(page)
                boxes = [each.value for each in [*app.error, *app.warning]]
                assert not any(str(everything) in each or "Error" in each for each in boxes)
                if file.name in ("record.json", "config.json"):
                    listed = page in ("Scans", "Denoise", "Watch")
                    assert any("damaged-" in (each.key or "") for each in app.button) == listed


def test_what_is_damaged_is_removed_by_a_button(everything: Path, mine: Library) -> None:
    (one,) = (each for each in mine.scans() if each.name == "One")
    (mine.root / "scans" / one.id / "values.npy").write_bytes(b"")
    app = opened("Scans")
    assert any("The scan One is damaged on the disk: remove it" in e.value for e in app.warning)
    next(each for each in app.button if each.key == f"damaged-{one.id}").click().run()
    assert not app.exception and not (mine.root / "scans" / one.id).exists()
    assert [each.name for each in mine.scans()] == ["Two"]


@pytest.mark.parametrize("page", ["Start", "Scans", "Denoise", "Watch", "Train"])
def test_a_damaged_database_is_a_sentence(page: str, home: Path) -> None:
    file = home / "runs.sqlite"
    file.write_bytes(b"\7" * 5000)
    app = opened(page)
    assert any("The database runs.sqlite is damaged on the disk" in e.value for e in app.error)
    assert file.read_bytes() == b"\7" * 5000
