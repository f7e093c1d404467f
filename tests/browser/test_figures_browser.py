"""A figure of the lesson in a real browser: its steps by keyboard and by clock, and its words."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

DEMO = """
from types import SimpleNamespace
import numpy as np
from starlette.routing import Route
from streamlit.starlette import App
from ctdenoise.ui import pictures
from ctdenoise.ui.figures import low_dose

async def serve(request):
    dose, step = request.path_params["dose"], request.path_params["step"]
    draw = np.random.default_rng(0)
    disc = np.hypot(*np.ogrid[-32:32, -32:32]) < 25
    path = 7 * np.sqrt(np.maximum(1 - (np.arange(64) / 32 - 1) ** 2 / 0.6, 0))
    return pictures.answer({
        "full": lambda: np.where(disc, 40, -1000).astype(np.int16),
        "sinogram": lambda: np.tile(path, (180, 1)).astype(np.float32),
        "ray_noise": lambda: draw.normal(0, 0.05, (180, 64)).astype(np.float32),
        "noise": lambda: draw.normal(0, 8 / dose, (64, 64)).round().astype(np.int16),
    }[step]())

if __name__ == "__main__":
    low_dose.pair_of = lambda *_: SimpleNamespace(
        id="0" * 12, name="Disc", unit="HU", spacing=(4.0, 4.0), rows=64, columns=64,
        orientation=(1, 0, 0, 0, 1, 0), simulated=True)
    low_dose.show("me", "0" * 12, 0, key="figure")
else:
    app = App(__file__, routes=[
        Route("/pixels/low-dose-step/{owner}/{pair}/{index}/{dose:float}/{step}", serve)])
"""
"""The figure over pictures whose numbers are known: noise of 8 HU at full dose over the dose."""


@pytest.fixture(scope="module")
def address(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    script = tmp_path_factory.mktemp("figures") / "app.py"
    script.write_text(DEMO, encoding="utf-8")
    return serve(script)


def test_the_steps_go_by_keyboard_and_the_dose_changes_the_noise(page: Page, address: str) -> None:
    page.goto(address)
    figure, sentence = page.get_by_test_id("figure"), page.get_by_test_id("figure-sentence")
    expect(sentence).to_contain_text("measured with the full dose")
    figure.get_by_test_id("figure-step").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(sentence).to_contain_text("32 HU in the body")
    dose = figure.get_by_role("slider", name="Dose")
    dose.focus()
    page.keyboard.press("ArrowRight")
    expect(dose).to_have_attribute("aria-valuetext", "10 %")
    expect(sentence).to_contain_text("HU in the body")
    expect(sentence).not_to_contain_text("32 HU")
    page.keyboard.press("p")  # a slider's own keys are its own; elsewhere p plays
    expect(figure.get_by_role("button", name="Play")).to_be_visible()
    figure.get_by_role("button", name="One step back").press("p")
    expect(figure.get_by_role("button", name="Pause")).to_be_visible()
    expect(figure.get_by_test_id("figure-step")).to_have_value("5")
    expect(figure.get_by_role("button", name="Play")).to_be_visible()  # at its end it stands


def test_where_nothing_may_move_each_step_stands(browser: Browser, address: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    figure = page.get_by_test_id("figure")
    expect(page.get_by_test_id("figure-sentence")).to_contain_text("full dose")
    figure.get_by_test_id("figure-play").click()
    cover = figure.locator(".cover").first  # of the sinogram, which is whole at once
    expect(figure.get_by_test_id("figure-step")).to_have_value("1")
    assert cover.evaluate("each => each.style.top") == "100%"
    context.close()
