"""The dashboard in the frame of a learning system: another site, https, and a browser that keeps
the two apart."""

import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect
from serving import ROOT, START_SECONDS, free_port

from ctdenoise.jobs import certificates
from ctdenoise.ui.visitors import COOKIE

pytestmark = pytest.mark.browser
PREFIX = "/ct"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    certificates.create(folder)
    return folder


@pytest.fixture(scope="module")
def lms(keys: Path) -> Iterator[str]:
    """A site that shows what its address names in a frame."""

    class Course(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown = self.path.removeprefix("/?")
            page = f'<h1>Course</h1><iframe src="{shown}" width=1200 height=600></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Course)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(keys / "cert.pem", keys / "key.pem")
    site.socket = secure.wrap_socket(site.socket, server_side=True)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{site.server_port}"
    site.shutdown()


@pytest.fixture(scope="module")
def dashboard(keys: Path, lms: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard by https, below a path, as ``localhost``: another site than 127.0.0.1."""
    port = free_port()
    environment = os.environ | {
        "CTDENOISE_HOME": str(tmp_path_factory.mktemp("home")),
        "CTDENOISE_ENGINE": "tls://127.0.0.1:1",
        "STREAMLIT_SERVER_SSL_CERT_FILE": str(keys / "cert.pem"),
        "STREAMLIT_SERVER_SSL_KEY_FILE": str(keys / "key.pem"),
    }
    address = f"https://localhost:{port}{PREFIX}"
    options = ["--port", str(port), "--url", address, "--embed-in", lms]
    process = subprocess.Popen(
        [sys.executable, "-m", "ctdenoise.cli", "serve", *options],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        unverified = ssl._create_unverified_context()
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert process.poll() is None
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=2, context=unverified)
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:
            each.kill()
        process.wait()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def framed(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def kept(context: BrowserContext) -> list[dict[str, object]]:
    """Our cookies in a browser."""
    return [dict(each) for each in context.cookies() if each["name"] == COOKIE]


def test_a_named_site_shows_it_and_the_browser_keeps_its_workspace_there(
    page: Page, lms: str, dashboard: str
) -> None:
    page.goto(f"{lms}/?{dashboard}/")
    expect(framed(page).get_by_role("heading", level=1)).to_contain_text("What does a network see")
    (cookie,) = kept(page.context)
    assert cookie["sameSite"] == "None" and cookie["secure"] and cookie["httpOnly"]
    assert str(cookie["partitionKey"]).startswith("https://127.0.0.1")
    page.goto(f"{lms}/?{dashboard}/scans")
    expect(framed(page).get_by_role("heading", level=1)).to_be_visible()
    assert kept(page.context) == [cookie]
    page.goto(f"{dashboard}/")  # by itself it is another workspace
    expect(page.get_by_role("heading", level=1)).to_contain_text("What does a network see")
    assert len({each["value"] for each in kept(page.context)}) == 2


def test_another_site_does_not(page: Page, lms: str, dashboard: str) -> None:
    elsewhere = lms.replace("127.0.0.1", "localhost")
    with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        page.goto(f"{elsewhere}/?{dashboard}/")
    expect(page.get_by_role("heading", name="Course")).to_be_visible()
    assert framed(page).get_by_role("heading").count() == 0
