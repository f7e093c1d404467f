"""Every page as a browser sees it: it keeps to its security policy, loads nothing from elsewhere,
can be read by everybody (axe-core) and used by the keyboard alone."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from serving import ROOT, server

from ctdenoise.ui import menu
from ctdenoise.ui.visitors import COOKIE, workspace_of

pytestmark = pytest.mark.browser

SECRET = "1" * 32
AXE = ROOT / "tests" / "ui" / "viewer" / "node_modules" / "axe-core" / "axe.min.js"
READY = "[data-testid=stApp][data-test-script-state=notRunning]"
WATCHED = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refused.push(`${event.violatedDirective}: ${event.blockedURI} (${event.sourceFile})`));
"""
STREAMLITS_SEARCH = re.compile("404 .*/_stcore/(health|host-config)$")
"""Streamlit's own script looks for its server in several places."""

STREAMLITS = {
    # rule, selector: why it stays
    ("list", "[data-testid=stSidebarNavItems]"): "Streamlit draws the groups of the narrow menu "
    "as blocks inside its list; screen readers read its links all the same.",
    ("listitem", "[data-testid=stSidebarNavItems] *"): "The links of these groups.",
}
"""What axe-core finds in Streamlit's own elements, which we cannot mend."""

FOUND = """
async (known) => {
  const result = await axe.run(document, { resultTypes: ["violations"] });
  const ours = [];
  for (const { id, impact, nodes } of result.violations) {
    if (impact !== "serious" && impact !== "critical") continue;
    for (const { target, html, failureSummary } of nodes) {
      const element = target.length === 1 ? document.querySelector(target[0]) : null;
      const excused = known.some(([rule, selector]) => rule === id && element?.matches(selector));
      if (!excused) ours.push(`${impact} ${id}: ${html.slice(0, 200)} ${failureSummary}`);
    }
  }
  return ours;
}
"""

FOCUSED = """
() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body) return "";
  at.reached = true;
  return at.getAttribute("data-testid") || at.getAttribute("aria-label") || at.textContent || "?";
}
"""
"""What has the focus, "" for nothing on the page."""

MISSED = """
() => {
  const inside = (root) => [...root.querySelectorAll("*")].flatMap((each) =>
    [each, ...(each.shadowRoot ? inside(each.shadowRoot) : [])]);
  const wanted = "button, a[href], input:not([type=hidden]), select, textarea, summary";
  return inside(document)
    .filter((each) => each.matches(wanted) && each.tabIndex >= 0 && !each.disabled)
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.reached)
    .filter((each) => !each.closest("[role=radiogroup]"))  // arrows go on from the one reached
    .map((each) => each.outerHTML.slice(0, 160));
}
"""
"""The controls that have not had the focus."""


