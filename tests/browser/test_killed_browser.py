"""A web server that is killed right after an answer was sent: the next one has it."""

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from serving import ROOT, server

import lessons as written

pytestmark = pytest.mark.browser


def test_an_answer_outlives_the_server_that_took_it(page: Page, tmp_path: Path) -> None:
    written.write(tmp_path)
    home = {"CTDENOISE_HOME": str(tmp_path), "CTDENOISE_ENGINE": "tls://127.0.0.1:1"}
    page.set_default_timeout(60_000)
    told = "Fewer photons make the left one grainy."
    with server(ROOT / "app.py", home) as running:
        page.goto(f"{running.address}/learn?lesson=small")
        page.get_by_role("button", name="Begin at once", exact=True).click()
        page.get_by_text("The right one", exact=True).click()
        page.get_by_role("button", name="Answer", exact=True).click()
        expect(page.get_by_text(told)).to_be_visible()
        os.killpg(running.pid, signal.SIGKILL)
    with server(ROOT / "app.py", home) as running:  # on another port, to which the cookie goes, too
        page.goto(f"{running.address}/learn?lesson=small")
        expect(page.get_by_text(told)).to_be_visible()
        expect(page.get_by_text("The right one").first).to_be_visible()
