"""An upload as it goes wrong: connections break, computers go offline, and no file is lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from phantoms import disc_phantom, write_ct_series
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

pytestmark = pytest.mark.browser
SLICES = 24
PATIENCE_MS = 60_000


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Another person for each test, who has no scan yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    return write_ct_series(tmp_path, disc_phantom(64, slices=SLICES))


def choose(page: Page, dashboard: str, files: list[Path]) -> None:
    page.goto(f"{dashboard}/scans")
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    page.locator("input[type=file]").set_input_files(files)


def scans(page: Page) -> str:
    """What the newest scan is called where one is chosen, with its number of slices."""
    choice = page.get_by_role("combobox", name="Full-dose scan")
    expect(choice).to_be_visible()
    return choice.input_value()


def test_what_is_missing_is_named_and_sent_again_by_one_button(
    page: Page, dashboard: str, series: list[Path]
) -> None:
    lost = {2, 3, 11}
    broken = [True]

    def abort(route: Route) -> None:
        number = int(route.request.url.split("/")[-2])
        if broken[0] and number in lost:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(re.compile(r"/uploads/\w+/\d+/\d+$"), abort)
    choose(page, dashboard, series)
    expect(page.get_by_text(f"{len(lost)} files did not arrive:")).to_be_visible()
    expect(page.get_by_text(f"{SLICES - len(lost)} of {SLICES} files arrived")).to_be_visible()
    for number in lost:
        expect(page.get_by_role("listitem").filter(has_text=series[number].name)).to_be_visible()
    expect(page.get_by_text("scan added")).to_have_count(0)
    broken[0] = False
    page.get_by_role("button", name="Send the missing again").click()
    expect(page.get_by_text("1 scan added")).to_be_visible()
    assert scans(page).endswith(f"({SLICES} slices)")


def test_who_wants_to_goes_on_without_them(page: Page, dashboard: str, series: list[Path]) -> None:
    page.route(re.compile(r"/uploads/\w+/0/\d+$"), lambda route: route.abort("connectionreset"))
    choose(page, dashboard, series)
    expect(page.get_by_text("1 file did not arrive:")).to_be_visible()
    page.get_by_role("button", name="Go on without it").click()
    expect(page.get_by_text("1 scan added")).to_be_visible()


def test_an_upload_goes_on_when_the_connection_is_back(
    page: Page, dashboard: str, series: list[Path]
) -> None:
    asked: list[str] = []

    def pull_the_plug(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 7:
            page.context.set_offline(True)
        route.continue_()

    page.route(re.compile(r"/uploads/\w+/\d+/\d+$"), pull_the_plug)
    choose(page, dashboard, series)
    expect(page.get_by_text("The connection is lost. It goes on by itself")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("1 scan added")).to_be_visible()
    assert scans(page).endswith(f"({SLICES} slices)")


def test_a_large_file_goes_on_inside(page: Page, dashboard: str, tmp_path: Path) -> None:
    """The answers to two pieces are lost, after the server kept what was sent."""
    file = tmp_path / "large.txt"
    file.write_bytes(bytes(range(256)) * (80 << 10))
    begins: list[int] = []

    def lose(route: Route) -> None:
        begins.append(int(route.request.url.split("/")[-1]))
        if len(begins) in (1, 3):
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(re.compile(r"/uploads/\w+/0/\d+$"), lose)
    choose(page, dashboard, [file])
    expect(page.get_by_text(re.compile("large.txt"))).to_be_visible()  # it is no scan, and read
    piece = 8 << 20
    assert begins == [0, 0, piece, piece, 2 * piece]


def test_a_refusal_is_said_in_its_sentence(page: Page, dashboard: str, tmp_path: Path) -> None:
    page.route(
        re.compile(r"/uploads$"),
        lambda route: route.fulfill(status=400, body="The upload is larger than 4096 MB in all."),
    )
    file = tmp_path / "a.txt"
    file.write_bytes(b"x")
    choose(page, dashboard, [file])
    expect(page.get_by_text("The upload is larger than 4096 MB in all.")).to_be_visible()
