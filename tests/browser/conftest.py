"""A real browser and a real server for the tests of this folder."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from serving import ROOT, launch, server

PATIENCE_MS = 60_000  # a busy machine may take its time, for instance to load Plotly
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")  # Playwright's event loop must not outlive these tests
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            pytest.skip("no Chromium: run `playwright install chromium`")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """One person's browser, whose cookies and cache last for a file of tests."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext) -> Iterator[Page]:
    """A fresh page of 1280 x 720; an error thrown in its JavaScript fails the test."""
    page = visitor.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    page.close()
    assert thrown == []


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """``serve(script, environment)`` starts a server and returns its address."""
    with ExitStack() as running:

        def start(script: Path, environment: dict[str, str] | None = None) -> str:
            return running.enter_context(server(script, environment)).address

        yield start


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the whole program with an empty home of its own."""
    home = {"CTDENOISE_HOME": str(tmp_path_factory.mktemp("home"))}
    with server(ROOT / "app.py", home) as running:
        yield running.address
    end = "from ctdenoise.jobs.executor import executor; executor().shutdown()"
    subprocess.run([sys.executable, "-c", end], env=home, check=True, timeout=60)
