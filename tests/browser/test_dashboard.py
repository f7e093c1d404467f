"""The whole job as a person does it: bring a pair, train, watch, compare, measure."""

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from phantoms import disc_phantom, write_ct_series
from playwright.sync_api import Browser, Page, expect
from screen import at, canvas, choose_page, drag

pytestmark = pytest.mark.browser
SIZE, SLICES, NOISE = 96, 6, 40.0


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of a full-dose and a low-dose series of one patient, and a file that is no scan."""
    folder = tmp_path_factory.mktemp("upload")
    full = disc_phantom(SIZE, slices=SLICES, noise=5)
    noisy = disc_phantom(SIZE, slices=SLICES, noise=NOISE, seed=1)
    write_ct_series(folder / "full", full, series="1.2.3.1", SeriesDescription="Full Dose Images")
    write_ct_series(folder / "low", noisy, series="1.2.3.2", SeriesDescription="Low Dose Images")
    whole = folder / "scans.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for file in [*(folder / "full").iterdir(), *(folder / "low").iterdir()]:
            archive.write(file, f"{file.parent.name}/{file.stem}")  # without extension
        archive.writestr("notes.txt", "not a scan")
    return whole


def go(page: Page, name: str, title: str) -> None:
    choose_page(page, name)
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_from_a_scan_to_a_judged_network(page: Page, dashboard: str, upload: Path) -> None:
    page.goto(dashboard)
    expect(
        page.get_by_role("heading", name="What does a network see in the noise?")
    ).to_be_visible()

    # Bring the scans: the program recognises which is which and names the file it left out.
    go(page, "Scans", "Which scans shall we use?")
    page.locator("input[type=file]").set_input_files(upload)
    expect(page.get_by_text("2 scans added")).to_be_visible()
    expect(page.get_by_text(re.compile("notes.txt"))).to_be_visible()
    expect(page.get_by_text(f"{SLICES} slices matched by position")).to_be_visible()
    page.get_by_role("button", name="Keep this pair").click()
    expect(page.get_by_role("paragraph").filter(has_text=f"({SLICES} slices").first).to_be_visible()

    # Train a small network on it.
    go(page, "Train", "Which network shall learn?")
    for label, value in (("Layers", 3), ("Filters", 8), ("Epochs", 4)):
        slider = page.get_by_role("slider", name=label)
        away = value - int(slider.input_value())
        for _ in range(abs(away)):
            slider.press("ArrowRight" if away > 0 else "ArrowLeft")
        expect(slider).to_have_value(str(value))
    expect(page.get_by_alt_text(re.compile("^3 convolutions"))).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()

    # Watch the picture change; a reload loses nothing.
    expect(page).to_have_url(re.compile(r"/watch\?run="))
    expect(page.get_by_text("Finished after 4 epochs.")).to_be_visible(timeout=120_000)
    page.reload()
    frame = page.get_by_test_id("viewer-frame")
    expect(frame).to_have_value("4")
    expect(page.get_by_test_id("viewer-canvas-1")).not_to_have_attribute("width", "1")
    figures = page.get_by_test_id("viewer-figures")
    expect(figures).to_contain_text("below the low dose")
    trained = canvas(page, 1)
    for _ in range(4):
        frame.press("ArrowLeft")
    # Picture, figures and the marks in the curves belong to one epoch.
    expect(page.get_by_test_id("viewer-frame-label")).to_have_text("Before training")
    expect(page.get_by_test_id("viewer-readout-label")).to_have_text("Before training")
    expect(figures).to_contain_text("as the low dose")
    for mark in page.get_by_test_id("viewer-mark").all():
        expect(mark).to_have_attribute("data-at", "0")
    page.wait_for_timeout(500)
    untrained, low = canvas(page, 1), canvas(page, 0)
    assert np.abs(untrained - low).max() <= 1  # a residual network starts as the picture itself
    assert np.abs(trained - untrained).mean() > 1
    page.get_by_test_id("viewer-newest").click()
    expect(frame).to_have_value("4")
    expect(page.get_by_test_id("viewer-mark").first).to_have_attribute("data-at", "4")

    # Compare: figures, a window that moves in the browser, a line whose profile is charted.
    go(page, "Compare", "Which picture would you rather read?")
    expect(page.get_by_test_id("viewer-canvas-3")).to_have_attribute("width", str(SIZE))
    page.wait_for_timeout(1000)
    before = canvas(page, 0)
    middle = at(page, 0, SIZE / 2, SIZE / 2)
    drag(page, middle, (middle[0], middle[1] - 60))
    page.wait_for_timeout(300)
    assert np.abs(canvas(page, 0) - before).mean() > 1
    page.get_by_test_id("viewer-tool-line").click()
    drag(page, at(page, 0, SIZE / 2, 10), at(page, 0, SIZE / 2, SIZE - 10))
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    chart = page.get_by_test_id("stPlotlyChart")
    expect(chart.get_by_text("Distance along the line (mm)")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the profile (CSV)").click()
    header, *lines = Path(download.value.path()).read_text().splitlines()
    assert header.startswith("Distance along the line (mm),Low dose,Gaussian 1.4 px,")
    assert header.endswith(",Full dose")
    assert len(lines) == 2 * (SIZE - 20) + 1  # two samples a pixel, both ends included
    page.get_by_test_id("viewer-tool-region").click()
    drag(page, at(page, 0, 44, 28), at(page, 0, 54, 38))
    sd = page.get_by_test_id("viewer-region-0")
    expect(sd).to_contain_text("±")
    number = float(sd.inner_text().split("±")[1].split()[0])
    assert number == pytest.approx(NOISE, rel=0.3)


def test_a_link_to_a_page_opens_that_page_inside_the_app(page: Page, dashboard: str) -> None:
    page.goto(f"{dashboard}/train?preset=article&set=layers=4")
    expect(page.get_by_role("heading", name="Which network shall learn?")).to_be_visible()
    expect(page.get_by_role("link", name="Compare", exact=True).first).to_be_visible()
    expect(page.get_by_role("slider", name="Layers")).to_have_value("4")


def test_back_leads_to_the_page_before_and_finds_the_form_as_it_was(
    page: Page, dashboard: str
) -> None:
    heading, filters = "Which network shall learn?", page.get_by_role("slider", name="Filters")

    def same() -> None:
        expect(filters).to_have_value("62")
        expect(page.get_by_text("The published recipe, step by step")).to_be_visible()
        expect(page).to_have_url(re.compile("preset=article.*set=filters%3D62"))

    page.goto(f"{dashboard}/map")
    go(page, "Train", heading)
    page.get_by_text("As in the article", exact=True).first.click()
    expect(page).to_have_url(re.compile("preset=article"))
    filters.press("ArrowLeft")
    filters.press("ArrowLeft")
    same()
    page.reload()
    same()
    go(page, "Watch", "Is it learning?")
    page.go_back()
    same()
    page.go_back()
    expect(page).to_have_url(re.compile("/map"))
    page.go_forward()
    same()


def test_another_browser_has_a_workspace_of_its_own(browser: Browser, dashboard: str) -> None:
    other = browser.new_context().new_page()
    other.goto(f"{dashboard}/watch")
    expect(other.get_by_text("No network has been trained here yet.")).to_be_visible()
    other.context.close()
