"""A scan full of identifiers goes all the way: in by a browser, simulated, learned from, denoised,
exported; and they are looked for in every byte on the disk, on every page and in every download."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from homes import home
from inhabited import make_small_sample
from phantoms import disc_phantom, write_ct_series
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pydicom.dataset import Dataset
from serving import ROOT, server
from waiting import until

from ctdenoise.config.config import Config
from ctdenoise.exports.formats import FORMATS
from ctdenoise.jobs import queue
from ctdenoise.jobs.executor import executor
from ctdenoise.jobs.kinds import denoise, export, train
from ctdenoise.jobs.kinds.export import EXPORT, Export
from ctdenoise.jobs.kinds.simulate import SIMULATE, Simulate
from ctdenoise.ui import downloads, menu
from ctdenoise.ui.visitors import COOKIE, workspace_of
from ctdenoise.workspace.denoisers import ClassicalFilter
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.results import Source

__all__ = ["home"]
pytestmark = pytest.mark.browser

SECRET = "2" * 32
WORKSPACE = workspace_of(SECRET) or ""
SLICES = 6
PLANTED = (
    "Xyzzyberg", "Quentinus", "QX4711-0815", "18510203", "1.2.99999.4711", "Zwingenheim",
    "Frobnitzer", "+49 6251 4711", "privately planted", "xyzzy-folder", "xyzzy-file", "xyzzy-zip",
)  # fmt: skip
"""Of each of these no byte may be left, in whichever encoding."""


def plant(dataset: Dataset) -> None:
    dataset.PatientName = "Xyzzyberg^Quentinus"
    dataset.PatientID = dataset.AccessionNumber = dataset.StudyID = "QX4711-0815"
    dataset.PatientBirthDate = dataset.StudyDate = dataset.AcquisitionDate = "18510203"
    dataset.StudyInstanceUID = "1.2.99999.4711.1"
    dataset.SeriesInstanceUID = "1.2.99999.4711.2"
    dataset.FrameOfReferenceUID = "1.2.99999.4711.3"
    dataset.SOPInstanceUID = f"1.2.99999.4711.4.{dataset.InstanceNumber}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstitutionName = "Zwingenheim hospital"
    dataset.ReferringPhysicianName = dataset.OperatorsName = "Frobnitzer^Dr"
    dataset.PatientTelephoneNumbers = "+49 6251 4711"
    dataset.SeriesDescription = "Full dose of Xyzzyberg"
    dataset.ProtocolName = dataset.StudyDescription = "Abdomen Zwingenheim"
    dataset.ImageComments = "Quentinus has asked for Dr Frobnitzer"
    private = dataset.private_block(0x0041, "ZWINGENHEIM", create=True)
    private.add_new(1, "LO", "privately planted Xyzzyberg")


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """A zip of a series, whose name and folders and files hold the patient's, too."""
    values = disc_phantom(64, slices=SLICES, noise=10)
    packed = tmp_path / "xyzzy-zip Xyzzyberg 18510203.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in write_ct_series(tmp_path / "series", values):
            dataset = pydicom.dcmread(path)
            plant(dataset)
            written = io.BytesIO()
            dataset.save_as(written, enforce_file_format=True)
            name = f"xyzzy-folder Quentinus/xyzzy-file Xyzzyberg {path.name}"
            archive.writestr(name, written.getvalue())
    return packed


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where all programs put what is temporary."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def served(home: Path, scratch: Path) -> Iterator[str]:
    make_small_sample()
    try:
        with server(ROOT / "app.py", log=scratch / "server.log") as running:
            yield running.address
    finally:
        executor().shutdown()


@pytest.fixture
def visitor(browser: Browser, served: str) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(120_000)
    context.add_cookies([{"name": COOKIE, "value": SECRET, "url": served}])
    yield context
    context.close()


def found(content: bytes, where: str) -> list[str]:
    """What is left of anything planted, also inside what is packed."""
    left = []
    low = content.lower()
    for each in PLANTED:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            if each.lower().encode(encoding) in low:
                left.append(f"{each} in {where} ({encoding})")
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                left += found(name.encode() + b"\n" + archive.read(name), f"{where}/{name}")
    elif content[:2] == b"\x1f\x8b":
        left += found(gzip.decompress(content), f"{where} unpacked")
    for packed in re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):  # of a PDF
        try:
            left += found(zlib.decompress(packed[1]), f"{where} stream")
        except zlib.error:
            continue
    return left


def all_of(folder: Path) -> list[str]:
    """What is left anywhere below a folder, names and links included."""
    left = []
    for path in folder.rglob("*"):
        left += found(str(path.relative_to(folder)).encode(), "the name of a file")
        if path.is_file():
            left += found(path.read_bytes(), str(path))
    return left


def done(id: str) -> None:
    until(lambda: not queue.job(id).live)
    assert queue.job(id).state == "finished", queue.job(id).message


def test_what_is_looked_for_is_found(upload: Path) -> None:
    """The search itself, on what is sent."""
    left = " ".join(found(upload.read_bytes(), "the upload"))
    assert [each for each in PLANTED if each not in left and each != "xyzzy-zip"] == []
    assert found("Quentinus".encode("utf-16-le"), "a") and found(gzip.compress(b"QUENTINUS"), "b")


def test_nothing_planted_is_left_anywhere(
    page: Page, served: str, upload: Path, home: Path, scratch: Path
) -> None:
    page.goto(f"{served}/scans")
    page.locator("input[type=file]").set_input_files(upload)
    expect(page.get_by_text("1 scan added")).to_be_visible()
    (scan,) = library_of(WORKSPACE).scans()

    asked = Simulate(scan=scan.id, doses=(0.25,), draws=1)
    done(executor().submit(SIMULATE, asked, WORKSPACE).id)
    (pair,) = library_of(WORKSPACE).pairs()
    config = Config(layers=2, filters=4, patch=16, epochs=1, steps_per_epoch=2,
                    validation_patches=4)  # fmt: skip
    run = train.launch(WORKSPACE, "A run", config, [(WORKSPACE, pair.id)])
    done(run.id)
    source = Source(owner=WORKSPACE, kind="scan", id=scan.id)
    result = denoise.start(WORKSPACE, source, ClassicalFilter(name="gaussian", strength=1.5))
    done(result.record.id)
    addresses = [downloads.of_run(run, "card"), downloads.of_run(run, "network")]
    for name, form in FORMATS.items():
        of = Export(result=result.record.id, format=name, mix=1, index=0, level=40, width=400)
        done(executor().submit(EXPORT, of, WORKSPACE, subject=result.record.id).id)
        addresses.append(downloads.of_result(result, form, export.file(result, of)))

    left = []
    for address in addresses:
        answer = page.request.get(f"{served}{address}", timeout=120_000)
        assert answer.status == 200, (address, answer.text())
        left += found(answer.body(), address) + found(str(answer.headers).encode(), address)
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(
        frame if isinstance(frame, bytes) else frame.encode())))  # fmt: skip
    for name in menu.ICONS:
        page.goto(served if name == "Start" else f"{served}/{name.lower()}")
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        left += found(page.content().encode(), f"the page {name}")
    assert len(received) > 50
    left += found(b"\n".join(received), "what pages are made of")
    left += all_of(home) + all_of(scratch)
    assert left == []
    assert len(list(home.rglob("*"))) > 60 and (home / "engine" / "engine.log").exists()
    assert b"A run" in (home / "runs.sqlite").read_bytes() + b"".join(
        each.read_bytes() for each in home.glob("runs.sqlite-wal")
    )
