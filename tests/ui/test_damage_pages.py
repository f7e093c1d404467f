"""Every page, with one of our own files damaged: it says so, and shows the rest."""

import sqlite3
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
from ctdenoise.workspace import database as database_module
from ctdenoise.workspace.copies import TAKING
from ctdenoise.workspace.database import database
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import Library, PairRecord
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


@pytest.mark.parametrize("page", ["Start", "Scans", "Train"])
def test_a_copy_that_was_put_back_by_half_is_a_sentence(page: str, home: Path) -> None:
    (home / TAKING).mkdir()
    app = opened(page)
    assert not app.exception
    assert any("The home folder holds half of a copy" in each.value for each in app.error)
    (home / TAKING).rmdir()
    assert not opened(page).error


def test_a_database_that_somebody_holds_is_a_sentence_and_the_page_is_there_again(
    home: Path, pair: PairRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    database()
    with sqlite3.connect(home / "runs.sqlite") as other:
        other.execute("BEGIN EXCLUSIVE")
        app = opened("Train")
        train = next(each for each in app.button if each.label.startswith("Train"))
        train.click().run()
        assert not app.exception
        assert any("is held by another program" in each.value for each in app.error)
        other.rollback()
    assert list((home / "runs").glob("*")) == []
    assert not opened("Train").error
