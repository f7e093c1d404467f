"""A small lesson in a real browser, walked through as a person does."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from serving import ROOT, server

import lessons as written

pytestmark = pytest.mark.browser
REVEAL = "In the middle, which the rays reach last."


@pytest.fixture(scope="module")
def learn(tmp_path_factory: pytest.TempPathFactory, made_sample: Path) -> Iterator[str]:
    """The address of the small lesson, in a home of its own."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(made_sample, folder / "workspaces", copy_function=os.link)
    written.write(folder)
    home = {"CTDENOISE_HOME": str(folder)}
    with server(ROOT / "app.py", home) as running:
        yield f"{running.address}/learn?lesson=small"
    end = "from ctdenoise.jobs.executor import executor; executor().shutdown()"
    subprocess.run([sys.executable, "-c", end], env=home, check=True, timeout=60)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def drawn(page: Page, pane: int = 0) -> None:
    expect(page.get_by_test_id(f"viewer-canvas-{pane}")).not_to_have_attribute("width", "1")


def test_a_lesson_is_walked_through(page: Page, learn: str) -> None:
    page.goto(learn)
    press(page, "Begin at once")
    drawn(page)
    expect(page.get_by_text("Fewer photons")).to_have_count(0)
    page.get_by_text("The right one", exact=True).click()
    press(page, "Answer")
    expect(page.get_by_text("Fewer photons make the left one grainy.")).to_be_visible()
    page.locator(".st-key-next button").click()
    expect(page.get_by_test_id("viewer-tool-point")).to_have_attribute("aria-pressed", "true")
    answer = page.get_by_role("button", name="Answer", exact=True)
    expect(answer).to_be_disabled()
    drawn(page)
    box = page.get_by_test_id("viewer-pane-0").bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.55 * box["height"])
    expect(answer).to_be_enabled()
    assert REVEAL not in page.content()
    answer.click()
    expect(page.get_by_text(REVEAL)).to_be_visible()
    expect(page.get_by_text("Right: the place that you marked")).to_be_visible()
    expect(page.locator(".viewer ellipse").first).to_be_attached()
    page.reload()  # another session of the same person
    expect(page.get_by_text(REVEAL)).to_be_visible()
    expect(page.locator(".viewer path.point").first).to_be_attached()
    assert "step=where" in page.url
    page.locator(".st-key-next button").click()
    page.locator(".st-key-train-learn button").click()
    drawn(page, 2)  # low dose, network, full dose
    page.get_by_role("link", name="Watch").click()
    expect(page.get_by_text("From the lesson").first).to_be_visible()


def test_the_keyboard_and_a_phone_are_enough(browser: Browser, learn: str) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = phone.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{learn}&step=where")
    drawn(page)
    page.get_by_test_id("viewer").focus()
    for key in ("ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    answer = page.get_by_role("button", name="Answer", exact=True)
    expect(answer).to_be_enabled()
    answer.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(REVEAL)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".st-key-next button").press("Enter")
    slider = page.get_by_role("slider", name="How much noise will be left?")
    slider.press("ArrowLeft")
    page.get_by_role("button", name="Answer", exact=True).press("Enter")
    expect(page.get_by_text("Right: 45 %")).to_be_visible()
    phone.close()
