"""The whole dashboard below a path, as the proxy of a hospital or a university serves it."""

import io
import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from phantoms import disc_phantom, write_ct_series
from playwright.sync_api import Browser, Page, Response, expect
from screen import choose_page
from serving import ROOT, server

from ctdenoise.ui.visitors import COOKIE, device_of

pytestmark = pytest.mark.browser
PREFIX = "/proxy/ct"
SIZE, SLICES = 96, 4
SWEEP = """
import sys
from ctdenoise.config.config import Config
from ctdenoise.jobs import leases, queue
from ctdenoise.jobs.kinds.train import TRAIN, Train
from ctdenoise.settings import create_privately
from ctdenoise.training.trainer import train
from ctdenoise.workspace.library import library_of
from ctdenoise.workspace.runs import create_run

create_privately()
workspace = sys.argv[1]
for weight in (0, 100):
    loss = {"mse": 100, "texture": weight}
    short = {"epochs": 1, "steps_per_epoch": 2, "validation_patches": 4}
    config = Config(layers=2, filters=4, loss=loss, **short)
    library = library_of("sample")
    pair = library.pairs()[0].id
    run = create_run(workspace, f"Texture {weight}", config, [("sample", pair)], sweep="5eed")
    queue.add(TRAIN, Train(), workspace, id=run.id)
    job = leases.take(run.id, "test")
    ended = train(config, [library.pair(pair)], run.folder)
    leases.end(job, "finished", 1.0, ended.sentence)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def prefixed(home: Path) -> Iterator[str]:
    """The address of the whole program below a path, with an empty home of its own."""
    environment = {"CTDENOISE_HOME": str(home)}
    umask = os.umask(0o022)
    try:
        with server(ROOT / "app.py", environment, prefix=PREFIX) as running:
            yield running.address
    finally:
        os.umask(umask)
    end = "from ctdenoise.jobs.executor import executor; executor().shutdown()"
    subprocess.run(
        [sys.executable, "-c", end], env=os.environ | environment, check=True, timeout=60
    )


def downloaded(page: Page, name: re.Pattern[str]) -> tuple[str, bytes]:
    """What the link of this name gives: the file's name and content."""
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def followed(page: Page) -> Page:
    """The page behind the first "Watch it" of the table, which is drawn on a canvas: it is clicked
    at until it opens, since the table moves while the page above it is drawn."""
    before = len(page.context.pages)
    for _ in range(30):
        page.evaluate("document.querySelector('[data-testid=stDataFrame]')?.scrollIntoView()")
        page.mouse.wheel(0, -200)
        if box := page.get_by_test_id("stDataFrame").bounding_box():
            page.mouse.click(box["x"] + box["width"] - 133, box["y"] + 53)
        page.wait_for_timeout(2000)
        if len(page.context.pages) > before:
            return page.context.pages[before]
    pytest.fail("the table's link opened nothing")


def test_everything_works_below_a_prefix(
    page: Page, browser: Browser, prefixed: str, home: Path, tmp_path: Path
) -> None:
    answers: list[Response] = []
    page.context.on("response", lambda answer: answers.append(answer))

    # The first picture, of the sample.
    page.goto(prefixed)
    canvas = page.get_by_test_id("viewer-canvas-1")
    expect(canvas).to_have_attribute("width", re.compile(r"\d{3}"), timeout=120_000)

    # A scan goes up, is denoised, and comes home.
    files = write_ct_series(tmp_path, disc_phantom(SIZE, slices=SLICES, noise=40))
    choose_page(page, "Denoise")
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_role("combobox", name="Scan")).to_have_value(
        re.compile(rf"\({SLICES} slices\)")
    )
    page.get_by_role("combobox", name="Network or filter").click()
    page.get_by_role("option", name="Filter: Gaussian").click()
    page.get_by_role("button", name="Denoise", exact=True).click()
    expect(page.get_by_text(f"All {SLICES} slices are denoised.")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("viewer-canvas-2")).to_have_attribute("width", str(SIZE))
    page.get_by_role("button", name="Prepare").click()
    name, content = downloaded(page, re.compile("^.*Download"))
    assert re.fullmatch(rf".+-denoised-{SLICES}-strength-1.00\.zip", name)
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == SLICES

    # The address of what came home is nothing for others.
    address = page.get_by_role("link", name=re.compile("Download")).get_attribute("href")
    assert address and address.startswith(f"{PREFIX}/downloads/")
    site = prefixed.removesuffix(PREFIX)
    assert page.context.request.get(site + address).status == 200
    stranger = browser.new_context()
    assert stranger.request.get(site + address).status == 404
    stranger.close()

    # From the table of a sweep to one of its runs.
    (cookie,) = (c for c in page.context.cookies(prefixed) if c["name"] == COOKIE)
    assert cookie["path"] == PREFIX and cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    subprocess.run(
        [sys.executable, "-c", SWEEP, str(device_of(cookie["value"]))],
        env=os.environ | {"CTDENOISE_HOME": str(home)}, check=True, timeout=120,
    )  # fmt: skip
    choose_page(page, "Sweep")
    expect(page.get_by_test_id("viewer-canvas-0")).to_have_attribute("width", re.compile(r"\d{2,}"))
    watch = followed(page)
    expect(watch).to_have_url(re.compile(rf"{re.escape(prefixed)}/watch\?run=\w{{12}}"))
    expect(watch.get_by_test_id("viewer-canvas-1")).to_have_attribute(
        "width", re.compile(r"\d{2,}")
    )
    watch.get_by_text("This run", exact=True).first.click()
    name, content = downloaded(watch, re.compile("Run card"))
    assert name.startswith("Texture ") and name.endswith(".zip") and content[:2] == b"PK"

    # Nothing was asked for outside, nothing failed, and what was kept is for its owner alone.
    # (Streamlit's own script looks for its server in several places.)
    probe = re.compile("/_stcore/(health|host-config)$")
    asked = [a for a in answers if a.url.startswith("http") and not probe.search(a.url)]
    assert any("/pixels/" in answer.url for answer in asked)
    for answer in asked:
        assert answer.url.startswith(prefixed) and answer.status < 400, answer.url
    if os.name != "nt":
        kept = [home, *home.rglob("*")]
        assert len(kept) > 20
        open_to_others = [path for path in kept if stat.S_IMODE(path.lstat().st_mode) & 0o077]
        assert open_to_others == []