@pytest.fixture(scope="module")
def inhabited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the whole program, in which its visitor has done everything once."""
    environment = {"CTDENOISE_HOME": str(tmp_path_factory.mktemp("home"))}
    made = [sys.executable, str(ROOT / "tests" / "helpers" / "inhabited.py")]
    everything = os.environ | environment
    subprocess.run([*made, str(workspace_of(SECRET))], env=everything, check=True, timeout=300)
    with server(ROOT / "app.py", environment) as running:
        yield running.address
    end = "from ctdenoise.jobs.executor import executor; executor().shutdown()"
    subprocess.run([sys.executable, "-c", end], env=everything, check=True, timeout=60)


@pytest.fixture(scope="module")
def visitor(browser: Browser, inhabited: str) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme="light")
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": COOKIE, "value": SECRET, "url": inhabited}])
    context.add_init_script(WATCHED)
    yield context
    context.close()


def opened(page: Page, inhabited: str, name: str) -> None:
    page.goto(inhabited if name == "Start" else f"{inhabited}/{name.lower()}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_selector(READY)
    page.wait_for_load_state("networkidle")
    page.wait_for_selector(READY)


@pytest.mark.parametrize("name", menu.ICONS)
def test_a_page_is_safe_and_open_to_all(page: Page, inhabited: str, name: str) -> None:
    said: list[tuple[str, str]] = []
    asked: list[str] = []
    page.on("console", lambda told: said.append((told.type, f"{told.text} {told.location['url']}")))
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:")))
    opened(page, inhabited, name)
    assert_reachable(page)
    assert page.evaluate("window.refused") == []
    away = [url for url in asked if not url.startswith((f"{inhabited}/", "data:", "blob:"))]
    assert away == [] and any("/_stcore/stream" in url for url in asked)
    media = {url for url in asked if url.startswith(f"{inhabited}/media/")}
    assert len(media) <= 1, "what Streamlit keeps there is open to all: the page's icon alone"
    told = [text for kind, text in said if kind == "error"]
    assert [text for text in told if not STREAMLITS_SEARCH.search(text)] == []
    assert_readable(page)


@pytest.mark.parametrize("step", ["low-dose", "where-is-noise"])
def test_a_step_of_a_lesson_is_open_to_all(page: Page, inhabited: str, step: str) -> None:
    """A choice with a figure and a click in a picture: before they are answered, by the keyboard
    alone, and after."""
    page.goto(f"{inhabited}/learn?lesson=article&step={step}")
    expect(page.locator(".st-key-next")).to_be_visible()
    page.wait_for_selector(READY)
    assert_reachable(page)
    if step == "where-is-noise":
        page.get_by_test_id("viewer").first.focus()
        page.keyboard.press("ArrowDown")
    else:
        page.get_by_role("radio").first.focus()
        page.keyboard.press("Space")
    answer = page.get_by_role("button", name="Answer", exact=True)
    expect(answer).to_be_enabled()
    answer.press("Enter")
    expect(page.locator(".st-key-reveal")).to_be_visible()
    page.wait_for_selector(READY)
    assert_readable(page)


def assert_reachable(page: Page) -> None:
    """Tab goes through all controls and out of the page again."""
    steps = []
    for _ in range(200):
        page.keyboard.press("Tab")
        steps.append(page.evaluate(FOCUSED))
        if steps[-1] == "":
            break
    assert steps[-1] == "" and len(steps) > 8, steps[-20:]
    assert page.evaluate(MISSED) == []
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == steps[-3]


def assert_readable(page: Page) -> None:
    """Nothing that axe-core calls serious or critical, light and dark, wide and narrow."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run `make .venv/node`")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = {}
    for scheme, width, height in (("light", 1280, 720), ("light", 390, 844),
                                  ("dark", 390, 844), ("dark", 1280, 720)):  # fmt: skip
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": height})
        expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
        page.wait_for_timeout(300)  # colours and widths move to their new places
        found[f"{scheme}, {width} px"] = page.evaluate(FOUND, [list(each) for each in STREAMLITS])
    assert {view: told for view, told in found.items() if told} == {}


def test_the_viewers_tools_work_by_keys(page: Page, inhabited: str) -> None:
    opened(page, inhabited, "Look")
    expect(page.get_by_test_id("viewer-canvas-1")).to_have_attribute("width", "64")
    viewer = page.get_by_test_id("viewer")
    viewer.focus()
    page.keyboard.press("?")
    helped = page.get_by_role("dialog", name="How to use the viewer")
    expect(helped).to_contain_text("in the middle of the picture")
    page.keyboard.press("Escape")
    expect(helped).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("viewer-region-0")).to_have_text(re.compile("±"))
    before = page.get_by_test_id("viewer-region-0").text_content()
    for _ in range(12):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_test_id("viewer-region-0")).not_to_have_text(str(before))
    page.keyboard.press("Delete")
    expect(page.get_by_test_id("viewer-region-0")).to_have_text("")
    page.keyboard.press("l")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("viewer-curves")).to_be_visible()
